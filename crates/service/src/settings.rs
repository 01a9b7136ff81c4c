//! Settings that every service shares. Loading them (file, environment, flags) is the binary's work.
//!
//! Secrets are [`SecretString`]s: they read as plain text and never print.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

pub use crate::cors::AllowedOrigin;
pub use crate::forwarded::ForwardedHeader;
pub use crate::network::Network;
use crate::pace::Pace;
use crate::start::StartError;

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
    /// Where health is told with its reasons, to whoever can connect. Nowhere, if left out.
    pub admin_listen: Option<SocketAddr>,
    /// A request's body may have so many bytes, unless its route says otherwise.
    pub max_body_bytes: usize,
    /// A request's line and header may have so many bytes; at least 8192. More: 431 (or 414).
    pub max_header_bytes: usize,
    /// A request may have so many header fields. More: 431.
    pub max_header_fields: usize,
    /// A request that takes longer is answered 503.
    pub request_timeout_seconds: u64,
    /// More requests at a time than this are answered 503 at once, except for health. One that waits for its
    /// body does not count.
    pub max_concurrent_requests: usize,
    /// So many connections may be open. Beyond, an idle one is closed for a new one.
    pub max_connections: usize,
    /// So many of one peer: an IPv4 address or an IPv6 network (/56). Trusted proxies may have any number.
    pub max_connections_per_peer: usize,
    /// From these networks (`10.0.0.0/8`, `::1`) it is believed where a request comes from; from no other.
    pub trusted_proxies: Vec<Network>,
    /// In which header they say so.
    pub forwarded_header: ForwardedHeader,
    /// Pages of these origins may use OAuth's endpoints from a browser: `https://app.example.com`, or `*` for any.
    pub cors_origins: Vec<AllowedOrigin>,
    /// A connection on which no whole request header arrives for so long is closed: slow senders
    /// and idle connections.
    pub header_timeout_seconds: u64,
    /// A request whose body is not there after so long is answered 408.
    pub body_timeout_seconds: u64,
    /// Who sends a body more slowly is answered 408, who reads an answer more slowly is cut off.
    pub min_bytes_per_second: u64,
    /// The time beside, for what is slow at the beginning.
    pub pace_grace_seconds: u64,
    /// A connection that is older ends with its next answer.
    pub connection_lifetime_seconds: u64,
    /// How long requests in progress may take to end when the server stops.
    pub drain_seconds: u64,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            admin_listen: None,
            max_body_bytes: 1024 * 1024,
            max_header_bytes: 64 * 1024,
            max_header_fields: 100,
            request_timeout_seconds: 30,
            max_concurrent_requests: 2048,
            max_connections: 8192,
            max_connections_per_peer: 512,
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeader::default(),
            cors_origins: Vec::new(),
            header_timeout_seconds: 60,
            body_timeout_seconds: 20,
            min_bytes_per_second: 1024,
            pace_grace_seconds: 5,
            connection_lifetime_seconds: 3600,
            drain_seconds: 10,
        }
    }
}

impl HttpSettings {
    /// How slow a caller may be.
    pub(crate) fn pace(&self) -> Pace {
        Pace {
            grace: Duration::from_secs(self.pace_grace_seconds),
            bytes_per_second: self.min_bytes_per_second,
        }
    }

    /// Refuses settings with which nobody could be answered.
    ///
    /// # Errors
    /// The first of them.
    pub fn check(&self) -> Result<(), StartError> {
        for (name, is_zero) in [
            ("request_timeout_seconds", self.request_timeout_seconds == 0),
            ("max_concurrent_requests", self.max_concurrent_requests == 0),
            ("max_connections", self.max_connections == 0),
            ("max_connections_per_peer", self.max_connections_per_peer == 0),
            ("header_timeout_seconds", self.header_timeout_seconds == 0),
            ("body_timeout_seconds", self.body_timeout_seconds == 0),
            ("min_bytes_per_second", self.min_bytes_per_second == 0),
            ("pace_grace_seconds", self.pace_grace_seconds == 0),
            ("connection_lifetime_seconds", self.connection_lifetime_seconds == 0),
        ] {
            if is_zero {
                return Err(StartError::setting(format!("http.{name}"), "it must be 1 or more"));
            }
        }
        Ok(())
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
