//! The JetStream streams that events and contexts travel through, and how both look on the wire.

use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream;
use async_nats::jetstream::stream::{Config, RetentionPolicy, StorageType, Stream};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::{EventId, OrganizationId, Salt, SealedContext};
use serde::{Deserialize, Serialize};

/// The stream of all events.
pub const EVENTS: &str = "EVENTS";

/// The work queue of contexts: audit reads it, and it forgets what audit has.
pub const CONTEXTS: &str = "CONTEXTS";

/// How soon it is noticed that the connection was made again.
const LOOK_AT_CONNECTION: Duration = Duration::from_millis(50);

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How the streams are kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TransportSettings {
    /// For how long JetStream keeps events, in seconds: how far back a subscriber may fall, and
    /// how far back the relay fills up a stream that was lost.
    pub max_age_seconds: u64,
    /// Replicas of each stream: 1, or 3 in a cluster of at least three servers.
    pub replicas: usize,
}

impl Default for TransportSettings {
    fn default() -> Self {
        Self {
            max_age_seconds: 7 * 24 * 3600,
            replicas: 1,
        }
    }
}

/// A connection to NATS and how the streams on it are kept.
#[derive(Clone)]
pub struct Transport {
    client: async_nats::Client,
    jetstream: jetstream::Context,
    settings: TransportSettings,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// JetStream does not answer or refuses.
#[derive(Debug, thiserror::Error)]
#[error("JetStream: {0}")]
pub struct TransportError(pub(crate) String);

impl TransportError {
    pub(crate) fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }

    pub(crate) fn reconnected() -> Self {
        Self("the connection was made again".to_owned())
    }
}

impl Transport {
    /// A transport over this connection.
    pub fn new(client: async_nats::Client, settings: TransportSettings) -> Self {
        let jetstream = jetstream::context::ContextBuilder::new()
            .timeout(PATIENCE)
            .ack_timeout(PATIENCE)
            .build(client.clone());
        Self {
            client,
            jetstream,
            settings,
        }
    }

    /// The connection.
    pub fn client(&self) -> &async_nats::Client {
        &self.client
    }

    /// JetStream on the connection.
    pub fn jetstream(&self) -> &jetstream::Context {
        &self.jetstream
    }

    /// How the streams are kept.
    pub fn settings(&self) -> &TransportSettings {
        &self.settings
    }

    /// How often the connection was made: a change means that the server may have been another.
    pub(crate) fn connects(&self) -> u64 {
        self.client
            .statistics()
            .connects
            .load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Waits until there is a connection, so that nothing piles up before one that is away.
    pub(crate) async fn connected(&self) -> Result<(), TransportError> {
        let connecting = async {
            let mut looks = tokio::time::interval(LOOK_AT_CONNECTION);
            while self.client.connection_state() != State::Connected {
                looks.tick().await;
            }
        };
        tokio::time::timeout(PATIENCE, connecting)
            .await
            .map_err(|_| TransportError("not connected".to_owned()))
    }

    /// Does something on the connection as it is, and gives it up once the connection was made
    /// again: an answer that was under way then never comes, and waiting for it wastes the first
    /// seconds after an outage.
    pub(crate) async fn on_this_connection<T>(
        &self,
        work: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        self.connected().await?;
        let before = self.connects();
        let reconnected = async {
            let mut looks = tokio::time::interval(LOOK_AT_CONNECTION);
            while self.connects() == before {
                looks.tick().await;
            }
        };
        tokio::select! {
            biased;
            done = work => done,
            () = reconnected => Err(TransportError::reconnected()),
        }
    }

    /// The stream of this name, made if it is not there: whoever comes first, relay or consumer.
    ///
    /// # Errors
    /// When JetStream does not answer or refuses.
    pub async fn stream(&self, name: &str) -> Result<Stream, TransportError> {
        let (subject, retention) = match name {
            CONTEXTS => ("mandate.contexts.>", RetentionPolicy::WorkQueue),
            _ => ("mandate.events.>", RetentionPolicy::Limits),
        };
        let config = Config {
            name: name.to_owned(),
            subjects: vec![subject.to_owned()],
            retention,
            storage: StorageType::File,
            max_age: Duration::from_secs(self.settings.max_age_seconds),
            duplicate_window: Duration::from_secs(self.settings.max_age_seconds.min(120)),
            num_replicas: self.settings.replicas,
            allow_direct: true,
            ..Config::default()
        };
        self.jetstream
            .get_or_create_stream(config)
            .await
            .map_err(TransportError::of)
    }
}

/// At most so many contexts in one message: well below what NATS takes in one (1 MiB).
pub const CONTEXTS_PER_MESSAGE: usize = 200;

/// The context of one event on its way to audit. A message is a JSON array of these, of events of
/// one organization: under load they are as many as the events, and travel together.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ContextMessage {
    /// The event it belongs to.
    pub event_id: EventId,
    /// The key of the commitment, base64.
    pub salt: String,
    /// The canonical bytes of the context, base64.
    pub context: String,
}

/// A message that is no context.
#[derive(Debug, thiserror::Error)]
#[error("not a message of contexts: {0}")]
pub struct InvalidContext(String);

impl ContextMessage {
    /// The message's part for one event.
    pub fn new(event_id: EventId, salt: &[u8], context: &[u8]) -> Self {
        Self {
            event_id,
            salt: STANDARD.encode(salt),
            context: STANDARD.encode(context),
        }
    }

    /// The subject of a message: `mandate.contexts.<organization>.<id of its first event>`.
    pub fn subject(organization: Option<OrganizationId>, first: EventId) -> String {
        match organization {
            Some(organization) => format!("mandate.contexts.{organization}.{first}"),
            None => format!("mandate.contexts.platform.{first}"),
        }
    }

    /// Reads a message.
    ///
    /// # Errors
    /// When the bytes are no such message.
    pub fn parse(bytes: &[u8]) -> Result<Vec<(EventId, SealedContext)>, InvalidContext> {
        let parts: Vec<Self> =
            serde_json::from_slice(bytes).map_err(|error| InvalidContext(error.to_string()))?;
        parts.iter().map(Self::open).collect()
    }

    fn open(&self) -> Result<(EventId, SealedContext), InvalidContext> {
        let decode = |text| {
            STANDARD
                .decode(text)
                .map_err(|e| InvalidContext(e.to_string()))
        };
        let salt = <[u8; 32]>::try_from(decode(&self.salt)?)
            .map_err(|_| InvalidContext("a salt has 32 bytes".into()))?;
        let bytes = decode(&self.context)?;
        let salt = Salt(salt);
        Ok((self.event_id, SealedContext { salt, bytes }))
    }
}

#[cfg(test)]
mod tests {
    use contract::{Context, Environment};

    use super::*;

    #[test]
    fn a_context_message_reads_back_with_its_commitment() {
        let environment = Environment::system();
        let sealed = SealedContext::seal(&Context::default(), &environment);
        let id: EventId = environment.new_id();
        let message = [ContextMessage::new(id, &sealed.salt.0, &sealed.bytes)];
        let bytes = serde_json::to_vec(&message).unwrap();
        let read = ContextMessage::parse(&bytes).unwrap();
        assert_eq!((read[0].0, read[0].1.hash()), (id, sealed.hash()));
        assert!(ContextMessage::parse(b"{}").is_err());
    }
}
