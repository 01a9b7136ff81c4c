//! Settings that every service shares. Loading them (file, environment, flags) is the binary's work.
//!
//! Secrets are [`SecretString`]s: they read as plain text and never print.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize, Serializer};

pub use crate::network::Network;

/// What a secret looks like when settings are printed.
pub(crate) const MASK: &str = "********";

/// A secret from the settings: a password, or an address that carries one.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SecretString(String);

impl SecretString {
    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it was left out.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for SecretString {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for SecretString {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for SecretString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "\"\"" } else { MASK })
    }
}

impl Serialize for SecretString {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.is_empty() { "" } else { MASK })
    }
}

/// How a service reaches PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSettings {
    /// `postgres://user:password@host:port/database`. When its user is not the service's own role
    /// (`mandate_<schema>`), the user must be a member of that role: connections switch to it.
    pub url: SecretString,
    /// At most so many connections at a time, per service and replica.
    pub max_connections: u32,
    /// How long a request waits for a free connection.
    pub acquire_timeout_seconds: u64,
    /// PostgreSQL ends a statement that runs longer.
    pub statement_timeout_seconds: u64,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self {
            url: SecretString::default(),
            max_connections: 16,
            acquire_timeout_seconds: 5,
            statement_timeout_seconds: 30,
        }
    }
}

/// How a service reaches NATS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NatsSettings {
    /// `nats://user:password@host:port`, several separated by commas.
    pub url: SecretString,
    /// A file with a user's JWT and seed, in place of user and password in the address.
    pub credentials_file: Option<PathBuf>,
    /// Whether every service has a NATS account to itself, which imports what it may do and nothing else.
    /// Then services make neither streams nor consumers.
    pub separate_accounts: bool,
    /// With separate accounts: the login that makes streams and consumers. The notifier holds it, and
    /// migrations may use it.
    pub admin_url: SecretString,
    /// A file with its JWT and seed, likewise.
    pub admin_credentials_file: Option<PathBuf>,
    /// How long a question to another service may take.
    pub request_timeout_seconds: u64,
    /// How many questions of others a service answers at a time; more wait.
    pub max_concurrent_requests: usize,
}

impl Default for NatsSettings {
    fn default() -> Self {
        Self {
            url: SecretString::default(),
            credentials_file: None,
            separate_accounts: false,
            admin_url: SecretString::default(),
            admin_credentials_file: None,
            request_timeout_seconds: 5,
            max_concurrent_requests: 256,
        }
    }
}

/// The HTTP side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSettings {
    /// A request's body may have so many bytes, unless its route says otherwise.
    pub max_body_bytes: usize,
    /// A request's line and header may have so many bytes; at least 8192. More: 431 (or 414).
    pub max_header_bytes: usize,
    /// A request may have so many header fields. More: 431.
    pub max_header_fields: usize,
    /// A request that takes longer is answered 503.
    pub request_timeout_seconds: u64,
    /// More requests at a time than this are answered 503 at once.
    pub max_concurrent_requests: usize,
    /// From these networks (`10.0.0.0/8`, `::1`), `X-Forwarded-For` is believed; from no other.
    pub trusted_proxies: Vec<Network>,
    /// A connection on which no whole request header arrives for so long is closed: slow senders
    /// and idle connections.
    pub header_timeout_seconds: u64,
    /// How long requests in progress may take to end when the server stops.
    pub drain_seconds: u64,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            max_body_bytes: 1024 * 1024,
            max_header_bytes: 64 * 1024,
            max_header_fields: 100,
            request_timeout_seconds: 30,
            max_concurrent_requests: 2048,
            trusted_proxies: Vec::new(),
            header_timeout_seconds: 60,
            drain_seconds: 10,
        }
    }
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// For people or for machines.
    pub format: LogFormat,
    /// What is logged, in the language of tracing-subscriber: `info`, `info,sqlx=debug`.
    pub filter: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Human, filter: "info,async_nats=warn,sqlx=warn".to_owned() }
    }
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Coloured text on a terminal.
    Human,
    /// One JSON object a line.
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_reads_as_text_and_prints_masked() {
        let settings: DatabaseSettings =
            serde_json::from_str(r#"{"url": "postgres://u:hunter2@h/d"}"#).unwrap();
        assert_eq!(settings.url.reveal(), "postgres://u:hunter2@h/d");
        let printed = format!("{settings:?}{}", serde_json::to_string(&settings).unwrap());
        assert!(!printed.contains("hunter2"));
        assert!(printed.contains(MASK));
    }

    #[test]
    fn unknown_settings_are_refused() {
        let error = serde_json::from_str::<HttpSettings>(r#"{"max_body_byte": 1}"#).unwrap_err();
        assert!(error.to_string().contains("max_body_byte"));
    }
}
