//! POST /v1/invitations/{id}/send-again

use std::sync::Arc;

use axum::extract::State;
use contract::{InvitationId, PersonId};
use service::http::{Json, Path};
use service::{Attempt, Problem};

use super::{InvitationAnswer, permit};
use crate::policy::OrganizationAction;
use crate::{Directory, invite, store};

/// Send an invitation again
///
/// Its time begins anew. The links that were sent before stay good: an invitation is accepted once, by whichever of
/// them. It is sent 5 times at most, unless the installation says otherwise.
#[utoipa::path(
    post,
    path = "/v1/invitations/{id}/send-again",
    operation_id = "sendInvitationAgain",
    tag = "invitations",
    params(("id" = InvitationId, Path, description = "The invitation.")),
    responses(
        (status = 200, description = "Sent.", body = InvitationAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller may not know of it.", body = Problem),
        (status = 409, description = "It was accepted, or sent too often.", body = Problem),
        (status = 410, description = "It was revoked, or has expired.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["invitation.sent-again"])),
        ("x-mandate-follows" = json!(["mail.sent"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "account:admin", "operator"])),
    ),
)]
pub(in crate::http) async fn send_again(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<InvitationId>,
) -> Result<Json<InvitationAnswer>, Problem> {
    let operation = ("invitation.send-again", OrganizationAction::ManageMembers);
    let (permit, invitation) = permit(&directory, &attempt, id, operation).await?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    // Of whom the sendings are counted.
    let inviter = store::people::lock(conn, invitation.invited_by).await?;
    inviter.ok_or_else(Problem::no_such::<PersonId>)?;
    let found = store::invitations::lock(conn, id).await?;
    let invitation = found.ok_or_else(Problem::no_such::<InvitationId>)?;
    let bounded = !attempt.caller.operator;
    let invitation = invite::send_again(&directory, &mut unit, &invitation, bounded).await?;
    unit.commit().await?;
    Ok(Json(InvitationAnswer::of(invitation, directory.resources.env.now())))
}
