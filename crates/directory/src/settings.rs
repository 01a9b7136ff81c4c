//! The directory's settings.

use chrono::Duration;
use serde::{Deserialize, Serialize};
use service::master_key::{MasterKey, MasterKeyError};
use service::outgoing::OutgoingSettings;
use service::settings::SecretString;

use crate::invitation_settings::InvitationSettings;
use crate::mailing::settings::MailSettings;
use crate::password::PasswordSettings;
use crate::session::Lifetimes;

/// Uses are written down to the minute: a session that is in use must not be taken for an idle one.
const LEAST_IDLE_MINUTES: u32 = 5;

/// The directory's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long an API token lives at most, in days. One for which nothing else is asked lives so long.
    pub max_api_token_days: u16,
    /// How many API tokens a person can have that have not ended.
    pub max_api_tokens: u32,
    /// How long a session lives without being used, in minutes. Uses are written down to the minute.
    pub session_idle_minutes: u32,
    /// How long a session lives at most, in days.
    pub session_days: u16,
    /// How many sessions a person can have: beyond it, signing in ends the one that was used longest ago.
    pub max_sessions: u32,
    /// How many organizations somebody can have made whose contact address is not confirmed yet. Operators are
    /// not bounded: they confirm them.
    pub max_unconfirmed_organizations: u32,
    /// Where the links in mails lead: the address of the pages, without a slash at its end.
    pub public_base_url: String,
    /// How mail is sent.
    pub mail: MailSettings,
    /// What bounds invitations.
    pub invitations: InvitationSettings,
    /// For how many minutes a link by which somebody chooses another password can be used.
    pub password_reset_minutes: u16,
    /// For how many hours a link that confirms an organization's contact address can be used.
    pub contact_confirmation_hours: u16,
    /// How many links that confirm its contact address an organization can have mailed in an hour.
    pub contact_confirmations_per_hour: u16,
    /// How passwords are hashed.
    pub passwords: PasswordSettings,
    /// Seals the client secrets of organizations' identity providers: base64 of 32 bytes, as
    /// `openssl rand -base64 32` prints them. Without it no provider can be set up; all replicas need the same.
    pub master_key: SecretString,
    /// Where identity providers send people back to, with `code` and `state`: what is registered there as the
    /// redirect URI. Empty: `/sign-in/return` at the installation's base URL.
    pub sign_in_return_url: String,
    /// How long a sign-in at an identity provider can be completed, in minutes.
    pub sign_in_minutes: u32,
    /// Requests to identity providers.
    pub outgoing: OutgoingSettings,
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
            session_idle_minutes: 8 * 60,
            session_days: 30,
            max_sessions: 50,
            max_unconfirmed_organizations: 3,
            public_base_url: String::new(),
            mail: MailSettings::default(),
            invitations: InvitationSettings::default(),
            password_reset_minutes: 30,
            contact_confirmation_hours: 7 * 24,
            contact_confirmations_per_hour: 5,
            passwords: PasswordSettings::default(),
            master_key: SecretString::default(),
            sign_in_return_url: String::new(),
            sign_in_minutes: 10,
            outgoing: OutgoingSettings::default(),
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

    /// How long a sign-in at an identity provider can be completed.
    pub(crate) fn sign_in_lifetime(&self) -> Duration {
        Duration::minutes(self.sign_in_minutes.into())
    }

    /// The key that seals client secrets, if there is one.
    pub(crate) fn master_key(&self) -> Result<Option<MasterKey>, MasterKeyError> {
        match MasterKey::parse(self.master_key.reveal()) {
            Ok(key) => Ok(Some(key)),
            Err(MasterKeyError::Missing) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How long sessions live.
    pub(crate) fn session_lifetimes(&self) -> Lifetimes {
        Lifetimes {
            idle: Duration::minutes(self.session_idle_minutes.into()),
            longest: Duration::days(self.session_days.into()),
        }
    }

    /// What is senseless, if anything.
    pub(crate) fn refusal(&self) -> Option<&'static str> {
        if self.max_api_token_days == 0 {
            Some("max_api_token_days is at least 1")
        } else if self.max_api_tokens == 0 {
            Some("max_api_tokens is at least 1")
        } else if self.session_idle_minutes < LEAST_IDLE_MINUTES {
            Some("session_idle_minutes is at least 5")
        } else if self.session_days == 0 {
            Some("session_days is at least 1")
        } else if self.max_sessions == 0 {
            Some("max_sessions is at least 1")
        } else if self.max_unconfirmed_organizations == 0 {
            Some("max_unconfirmed_organizations is at least 1")
        } else if self.password_reset_minutes == 0 {
            Some("password_reset_minutes is at least 1")
        } else if self.contact_confirmation_hours == 0 {
            Some("contact_confirmation_hours is at least 1")
        } else if self.contact_confirmations_per_hour == 0 {
            Some("contact_confirmations_per_hour is at least 1")
        } else if self.sign_in_minutes == 0 {
            Some("sign_in_minutes is at least 1")
        } else {
            let mailed = self.mail.refusal();
            let mailed = mailed.or_else(|| self.invitations.refusal(self.mail.keep_days));
            mailed.or_else(|| self.outgoing.refusal())
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
            Settings { session_idle_minutes: 4, ..Settings::default() },
            Settings { session_days: 0, ..Settings::default() },
            Settings { max_sessions: 0, ..Settings::default() },
            Settings { max_unconfirmed_organizations: 0, ..Settings::default() },
            Settings { password_reset_minutes: 0, ..Settings::default() },
            Settings { contact_confirmation_hours: 0, ..Settings::default() },
            Settings { contact_confirmations_per_hour: 0, ..Settings::default() },
            Settings { sign_in_minutes: 0, ..Settings::default() },
            Settings {
                outgoing: OutgoingSettings { timeout_seconds: 0, ..OutgoingSettings::default() },
                ..Settings::default()
            },
        ] {
            assert!(senseless.refusal().is_some(), "{senseless:?}");
        }
    }
}
