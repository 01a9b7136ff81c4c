//! DELETE /v1/invitations/{id}

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use contract::InvitationId;
use service::http::Path;
use service::{Attempt, Problem};

use super::permit;
use crate::policy::OrganizationAction;
use crate::{Directory, store};

/// Revoke an invitation
///
/// Nobody can accept it from then on. Revoking a revoked one changes nothing and leaves no event.
#[utoipa::path(
    delete,
    path = "/v1/invitations/{id}",
    operation_id = "revokeInvitation",
    tag = "invitations",
    params(("id" = InvitationId, Path, description = "The invitation.")),
    responses(
        (status = 204, description = "It is revoked."),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller may not know of it.", body = Problem),
        (status = 409, description = "It was accepted.", body = Problem),
        (status = 410, description = "It has expired.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["invitation.revoked"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "account:admin", "operator"])),
    ),
)]
pub(in crate::http) async fn revoke(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<InvitationId>,
) -> Result<StatusCode, Problem> {
    let operation = ("invitation.revoke", OrganizationAction::ManageMembers);
    let (permit, _) = permit(&directory, &attempt, id, operation).await?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let found = store::invitations::lock(conn, id).await?;
    let invitation = found.ok_or_else(Problem::no_such::<InvitationId>)?;
    let now = directory.resources.env.now();
    let Some((revoked, fact)) = invitation.revoke(attempt.caller.person_id, now)? else {
        return Ok(StatusCode::NO_CONTENT);
    };
    store::invitations::save(conn, &revoked).await?;
    unit.record(id.uuid(), revoked.version, &fact)?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
