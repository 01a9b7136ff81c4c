//! Accepting an invitation: it ends, and whoever accepted it is a member, or holds the role.

use contract::facts::Invited;
use contract::{InvitationId, PersonId, Provenance};
use eventstore::{AppendError, Unit};

use crate::account_role::HeldRole;
use crate::invitation::{Ended, Invitation};
use crate::membership::Membership;
use crate::{Directory, store};

/// Why an invitation is not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AcceptError {
    /// It has ended.
    #[error("{0}")]
    Ended(Ended),
    /// They are a member already: the invitation is left for somebody else.
    #[error("they are a member already")]
    AlreadyMember,
    /// They hold a role on the account already, likewise.
    #[error("they hold a role on the account already")]
    RoleHeld,
    /// What they are invited to is no more, or the invitation is not.
    #[error("there is no such invitation")]
    Unknown,
    /// The database refused.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl From<sqlx::Error> for AcceptError {
    fn from(error: sqlx::Error) -> Self {
        Self::Append(error.into())
    }
}

/// Locks an invitation and what it is to, as a part of the unit, and gives it if it can be accepted: whoever comes
/// at the same time waits, and finds it accepted.
pub(crate) async fn lock(
    directory: &Directory,
    unit: &mut Unit<'_>,
    id: InvitationId,
    invited: Invited,
) -> Result<Invitation, AcceptError> {
    let conn = unit.connection().await?;
    // What it is to comes first: so do all who lock both.
    let is_there = match invited {
        Invited::Organization { organization_id, .. } => {
            store::organizations::lock(conn, organization_id).await?.is_some()
        }
        Invited::Account { account_id, .. } => store::accounts::lock(conn, account_id).await?,
    };
    let found = store::invitations::lock(conn, id).await?.filter(|_| is_there);
    let invitation = found.ok_or(AcceptError::Unknown)?;
    invitation.usable(directory.resources.env.now()).map_err(AcceptError::Ended)?;
    Ok(invitation)
}

/// Accepts an invitation that was locked before, by this person, as a part of the unit. `provenance` is that of the
/// events, which belong to the organization if it is to one.
pub(crate) async fn accept(
    directory: &Directory,
    unit: &mut Unit<'_>,
    provenance: &Provenance,
    invitation: &Invitation,
    by: PersonId,
) -> Result<(), AcceptError> {
    let env = &directory.resources.env;
    let now = env.now();
    let (accepted, fact) = invitation.accept(by, now).map_err(AcceptError::Ended)?;
    let conn = unit.connection().await?;
    store::invitations::save(conn, &accepted).await?;
    match invitation.invited {
        Invited::Organization { organization_id, role } => {
            if store::memberships::find(conn, organization_id, by).await?.is_some() {
                return Err(AcceptError::AlreadyMember);
            }
            let (membership, granted) =
                Membership::grant(env.new_id(), organization_id, by, role, now);
            store::memberships::insert(conn, &membership).await?;
            unit.record_as(provenance, accepted.id.uuid(), accepted.version, &fact)?;
            unit.record_as(provenance, membership.id.uuid(), membership.version, &granted)?;
        }
        Invited::Account { account_id, role } => {
            if store::account_roles::find(conn, account_id, by).await?.is_some() {
                return Err(AcceptError::RoleHeld);
            }
            let (held, granted) = HeldRole::grant(env.new_id(), account_id, by, role);
            if !store::account_roles::insert(conn, &held, now).await? {
                return Err(AcceptError::RoleHeld);
            }
            unit.record_as(provenance, accepted.id.uuid(), accepted.version, &fact)?;
            unit.record_as(provenance, held.id.uuid(), held.version, &granted)?;
        }
    }
    Ok(())
}
