//! The directory's settings.

use chrono::Duration;
use serde::{Deserialize, Serialize};

use crate::password::PasswordSettings;

/// The directory's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long an API token lives at most, in days. One for which nothing else is asked lives so long.
    pub max_api_token_days: u16,
    /// How many API tokens a person can have that have not ended.
    pub max_api_tokens: u32,
    /// How many organizations somebody can have made whose contact address is not confirmed yet. Operators are
    /// not bounded: they confirm them.
    pub max_unconfirmed_organizations: u32,
    /// After how many days an invitation expires that nobody accepts.
    pub invitation_lifetime_days: u16,
    /// How many invitations to one organization, and to one account, can wait to be accepted.
    pub max_open_invitations: u32,
    /// How often one invitation is sent at most.
    pub max_invitation_sendings: u32,
    /// How often the invitations of one person are sent within a day. Operators are not bounded.
    pub max_invitation_mails_per_day: u32,
    /// How many days after the end of an invitation the address is forgotten to which it was sent.
    pub invitation_email_days: u16,
    /// How passwords are hashed.
    pub passwords: PasswordSettings,
    /// The largest file that is imported at a time, in bytes.
    pub import_max_bytes: usize,
    /// The most lines that are imported at a time.
    pub import_max_lines: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_api_token_days: 365,
            max_api_tokens: 1_000,
            max_unconfirmed_organizations: 3,
            invitation_lifetime_days: 7,
            max_open_invitations: 100,
            max_invitation_sendings: 5,
            max_invitation_mails_per_day: 100,
            invitation_email_days: 30,
            passwords: PasswordSettings::default(),
            import_max_bytes: 2 * 1024 * 1024,
            import_max_lines: 10_000,
        }
    }
}

impl Settings {
    /// How long an API token lives at most.
    pub(crate) fn longest_token_life(&self) -> Duration {
        Duration::days(self.max_api_token_days.into())
    }

    /// How long an invitation lives after it was sent.
    pub(crate) fn invitation_lifetime(&self) -> Duration {
        Duration::days(self.invitation_lifetime_days.into())
    }

    /// After how long the address of an invitation that has ended is forgotten.
    pub(crate) fn invitation_email_lifetime(&self) -> Duration {
        Duration::days(self.invitation_email_days.into())
    }

    /// What is senseless, if anything.
    pub(crate) fn refusal(&self) -> Option<&'static str> {
        if self.max_api_token_days == 0 {
            Some("max_api_token_days is at least 1")
        } else if self.max_api_tokens == 0 {
            Some("max_api_tokens is at least 1")
        } else if self.max_unconfirmed_organizations == 0 {
            Some("max_unconfirmed_organizations is at least 1")
        } else if !(1..=30).contains(&self.invitation_lifetime_days) {
            Some("invitation_lifetime_days is from 1 to 30")
        } else if self.max_open_invitations == 0 {
            Some("max_open_invitations is at least 1")
        } else if self.max_invitation_sendings == 0 {
            Some("max_invitation_sendings is at least 1")
        } else if self.max_invitation_mails_per_day == 0 {
            Some("max_invitation_mails_per_day is at least 1")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_that_allows_nothing_is_refused() {
        assert_eq!(Settings::default().refusal(), None);
        for senseless in [
            Settings { max_api_token_days: 0, ..Settings::default() },
            Settings { max_api_tokens: 0, ..Settings::default() },
            Settings { max_unconfirmed_organizations: 0, ..Settings::default() },
            Settings { invitation_lifetime_days: 0, ..Settings::default() },
            Settings { invitation_lifetime_days: 31, ..Settings::default() },
            Settings { max_open_invitations: 0, ..Settings::default() },
            Settings { max_invitation_sendings: 0, ..Settings::default() },
            Settings { max_invitation_mails_per_day: 0, ..Settings::default() },
        ] {
            assert!(senseless.refusal().is_some(), "{senseless:?}");
        }
    }
}
