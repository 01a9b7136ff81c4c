//! What a mail tells, looked up when it is rendered.

use chrono::{DateTime, Utc};

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
}
