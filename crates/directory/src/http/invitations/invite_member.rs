//! POST /v1/organizations/{id}/invitations

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::facts::Invited;
use contract::rpc::MemberRole;
use contract::{OrganizationId, PersonId};
use serde::Deserialize;
use service::http::{Creation, Path};
use service::{Attempt, Problem, Target};
use utoipa::ToSchema;

use super::InvitationAnswer;
use crate::fields::{Email, Invalid};
use crate::invitation::NewInvitation;
use crate::language::Language;
use crate::policy::{self, OrganizationAction};
use crate::{Directory, invite, store};

/// Whom to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct InviteMember {
    /// Where the invitation goes, whoever reads mail there.
    #[schema(example = "developer@example.com", format = "email", max_length = 254)]
    email: String,
    /// The role that they get.
    role: MemberRole,
    /// In which language they are written to; the organization's, if left out.
    #[serde(default)]
    language: Option<Language>,
}

/// Invite somebody to an organization
///
/// They get a mail with a link, and become a member by accepting. The answer is the same whether or not somebody
/// here has this email, and whether or not they are a member. An invitation expires after 7 days; at most 100 of an
/// organization wait at a time, and at most 100 mails with invitations of a person are sent a day, unless the
/// installation says otherwise.
#[utoipa::path(
    post,
    path = "/v1/organizations/{id}/invitations",
    operation_id = "inviteMember",
    tag = "invitations",
    params(
        ("id" = OrganizationId, Path, description = "The organization."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes repetitions of the request harmless."),
    ),
    request_body = InviteMember,
    responses(
        (status = 201, description = "Invited.", body = InvitationAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
        (status = 409, description = "Somebody with this email is invited already, or too many are.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["invitation.created"])),
        ("x-mandate-follows" = json!(["mail.sent"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "operator"])),
    ),
)]
pub(in crate::http) async fn invite_member(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<OrganizationId>,
    Creation { body, idempotency }: Creation<InviteMember>,
) -> Result<Response, Problem> {
    let caller = &attempt.caller;
    let role = attempt.role_in(id).await?;
    let decision = policy::organization(caller, role, OrganizationAction::ManageMembers);
    let permit = attempt.permit("member.invite", Target::organization(id), decision).await?;
    if let Some(answer) = permit.replay(&idempotency).await? {
        return Ok(answer);
    }
    let email = Email::parse("email", &body.email).map_err(Invalid::from)?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    // The person first: so do all who lock both.
    let inviter = store::people::lock(conn, caller.person_id).await?;
    inviter.ok_or_else(Problem::no_such::<PersonId>)?;
    let found = store::organizations::lock(conn, id).await?;
    let organization = found.ok_or_else(Problem::no_such::<OrganizationId>)?;
    let new = NewInvitation {
        invited: Invited::Organization { organization_id: id, role: body.role },
        email,
        language: body.language.unwrap_or(organization.profile.language),
        invited_by: caller.person_id,
    };
    let invitation = invite::invite(&directory, &mut unit, new, !caller.operator).await?;
    let (location, version) = (format!("/v1/invitations/{}", invitation.id), invitation.version);
    let answer = InvitationAnswer::of(invitation, directory.resources.env.now());
    idempotency.created(unit, location, version, &answer).await
}
