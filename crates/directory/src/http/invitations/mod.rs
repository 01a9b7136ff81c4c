//! `/v1/invitations`, and those of organizations and accounts.

pub(super) mod accept;
pub(super) mod invite_member;
pub(super) mod invite_to_account;
pub(super) mod list_of_account;
pub(super) mod list_of_organization;
pub(super) mod lookup;
pub(super) mod read;
pub(super) mod revoke;
pub(super) mod send_again;

use chrono::{DateTime, Utc};
use contract::facts::Invited;
use contract::secret::MailToken;
use contract::{InvitationId, PersonId};
use serde::{Deserialize, Serialize};
use service::http::PageQuery;
use service::{Attempt, Permit, Problem, Target};
use utoipa::{IntoParams, ToSchema};

use crate::invitation::{Ended, Invitation, State, StateName};
use crate::invite::InviteError;
use crate::language::Language;
use crate::policy::{self, AccountAction, OrganizationAction};
use crate::{Directory, store};

/// An invitation. Its token is in its mail only.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(super) struct InvitationAnswer {
    /// Its id.
    id: InvitationId,
    /// To what.
    #[serde(flatten)]
    invited: Invited,
    /// Whom. Forgotten some time after it has ended: null then.
    #[schema(example = "developer@example.com")]
    email: Option<String>,
    /// In which language they are written to.
    language: Language,
    /// What has become of it.
    state: StateName,
    /// Who invited them.
    invited_by: PersonId,
    /// When.
    created_at: DateTime<Utc>,
    /// When it was sent last.
    sent_at: DateTime<Utc>,
    /// How often it was sent.
    sendings: u32,
    /// From when it cannot be accepted any more.
    expires_at: DateTime<Utc>,
    /// When it was accepted, revoked, or expired.
    ended_at: Option<DateTime<Utc>>,
    /// Who accepted it.
    accepted_by: Option<PersonId>,
}

impl InvitationAnswer {
    /// The invitation as of now.
    fn of(invitation: Invitation, now: DateTime<Utc>) -> Self {
        Self {
            id: invitation.id,
            invited: invitation.invited,
            state: invitation.state_name(now),
            ended_at: invitation.ended_at(now),
            accepted_by: match invitation.state {
                State::Accepted { by, .. } => Some(by),
                _ => None,
            },
            email: invitation.email.map(|email| email.as_str().to_owned()),
            language: invitation.language,
            invited_by: invitation.invited_by,
            created_at: invitation.created_at,
            sent_at: invitation.sent_at,
            sendings: invitation.sendings,
            expires_at: invitation.expires_at,
        }
    }
}

/// Which invitations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct InvitationFilter {
    /// Only those in this state.
    #[param(inline)]
    state: Option<StateName>,
    /// Which page.
    #[serde(flatten)]
    #[param(ignore)]
    page: PageQuery,
}

/// The permit for what is done with an invitation, and the invitation as it was then. The action is what it is to the
/// organization that invites; of an account it needs the management of roles.
async fn permit(
    directory: &Directory,
    attempt: &Attempt,
    id: InvitationId,
    (operation, action): (&'static str, OrganizationAction),
) -> Result<(Permit, Invitation), Problem> {
    let (invitation, account_role) = {
        let mut conn = directory.resources.pool.acquire().await?;
        let found = store::invitations::find(&mut conn, id).await?;
        let invitation = found.ok_or_else(Problem::no_such::<InvitationId>)?;
        let role = match invitation.account() {
            Some(account) => {
                store::account_roles::find(&mut conn, account, attempt.caller.person_id).await?
            }
            None => None,
        };
        (invitation, role.map(|held| held.role))
    };
    let decision = match invitation.organization() {
        Some(organization) => {
            let role = attempt.role_in(organization).await?;
            policy::organization(&attempt.caller, role, action)
        }
        None => policy::account(&attempt.caller, account_role, AccountAction::ManageRoles),
    };
    let target = Target::of(id, invitation.organization());
    let permit = attempt.permit(operation, target, decision).await?;
    Ok((permit, invitation))
}

/// The invitation whose mail had this token: of any that nobody has, the same answer.
async fn by_token(directory: &Directory, token: &str) -> Result<Invitation, Problem> {
    let token = MailToken::parse(token).map_err(|_| Problem::no_such::<InvitationId>())?;
    let mut conn = directory.resources.pool.acquire().await?;
    let found = store::invitations::find_by_token(&mut conn, token.hash()).await?;
    found.ok_or_else(Problem::no_such::<InvitationId>)
}

impl From<Ended> for Problem {
    fn from(ended: Ended) -> Self {
        let detail = ended.to_string();
        match ended {
            Ended::Accepted { .. } => Self::conflict("invitation-already-accepted", detail),
            Ended::Revoked { .. } => Self::gone("invitation-revoked", detail),
            Ended::Expired { .. } => Self::gone("invitation-expired", detail),
        }
    }
}

impl From<InviteError> for Problem {
    fn from(error: InviteError) -> Self {
        let mut detail = format!("{error}.");
        if let Some(first) = detail.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        match error {
            InviteError::AlreadyInvited => Self::conflict("already-invited", detail),
            InviteError::TooManyOpen(_) => Self::conflict("too-many-open-invitations", detail),
            InviteError::TooManySendings { .. } => Self::conflict("too-many-invitations", detail),
            InviteError::SentTooOften(_) => Self::conflict("invitation-sent-too-often", detail),
            InviteError::Ended(ended) => ended.into(),
            InviteError::Append(error) => error.into(),
        }
    }
}
