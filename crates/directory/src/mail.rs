//! Mail: what is written to whom.
//!
//! A mail is a template and ids: names are looked up, and the token of a link is made, when it is rendered.
//! `mailing` asks for mails, and sends them.

use contract::facts::MailTemplate;
use contract::mail::MailRequest;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::fields::Email;
use crate::language::Language;

/// What is written: a variant a kind of mail, with the ids that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "template", content = "parameters", rename_all = "snake_case")]
pub(crate) enum Template {
    /// To an organization's contact address: a link that confirms it.
    ConfirmContact {
        /// The confirmation.
        confirmation: Uuid,
    },
    /// To a person: a link by which they choose another password.
    ResetPassword {
        /// The reset.
        reset: Uuid,
    },
    /// To a person: their password is another one.
    PasswordChanged {
        /// The person.
        person: Uuid,
    },
    /// To whoever is invited: a link by which they become a member of an organization.
    InviteMember {
        /// The invitation.
        invitation: Uuid,
    },
    /// To whoever is invited: a link by which they get a role on an account.
    InviteToAccount {
        /// The invitation.
        invitation: Uuid,
    },
    /// To an operator: an organization asks for a domain.
    DomainRequested {
        /// The request.
        request: Uuid,
    },
    /// To who asked for a domain: what an operator answered.
    DomainAnswered {
        /// The request.
        request: Uuid,
    },
    /// What another service asked for; stored under the request's own name.
    #[serde(untagged)]
    Requested(MailRequest),
}

/// What the link in a mail is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkPurpose {
    /// Confirming an organization's contact address.
    ConfirmContact,
    /// Choosing another password.
    ResetPassword,
    /// Becoming a member of an organization.
    InviteMember,
    /// Getting a role on an account.
    InviteToAccount,
}

/// A mail to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    /// What is written.
    pub(crate) template: Template,
    /// To whom.
    pub(crate) recipient: Email,
    /// In which language.
    pub(crate) language: Language,
}

impl Template {
    /// What events call it.
    pub(crate) const fn kind(self) -> MailTemplate {
        match self {
            Self::ConfirmContact { .. } => MailTemplate::ConfirmContact,
            Self::ResetPassword { .. } => MailTemplate::ResetPassword,
            Self::PasswordChanged { .. } => MailTemplate::PasswordChanged,
            Self::InviteMember { .. } => MailTemplate::InviteMember,
            Self::InviteToAccount { .. } => MailTemplate::InviteToAccount,
            Self::DomainRequested { .. } => MailTemplate::DomainRequested,
            Self::DomainAnswered { .. } => MailTemplate::DomainAnswered,
            Self::Requested(MailRequest::ConsentExpiring { .. }) => MailTemplate::ConsentExpiring,
            Self::Requested(MailRequest::KeyExpiring { .. }) => MailTemplate::KeyExpiring,
            Self::Requested(MailRequest::KeyLeaked { .. }) => MailTemplate::KeyLeaked,
            Self::Requested(MailRequest::ConsentPassedOn { .. }) => MailTemplate::ConsentPassedOn,
        }
    }

    /// What its link is for, and the one thing that the link uses up; none for mails without a link.
    pub(crate) const fn link(self) -> Option<(LinkPurpose, Uuid)> {
        match self {
            Self::ConfirmContact { confirmation } => {
                Some((LinkPurpose::ConfirmContact, confirmation))
            }
            Self::ResetPassword { reset } => Some((LinkPurpose::ResetPassword, reset)),
            Self::InviteMember { invitation } => Some((LinkPurpose::InviteMember, invitation)),
            Self::InviteToAccount { invitation } => {
                Some((LinkPurpose::InviteToAccount, invitation))
            }
            Self::PasswordChanged { .. }
            | Self::DomainRequested { .. }
            | Self::DomainAnswered { .. }
            | Self::Requested(_) => None,
        }
    }
}

impl LinkPurpose {
    /// The page that the link leads to.
    pub(crate) const fn page(self) -> &'static str {
        match self {
            Self::ConfirmContact => "/confirm-contact",
            Self::ResetPassword => "/reset-password",
            Self::InviteMember | Self::InviteToAccount => "/accept-invitation",
        }
    }

    /// The name under which it is stored.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ConfirmContact => "confirm_contact",
            Self::ResetPassword => "reset_password",
            Self::InviteMember => "invite_member",
            Self::InviteToAccount => "invite_to_account",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_stored_as_any_template() {
        let request = MailRequest::KeyLeaked {
            key_id: contract::KeyId::from_uuid(Uuid::nil()),
            app_id: contract::AppId::from_uuid(Uuid::nil()),
        };
        let template = Template::Requested(request);
        let stored = serde_json::to_value(template).unwrap();
        assert_eq!(stored["template"], "key_leaked");
        assert!(stored["parameters"]["key_id"].is_string());
        assert_eq!(serde_json::from_value::<Template>(stored).unwrap(), template);
        let own = Template::ResetPassword { reset: Uuid::nil() };
        let stored = serde_json::to_value(own).unwrap();
        assert_eq!(serde_json::from_value::<Template>(stored).unwrap(), own);
    }
}
