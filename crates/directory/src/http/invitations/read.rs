//! GET /v1/invitations/{id}

use std::sync::Arc;

use axum::extract::State;
use contract::InvitationId;
use service::http::{Json, Path};
use service::{Attempt, Problem};

use super::{InvitationAnswer, permit};
use crate::Directory;
use crate::policy::OrganizationAction;

/// Read an invitation
///
/// To an organization: for its members. To an account: for who manages the roles on it.
#[utoipa::path(
    get,
    path = "/v1/invitations/{id}",
    operation_id = "getInvitation",
    tag = "invitations",
    params(("id" = InvitationId, Path, description = "The invitation.")),
    responses(
        (status = 200, description = "The invitation.", body = InvitationAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role on the account does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller may not know of it.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "account:admin", "operator"])),
    ),
)]
pub(in crate::http) async fn read(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<InvitationId>,
) -> Result<Json<InvitationAnswer>, Problem> {
    let action = OrganizationAction::Read;
    let (_permit, invitation) =
        permit(&directory, &attempt, id, ("invitation.read", action)).await?;
    Ok(Json(InvitationAnswer::of(invitation, directory.resources.env.now())))
}
