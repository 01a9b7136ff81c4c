//! How mail is sent.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::language::Language;

const LONGEST_CLOSING: usize = 500;

/// The settings under `directory.mail`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailSettings {
    /// The mail server: `smtps://host:465` (TLS from the beginning) or `smtp://host:587` (STARTTLS, which the
    /// server must offer; without TLS only to this machine). Empty: no mail is sent.
    pub smtp: String,
    /// The user at the mail server. Empty: none is named.
    pub user: String,
    /// A file with the user's password.
    pub password_file: Option<PathBuf>,
    /// A file with certificates (PEM) that are trusted beside the machine's.
    pub ca_file: Option<PathBuf>,
    /// Whom mail comes from: `name@example.com` or `Name <name@example.com>`.
    pub from: String,
    /// What each mail ends with, by language (`en`, `fr`): who you are, whom to ask. A line is a paragraph; at most 500
    /// characters.
    pub closing: BTreeMap<String, String>,
    /// How many mails are sent at a time, per process. Each holds a connection to PostgreSQL meanwhile.
    pub concurrency: u16,
    /// How long one try may take, in seconds.
    pub timeout_seconds: u64,
    /// For how many hours a mail is tried.
    pub abandon_after_hours: u16,
    /// After so many days, mails that were sent or abandoned are forgotten.
    pub keep_days: u16,
    /// How many rendered mails are kept in memory, and shown to operators, in place of being sent: what
    /// `mandate up` does without a mail server. Not to be set: links in mails are secrets.
    #[serde(skip)]
    pub kept_in_memory: usize,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            smtp: String::new(),
            user: String::new(),
            password_file: None,
            ca_file: None,
            from: String::new(),
            closing: BTreeMap::new(),
            concurrency: 2,
            timeout_seconds: 30,
            abandon_after_hours: 24,
            keep_days: 30,
            kept_in_memory: 0,
        }
    }
}

impl MailSettings {
    /// What is senseless, if anything. What concerns the mail server is checked where it is read.
    pub(crate) fn refusal(&self) -> Option<&'static str> {
        if self.concurrency == 0 {
            Some("mail.concurrency is at least 1")
        } else if !(1..=30).contains(&self.timeout_seconds) {
            Some("mail.timeout_seconds is between 1 and 30")
        } else if self.abandon_after_hours == 0 {
            Some("mail.abandon_after_hours is at least 1")
        } else if self.closing.keys().any(|language| Language::parse(language).is_none()) {
            Some("mail.closing has the languages en and fr")
        } else if self.closing.values().any(|words| words.chars().count() > LONGEST_CLOSING) {
            Some("mail.closing has at most 500 characters in each language")
        } else if self.keep_days == 0 {
            Some("mail.keep_days is at least 1")
        } else if self.smtp.is_empty() && !(self.user.is_empty() && self.password_file.is_none()) {
            Some("mail.user and mail.password_file are for the server that mail.smtp names")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_senseless_is_refused() {
        assert_eq!(MailSettings::default().refusal(), None);
        let default = MailSettings::default;
        for senseless in [
            MailSettings { concurrency: 0, ..default() },
            MailSettings { timeout_seconds: 0, ..default() },
            MailSettings { timeout_seconds: 31, ..default() },
            MailSettings { abandon_after_hours: 0, ..default() },
            MailSettings { keep_days: 0, ..default() },
            MailSettings { closing: [("fr".into(), "x".repeat(501))].into(), ..default() },
            MailSettings { closing: [("xx".into(), "x".into())].into(), ..default() },
            MailSettings { user: "mandate".into(), ..default() },
        ] {
            assert!(senseless.refusal().is_some(), "{senseless:?}");
        }
    }
}
