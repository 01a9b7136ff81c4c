//! What happens to mails, and to what the links in them are for.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts;
use crate::ids::{ContactConfirmationId, MailId, OrganizationId, PasswordResetId, PersonId};

facts! {
    MailSent = record "mail"."sent";
    MailAbandoned = record "mail"."abandoned";
    ContactConfirmationRequested = record "contact-confirmation"."requested";
    ContactConfirmationCompleted = record "contact-confirmation"."completed";
    PasswordResetRequested = record "password-reset"."requested";
    PasswordResetCompleted = record "password-reset"."completed";
}

/// What a mail says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailTemplate {
    /// A link that confirms an organization's contact address.
    ConfirmContact,
    /// A link by which a person chooses another password.
    ResetPassword,
    /// A person's password is another one.
    PasswordChanged,
    /// A link by which somebody becomes a member of an organization.
    InviteMember,
    /// A link by which somebody gets a role on an account.
    InviteToAccount,
    /// An organization asks for a domain.
    DomainRequested,
    /// An operator answered who asked for a domain.
    DomainAnswered,
    /// A consent ends soon.
    ConsentExpiring,
    /// A key ends soon.
    KeyExpiring,
    /// A key has ended because its secret leaked.
    KeyLeaked,
    /// Somebody is asked to look at a request for consent.
    ConsentPassedOn,
}

/// The mail server took a mail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MailSent {
    /// The mail.
    pub mail_id: MailId,
    /// What it says.
    pub template: MailTemplate,
    /// How often it was tried, this time included.
    pub attempts: u32,
}

/// A mail is not tried any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MailAbandoned {
    /// The mail.
    pub mail_id: MailId,
    /// What it says.
    pub template: MailTemplate,
    /// How often it was tried.
    pub attempts: u32,
    /// Why.
    pub because: MailAbandonment,
}

/// Why a mail is not tried any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailAbandonment {
    /// The server refused it for good, for example since there is no such mailbox.
    Refused,
    /// It was tried for as long as mails are tried.
    TooOld,
    /// What it was about has ended, so that there is nothing to tell any more.
    Outdated,
}

/// An organization's contact address is to be confirmed by whoever reads its mail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContactConfirmationRequested {
    /// The confirmation.
    pub confirmation_id: ContactConfirmationId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// Until when its link can be used.
    pub expires_at: DateTime<Utc>,
}

/// Whoever reads the mail of an organization's contact address confirmed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContactConfirmationCompleted {
    /// The confirmation.
    pub confirmation_id: ContactConfirmationId,
    /// The organization.
    pub organization_id: OrganizationId,
}

/// Somebody asked for a link by which a person chooses another password.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PasswordResetRequested {
    /// The reset.
    pub reset_id: PasswordResetId,
    /// The person.
    pub person_id: PersonId,
    /// Until when its link can be used.
    pub expires_at: DateTime<Utc>,
}

/// A person chose another password by a mailed link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PasswordResetCompleted {
    /// The reset.
    pub reset_id: PasswordResetId,
    /// The person.
    pub person_id: PersonId,
}
