//! GET /v1/accounts/{id}/roles

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use contract::AccountId;
use service::http::{Page, PageQuery, Path, Query};
use service::{Attempt, Problem};

use super::{RoleAnswer, permit};
use crate::store::Slice;
use crate::{Directory, store};

/// List the roles on an account
#[utoipa::path(
    get,
    path = "/v1/accounts/{id}/roles",
    operation_id = "listAccountRoles",
    tag = "accounts",
    params(("id" = AccountId, Path, description = "The account."), PageQuery),
    responses(
        (status = 200, description = "A page.", body = Page<RoleAnswer>),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller holds no role on it.", body = Problem),
        (status = 422, description = "A wrong parameter.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator", "account:admin"])),
    ),
)]
pub(in crate::http) async fn list(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<AccountId>,
    Query(query): Query<PageQuery>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let _permit = permit(&directory, &attempt, id, "account-role.list").await?;
    let slice = Slice { after: query.after()?, limit: query.rows() };
    let mut conn = directory.resources.pool.acquire().await?;
    let rows = store::account_roles::list(&mut conn, id, slice).await?;
    let page = Page::of_rows(rows, &query, |holder| holder.held.id)?;
    Ok(page.map(RoleAnswer::from).into_response_for(&uri))
}
