//! What a mail tells, looked up when it is rendered.

use chrono::{DateTime, Utc};
use contract::ClientId;
use contract::rpc::{AccountRole, MemberRole};

/// What a mail tells: a variant a template.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// An organization has named this address as its contact.
    ConfirmContact {
        /// The organization's name.
        organization: String,
        /// Until when the link can be used.
        until: DateTime<Utc>,
    },
    /// Somebody asked for a link to choose another password.
    ResetPassword {
        /// The person's name.
        name: String,
        /// Until when the link can be used.
        until: DateTime<Utc>,
    },
    /// The password is another one.
    PasswordChanged {
        /// The person's name.
        name: String,
    },
    /// Somebody invites them to an organization.
    InviteMember {
        /// The inviter's name.
        inviter: String,
        /// The organization's name.
        organization: String,
        /// The role that they get.
        role: MemberRole,
        /// Until when the link can be used.
        until: DateTime<Utc>,
    },
    /// Somebody invites them to a role on an account.
    InviteToAccount {
        /// The inviter's name.
        inviter: String,
        /// The account's name.
        account: String,
        /// The role that they get.
        role: AccountRole,
        /// Until when the link can be used.
        until: DateTime<Utc>,
    },
    /// An organization asks for a domain.
    DomainRequested {
        /// The organization's name.
        organization: String,
        /// The domain.
        domain: String,
        /// What it is needed for.
        reason: String,
    },
    /// An operator has answered who asked for a domain.
    DomainAnswered {
        /// The organization's name.
        organization: String,
        /// The domain.
        domain: String,
        /// Whether it is enabled.
        granted: bool,
        /// Why.
        reason: Option<String>,
    },
    /// A consent ends soon.
    ConsentExpiring {
        /// Whose app it is.
        organization: String,
        /// The app's name.
        app: String,
        /// The account's name.
        account: String,
        /// When it ends.
        until: DateTime<Utc>,
    },
    /// A key ends soon.
    KeyExpiring {
        /// The app's name.
        app: String,
        /// The key.
        client_id: ClientId,
        /// When it ends.
        until: DateTime<Utc>,
    },
    /// A key has ended because its secret leaked.
    KeyLeaked {
        /// The app's name.
        app: String,
        /// The key.
        client_id: ClientId,
    },
    /// Somebody asks them to look at a request for consent.
    ConsentPassedOn {
        /// The name of whoever asks them.
        by: String,
        /// Whose app it is.
        organization: String,
        /// The app's name.
        app: String,
    },
}
