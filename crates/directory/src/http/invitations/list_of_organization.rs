//! GET /v1/organizations/{id}/invitations

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use contract::OrganizationId;
use service::http::{Page, PageQuery, Path, Query};
use service::{Attempt, Problem, Target};

use super::{InvitationAnswer, InvitationFilter};
use crate::policy::{self, OrganizationAction};
use crate::store::Slice;
use crate::{Directory, store};

/// List an organization's invitations
///
/// In the order in which they were made, those that have ended too.
#[utoipa::path(
    get,
    path = "/v1/organizations/{id}/invitations",
    operation_id = "listInvitations",
    tag = "invitations",
    params(("id" = OrganizationId, Path, description = "The organization."), InvitationFilter, PageQuery),
    responses(
        (status = 200, description = "A page.", body = Page<InvitationAnswer>),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
        (status = 422, description = "A wrong parameter.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "operator"])),
    ),
)]
pub(in crate::http) async fn list_of_organization(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<OrganizationId>,
    Query(InvitationFilter { state, page: query }): Query<InvitationFilter>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let role = attempt.role_in(id).await?;
    let decision = policy::organization(&attempt.caller, role, OrganizationAction::Read);
    let _permit = attempt.permit("organization.read", Target::organization(id), decision).await?;
    let slice = Slice { after: query.after()?, limit: query.rows() };
    let now = directory.resources.env.now();
    let mut conn = directory.resources.pool.acquire().await?;
    let found = store::organizations::find(&mut conn, id).await?;
    found.ok_or_else(Problem::no_such::<OrganizationId>)?;
    let rows = store::invitations::of_organization(&mut conn, id, state, now, slice).await?;
    let page = Page::of_rows(rows, &query, |invitation| invitation.id)?;
    Ok(page.map(|invitation| InvitationAnswer::of(invitation, now)).into_response_for(&uri))
}
