//! GET /v1/accounts/{id}/invitations

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use contract::AccountId;
use service::http::{Page, PageQuery, Path, Query};
use service::{Attempt, Problem};

use super::{InvitationAnswer, InvitationFilter};
use crate::http::account_roles::permit;
use crate::store::Slice;
use crate::{Directory, store};

/// List the invitations to an account
///
/// In the order in which they were made, those that have ended too.
#[utoipa::path(
    get,
    path = "/v1/accounts/{id}/invitations",
    operation_id = "listAccountInvitations",
    tag = "invitations",
    params(("id" = AccountId, Path, description = "The account."), InvitationFilter, PageQuery),
    responses(
        (status = 200, description = "A page.", body = Page<InvitationAnswer>),
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
pub(in crate::http) async fn list_of_account(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<AccountId>,
    Query(InvitationFilter { state, page: query }): Query<InvitationFilter>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let _permit = permit(&directory, &attempt, id, "account-role.list-invitations").await?;
    let slice = Slice { after: query.after()?, limit: query.rows() };
    let now = directory.resources.env.now();
    let mut conn = directory.resources.pool.acquire().await?;
    let rows = store::invitations::of_account(&mut conn, id, state, now, slice).await?;
    let page = Page::of_rows(rows, &query, |invitation| invitation.id)?;
    Ok(page.map(|invitation| InvitationAnswer::of(invitation, now)).into_response_for(&uri))
}
