//! GET /v1/accounts

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use serde::Deserialize;
use service::http::{Page, PageQuery, Query};
use service::{Caller, Problem};

use super::AccountAnswer;
use crate::store::Slice;
use crate::{Directory, store};

/// Which accounts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ListAccounts {
    /// Only those of this service.
    #[serde(default)]
    service: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

/// List accounts
///
/// Those on which the caller holds a role; all, for an operator. In the order of their creation.
#[utoipa::path(
    get,
    path = "/v1/accounts",
    operation_id = "listAccounts",
    tag = "accounts",
    params(("service" = Option<String>, Query, description = "Only those of this service."), PageQuery),
    responses(
        (status = 200, description = "A page.", body = Page<AccountAnswer>),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 422, description = "A wrong parameter.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person", "operator"])),
    ),
)]
pub(in crate::http) async fn list(
    State(directory): State<Arc<Directory>>,
    caller: Caller,
    Query(query): Query<ListAccounts>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let holder = (!caller.operator).then_some(caller.person_id);
    let slice = Slice { after: query.page.after()?, limit: query.page.rows() };
    let mut conn = directory.resources.pool.acquire().await?;
    let rows = store::accounts::list(&mut conn, holder, query.service.as_deref(), slice).await?;
    let page = Page::of_rows(rows, &query.page, |account| account.id)?;
    Ok(page.map(AccountAnswer::from).into_response_for(&uri))
}
