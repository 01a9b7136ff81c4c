//! POST /v1/accounts/{id}/invitations

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::facts::Invited;
use contract::rpc::AccountRole;
use contract::{AccountId, PersonId};
use serde::Deserialize;
use service::Attempt;
use service::Problem;
use service::http::{Creation, Path};
use utoipa::ToSchema;

use super::InvitationAnswer;
use crate::fields::{Email, Invalid};
use crate::http::account_roles::permit;
use crate::invitation::NewInvitation;
use crate::language::Language;
use crate::{Directory, invite, store};

/// Whom to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct InviteToAccount {
    /// Where the invitation goes, whoever reads mail there.
    #[schema(example = "analyst@example.com", format = "email", max_length = 254)]
    email: String,
    /// The role that they get.
    role: AccountRole,
    /// In which language they are written to; the caller's, if left out.
    #[serde(default)]
    language: Option<Language>,
}

/// Invite somebody to a role on an account
///
/// They get a mail with a link, and the role by accepting. The answer is the same whether or not somebody here has
/// this email, and whether or not they hold a role. The limits are those of invitations to organizations.
#[utoipa::path(
    post,
    path = "/v1/accounts/{id}/invitations",
    operation_id = "inviteToAccount",
    tag = "invitations",
    params(
        ("id" = AccountId, Path, description = "The account."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes repetitions of the request harmless."),
    ),
    request_body = InviteToAccount,
    responses(
        (status = 201, description = "Invited.", body = InvitationAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller holds no role on it.", body = Problem),
        (status = 409, description = "Somebody with this email is invited already, or too many are.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["invitation.created"])),
        ("x-mandate-follows" = json!(["mail.sent"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator", "account:admin"])),
    ),
)]
pub(in crate::http) async fn invite_to_account(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<AccountId>,
    Creation { body, idempotency }: Creation<InviteToAccount>,
) -> Result<Response, Problem> {
    let caller = &attempt.caller;
    let permit = permit(&directory, &attempt, id, "account-role.invite").await?;
    if let Some(answer) = permit.replay(&idempotency).await? {
        return Ok(answer);
    }
    let email = Email::parse("email", &body.email).map_err(Invalid::from)?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    // The person first: so do all who lock both.
    let inviter = store::people::lock(conn, caller.person_id).await?;
    let inviter = inviter.ok_or_else(Problem::no_such::<PersonId>)?;
    if !store::accounts::lock(conn, id).await? {
        return Err(Problem::no_such::<AccountId>());
    }
    let new = NewInvitation {
        invited: Invited::Account { account_id: id, role: body.role },
        email,
        language: body.language.unwrap_or(inviter.language),
        invited_by: caller.person_id,
    };
    let invitation = invite::invite(&directory, &mut unit, new, !caller.operator).await?;
    let (location, version) = (format!("/v1/invitations/{}", invitation.id), invitation.version);
    let answer = InvitationAnswer::of(invitation, directory.resources.env.now());
    idempotency.created(unit, location, version, &answer).await
}
