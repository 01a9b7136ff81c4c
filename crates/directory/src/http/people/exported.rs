//! What was written to somebody, and to what they invited or were invited, as they export it.

use chrono::{DateTime, Utc};
use contract::facts::Invited;
use contract::{InvitationId, MailId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::invitation::{Invitation, StateName};
use crate::language::Language;
use crate::store::export::MailToPerson;

/// A mail that went, or is to go, to the person's address. What it said is not kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExportedMail {
    /// Its id, which is in its `Message-ID`.
    id: MailId,
    /// What it is about.
    #[schema(example = "password_changed")]
    template: String,
    /// In which language.
    language: Language,
    /// When it was asked for.
    created_at: DateTime<Utc>,
    /// What has become of it.
    state: ExportedMailState,
    /// When it was sent or given up.
    ended_at: Option<DateTime<Utc>>,
}

/// What has become of a mail.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ExportedMailState {
    /// It is to be sent.
    Waiting,
    /// The mail server took it.
    Sent,
    /// It was given up.
    Abandoned,
}

impl From<MailToPerson> for ExportedMail {
    fn from(mail: MailToPerson) -> Self {
        let (state, ended_at) = match (mail.sent_at, mail.abandoned_at) {
            (Some(at), _) => (ExportedMailState::Sent, Some(at)),
            (None, Some(at)) => (ExportedMailState::Abandoned, Some(at)),
            (None, None) => (ExportedMailState::Waiting, None),
        };
        let MailToPerson { id, template, language, created_at, .. } = mail;
        Self { id, template, language, created_at, state, ended_at }
    }
}

/// An invitation that the person sent, or accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExportedInvitation {
    /// Its id.
    id: InvitationId,
    /// To what.
    #[serde(flatten)]
    invited: Invited,
    /// To which address it went, if the person accepted it, until that is forgotten. Of one that they sent, the
    /// address is somebody else's.
    email: Option<String>,
    /// What has become of it.
    state: StateName,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// How often it was sent.
    sendings: u32,
    /// From when it cannot be accepted any more.
    expires_at: DateTime<Utc>,
    /// When it was accepted, revoked, or expired.
    ended_at: Option<DateTime<Utc>>,
}

impl ExportedInvitation {
    /// One that the person sent, as of now.
    pub(super) fn sent(invitation: &Invitation, now: DateTime<Utc>) -> Self {
        Self {
            id: invitation.id,
            invited: invitation.invited,
            email: None,
            state: invitation.state_name(now),
            created_at: invitation.created_at,
            sendings: invitation.sendings,
            expires_at: invitation.expires_at,
            ended_at: invitation.ended_at(now),
        }
    }

    /// One that the person accepted.
    pub(super) fn accepted(invitation: &Invitation, now: DateTime<Utc>) -> Self {
        let email = invitation.email.as_ref().map(|email| email.as_str().to_owned());
        Self { email, ..Self::sent(invitation, now) }
    }
}
