//! Mails that other services ask the directory for: it alone knows addresses, and writes.
//!
//! A request has ids, numbers and times only: names are looked up when the mail is rendered.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{
    AccountId, AppId, CorrelationId, EventId, GrantId, KeyId, LinkId, OrganizationId, PassOnId,
    PersonId,
};

/// What is to be written: a variant a kind of mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "template", content = "parameters", rename_all = "snake_case")]
pub enum MailRequest {
    /// To whoever granted it: a consent ends soon.
    ConsentExpiring {
        /// The grant.
        grant_id: GrantId,
        /// The app.
        app_id: AppId,
        /// The account.
        account_id: AccountId,
        /// So many days before its end it is told.
        days: u16,
        /// When it ends.
        expires_at: DateTime<Utc>,
    },
    /// To an organization: a key of its app ends soon.
    KeyExpiring {
        /// The key.
        key_id: KeyId,
        /// The app.
        app_id: AppId,
        /// So many days before its end it is told.
        days: u16,
        /// When it ends.
        expires_at: DateTime<Utc>,
    },
    /// To an organization: the secret of a key of its app was found by others, and the key has ended.
    KeyLeaked {
        /// The key.
        key_id: KeyId,
        /// The app.
        app_id: AppId,
    },
    /// To whoever may consent: somebody asks them to look at a request for consent.
    ConsentPassedOn {
        /// The link.
        link_id: LinkId,
        /// Its passing on.
        pass_on_id: PassOnId,
        /// The app that asks.
        app_id: AppId,
        /// Who passed it on.
        by: PersonId,
    },
}

/// To whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum MailRecipient {
    /// To this person, unless they are deactivated.
    Person(PersonId),
    /// To this organization's contact address; as long as that is not confirmed, to its owners.
    Contact(OrganizationId),
}

/// A mail that an event asks for: once for each recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedMail {
    /// The event.
    pub event_id: EventId,
    /// Whose event it is.
    pub organization_id: Option<OrganizationId>,
    /// What the event belongs to.
    pub correlation_id: CorrelationId,
    /// What is to be written.
    pub mail: MailRequest,
    /// To whom.
    pub recipient: MailRecipient,
}
