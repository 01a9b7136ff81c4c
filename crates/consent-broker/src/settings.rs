//! What an installation can set about consent.

use contract::catalogue::ConsentLifetime;
use serde::{Deserialize, Serialize};
use service::StartError;

/// The settings of this service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where people reach the installation: links begin with it. When it is left empty, the binary
    /// puts the address there that it listens on.
    pub public_base_url: String,
    /// How many days a link lives, and the most its maker can ask for.
    pub link_lifetime_days: i64,
    /// How many seconds pass between two looks for links and grants whose time has run out, and for notices that are
    /// due. It only tells how soon the expiry becomes an event: the link itself is refused from the very moment, and
    /// the grant reaches nothing.
    pub expiry_sweep_seconds: u64,
    /// How many days before a consent ends whoever granted it, or renewed it last, is told: each time once, by mail.
    /// None at all: nobody is told.
    pub notice_days: Vec<u16>,
    /// How many links an app may have at a time that can still be used. A few more, if they are made at the
    /// same moment.
    pub max_open_links_per_app: i64,
    /// The most accounts that one approval can name: it is one transaction, with an event for each.
    pub max_accounts_per_approval: u32,
    /// How often a link can be passed on.
    pub max_passings_per_link: u32,
    /// How many minutes pass before a link can be passed on to the same person again: each time is a mail to them.
    pub passing_pause_minutes: u32,
    /// The most grants that one revocation of an app ends. If there are more, the answer says so, and the
    /// same request ends the next.
    pub max_grants_per_revocation: u32,
}

impl Settings {
    /// Checks what a wrong value would break later.
    pub(crate) fn check(&self) -> Result<(), StartError> {
        for (setting, value) in [
            ("consent_broker.max_accounts_per_approval", self.max_accounts_per_approval),
            ("consent_broker.max_grants_per_revocation", self.max_grants_per_revocation),
        ] {
            if !(1..=MOST_AT_A_TIME).contains(&value) {
                let reason = format!("it must be from 1 to {MOST_AT_A_TIME}");
                return Err(StartError::setting(setting, reason));
            }
        }
        // As long as a link lives, if somebody wants it once only.
        if self.passing_pause_minutes > MOST_PAUSE_MINUTES {
            let reason = format!("it must be at most {MOST_PAUSE_MINUTES}, which is a year");
            return Err(StartError::setting("consent_broker.passing_pause_minutes", reason));
        }
        let mut days = self.notice_days.clone();
        days.sort_unstable();
        days.dedup();
        let sensible = days.iter().all(|days| (1..=ConsentLifetime::MOST_DAYS).contains(days));
        if !sensible || days.len() < self.notice_days.len() || days.len() > MOST_NOTICES {
            let reason = format!(
                "at most {MOST_NOTICES} different numbers of days, each from 1 to {}",
                ConsentLifetime::MOST_DAYS
            );
            return Err(StartError::setting("consent_broker.notice_days", reason));
        }
        if self.max_open_links_per_app < 1 {
            let setting = "consent_broker.max_open_links_per_app";
            return Err(StartError::setting(setting, "it must be 1 or more"));
        }
        Ok(())
    }

    /// What the URL of a link begins with: its token follows.
    pub(crate) fn url_prefix(&self) -> String {
        format!("{}/consent/", self.public_base_url.trim_end_matches('/'))
    }

    /// How many bytes the body of an approval may have: an id takes 39.
    pub(crate) const fn max_approval_bytes(&self) -> usize {
        self.max_accounts_per_approval as usize * 64 + 4_096
    }
}

/// Whoever is told more often does not read it any more.
const MOST_NOTICES: usize = 10;

/// More than this in one request would not end within the time that a request may take.
const MOST_AT_A_TIME: u32 = 50_000;

/// Nobody waits longer before they are sent the same link again.
const MOST_PAUSE_MINUTES: u32 = 365 * 24 * 60;

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_base_url: String::new(),
            link_lifetime_days: 30,
            expiry_sweep_seconds: 5,
            notice_days: vec![30, 7, 1],
            max_open_links_per_app: 10_000,
            max_accounts_per_approval: 20_000,
            max_passings_per_link: 20,
            passing_pause_minutes: 60,
            max_grants_per_revocation: 20_000,
        }
    }
}
