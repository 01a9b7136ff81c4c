//! GET /v1/api-tokens

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use service::http::{Page, PageQuery, Query};
use service::{Caller, Problem};

use super::TokenAnswer;
use crate::store::Slice;
use crate::{Directory, store};

/// List my API tokens
///
/// Expired and revoked ones included, in the order of their creation.
#[utoipa::path(
    get,
    path = "/v1/api-tokens",
    operation_id = "listApiTokens",
    tag = "api-tokens",
    params(PageQuery),
    responses(
        (status = 200, description = "A page.", body = Page<TokenAnswer>),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 422, description = "A wrong parameter.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(in crate::http) async fn list(
    State(directory): State<Arc<Directory>>,
    caller: Caller,
    Query(query): Query<PageQuery>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let slice = Slice { after: query.after()?, limit: query.rows() };
    let mut conn = directory.resources.pool.acquire().await?;
    let rows = store::api_tokens::list(&mut conn, caller.person_id, slice).await?;
    let page = Page::of_rows(rows, &query, |token| token.id)?;
    Ok(page.map(TokenAnswer::from).into_response_for(&uri))
}
