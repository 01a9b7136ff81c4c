//! Inviting somebody: the invitation, its event, and the mail with the link.

use chrono::{DateTime, TimeDelta, Utc};
use contract::facts::Invited;
use contract::{EventId, PersonId, Provenance, Service};
use eventstore::{AppendError, Unit};

use crate::fields::Email;
use crate::invitation::{Ended, Invitation, NewInvitation, NotSentAgain};
use crate::mail::{Mail, Template};
use crate::{Directory, mailing, store};

/// How far back sendings count.
const A_DAY: TimeDelta = TimeDelta::days(1);

/// Why nobody was invited, or not again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InviteError {
    /// Somebody of this address is invited already.
    #[error(
        "somebody with this email is invited already: send that invitation again, or revoke it"
    )]
    AlreadyInvited,
    /// Too many invitations wait to be accepted.
    #[error("{0} invitations wait to be accepted, the most that can: revoke some, or wait")]
    TooManyOpen(u32),
    /// The inviter has sent too many today.
    #[error("no more than {most} invitations are sent for one person within a day")]
    TooManySendings {
        /// So many are sent.
        most: u32,
    },
    /// The invitation was sent too often.
    #[error("the invitation was sent {0} times, the most that one is sent")]
    SentTooOften(u32),
    /// The invitation has ended.
    #[error("{0}")]
    Ended(Ended),
    /// The database refused.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl From<sqlx::Error> for InviteError {
    fn from(error: sqlx::Error) -> Self {
        Self::Append(error.into())
    }
}

/// Invites somebody, as a part of the unit. What they are invited to is locked. `bounded` is whether it counts how
/// many the inviter has sent.
///
/// Nobody is looked up by the email: whether it is known, or a member's, neither the answer nor its time tells.
pub(crate) async fn invite(
    directory: &Directory,
    unit: &mut Unit<'_>,
    new: NewInvitation,
    bounded: bool,
) -> Result<Invitation, InviteError> {
    let (env, settings) = (&directory.resources.env, &directory.settings.invitations);
    let now = env.now();
    if bounded {
        let conn = unit.connection().await?;
        check_sendings(conn, new.invited_by, settings.max_mails_per_day, now).await?;
    }
    let conn = unit.connection().await?;
    let before = store::invitations::lock_pending(conn, new.invited, &new.email).await?;
    if let Some(before) = before {
        let Some((expired, fact)) = before.expire(now) else {
            return Err(InviteError::AlreadyInvited);
        };
        store::invitations::save(conn, &expired).await?;
        // As the sweeper would have recorded it a moment later: it is nothing that the caller does.
        let provenance =
            Provenance::system(Service::Directory, expired.organization(), env.new_id());
        unit.record_as(&provenance, expired.id.uuid(), expired.version, &fact)?;
    }
    let conn = unit.connection().await?;
    let most = settings.max_open;
    if store::invitations::count_open(conn, new.invited, now).await? >= most.into() {
        return Err(InviteError::TooManyOpen(most));
    }
    let email = new.email.clone();
    let lifetime = settings.lifetime();
    let (invitation, created) = Invitation::create(env.new_id(), new, lifetime, now);
    if !store::invitations::insert(conn, &invitation).await? {
        return Err(InviteError::AlreadyInvited);
    }
    let event = unit.record(invitation.id.uuid(), invitation.version, &created)?;
    request_mail(directory, unit, event, &invitation, email).await?;
    Ok(invitation)
}

/// Sends an invitation that was locked before once more, as a part of the unit.
pub(crate) async fn send_again(
    directory: &Directory,
    unit: &mut Unit<'_>,
    invitation: &Invitation,
    bounded: bool,
) -> Result<Invitation, InviteError> {
    let settings = &directory.settings.invitations;
    let (now, lifetime) = (directory.resources.env.now(), settings.lifetime());
    let most = settings.max_sendings;
    let again = invitation.send_again(most, lifetime, now).map_err(|refusal| match refusal {
        NotSentAgain::Ended(ended) => InviteError::Ended(ended),
        NotSentAgain::TooOften => InviteError::SentTooOften(most),
    });
    let (again, fact) = again?;
    let conn = unit.connection().await?;
    if bounded {
        let most = settings.max_mails_per_day;
        check_sendings(conn, invitation.invited_by, most, now).await?;
    }
    store::invitations::save(conn, &again).await?;
    let event = unit.record(again.id.uuid(), again.version, &fact)?;
    // One that is pending has its address: the database holds that.
    if let Some(email) = again.email.clone() {
        request_mail(directory, unit, event, &again, email).await?;
    }
    Ok(again)
}

async fn check_sendings(
    conn: &mut sqlx::PgConnection,
    inviter: PersonId,
    most: u32,
    now: DateTime<Utc>,
) -> Result<(), InviteError> {
    let sent = store::invitations::count_sendings(conn, inviter, now - A_DAY).await?;
    if sent >= most.into() { Err(InviteError::TooManySendings { most }) } else { Ok(()) }
}

async fn request_mail(
    directory: &Directory,
    unit: &mut Unit<'_>,
    event: EventId,
    invitation: &Invitation,
    recipient: Email,
) -> Result<(), AppendError> {
    let id = invitation.id.uuid();
    let template = match invitation.invited {
        Invited::Organization { .. } => Template::InviteMember { invitation: id },
        Invited::Account { .. } => Template::InviteToAccount { invitation: id },
    };
    let mail = Mail { template, recipient, language: invitation.language };
    mailing::request(unit, event, &mail, &directory.resources.env).await?;
    Ok(())
}
