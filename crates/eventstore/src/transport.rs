//! The JetStream streams that events travel through.

use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType, Stream};
use serde::{Deserialize, Serialize};

/// The stream of all events, each under its own subject, for whoever follows some of them.
pub const EVENTS: &str = "EVENTS";

/// The work queue of all events with their contexts and details, in
/// [messages to audit](crate::audit_message): audit alone reads it, and it forgets what audit has.
pub const AUDIT: &str = "AUDIT";

/// The one consumer of [`AUDIT`].
pub const AUDIT_DURABLE: &str = "audit";

/// What JetStream's subjects begin with where they are imported from another account: under their own
/// name nats-server would take them for questions about the importing account, which has no JetStream.
pub const IMPORTED_API: &str = "js";

/// How soon it is noticed that the connection was made again.
const LOOK_AT_CONNECTION: Duration = Duration::from_millis(50);

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// For how long JetStream remembers what it has by its id: longer than a relay waits before it publishes
/// a batch again, of which only the acks were lost. It keeps all ids of that time in memory, a million
/// and more in the two minutes that it takes by default. What comes again later consumers know.
const DUPLICATES: Duration = Duration::from_secs(15);

/// The least that a stream must be able to have: a message to audit has up to half of it.
const LEAST_BYTES: u64 = 1 << 20;

/// How the streams are kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TransportSettings {
    /// For how long JetStream keeps events, in seconds: how far back a subscriber may fall, and
    /// how far back the relay fills up a stream that was lost.
    pub max_age_seconds: u64,
    /// How many bytes [`EVENTS`] may have. What is new takes the place of what is oldest then: a
    /// subscriber that is further behind misses it.
    pub events_max_bytes: u64,
    /// How many bytes [`AUDIT`] may have. What is new waits in the outbox then, since a context that was
    /// dropped may not be had again.
    pub audit_max_bytes: u64,
    /// Replicas of each stream: 1, or 3 in a cluster of at least three servers.
    pub replicas: usize,
}

impl Default for TransportSettings {
    /// JetStream reserves what a stream may have: together that is less than the 16 GiB that the private server
    /// of `mandate up` and the one of deploy/nats.conf may store.
    fn default() -> Self {
        Self {
            max_age_seconds: 7 * 24 * 3600,
            events_max_bytes: 10 << 30,
            audit_max_bytes: 4 << 30,
            replicas: 1,
        }
    }
}

impl TransportSettings {
    /// A setting that makes no sense, and why.
    pub fn senseless(&self) -> Option<(&'static str, String)> {
        for (setting, bytes) in
            [("events_max_bytes", self.events_max_bytes), ("audit_max_bytes", self.audit_max_bytes)]
        {
            if bytes < LEAST_BYTES || i64::try_from(bytes).is_err() {
                let reason =
                    format!("a stream has at least {LEAST_BYTES} bytes, and less than 2^63");
                return Some((setting, reason));
            }
        }
        (self.max_age_seconds == 0).then(|| ("max_age_seconds", "nothing would be kept".to_owned()))
    }
}

/// A connection to NATS and how the streams on it are kept.
#[derive(Clone)]
pub struct Transport {
    client: async_nats::Client,
    jetstream: jetstream::Context,
    settings: TransportSettings,
    administers: bool,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("settings", &self.settings).finish_non_exhaustive()
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
    /// A transport over this connection, which is in the account of the streams: it makes the streams and
    /// consumers that it needs.
    pub fn new(client: async_nats::Client, settings: TransportSettings) -> Self {
        let jetstream = jetstream::context::ContextBuilder::new()
            .timeout(PATIENCE)
            .ack_timeout(PATIENCE)
            .build(client.clone());
        Self { client, jetstream, settings, administers: true }
    }

    /// A transport over this connection, whose account imports what it may do with streams and consumers
    /// that are there. Somebody else [makes](Self::make_all) them: who may make a consumer chooses
    /// where the server delivers, with rights of its own.
    pub fn imported(client: async_nats::Client, settings: TransportSettings) -> Self {
        let jetstream = jetstream::context::ContextBuilder::new()
            .api_prefix(IMPORTED_API)
            .timeout(PATIENCE)
            .ack_timeout(PATIENCE)
            .build(client.clone());
        Self { client, jetstream, settings, administers: false }
    }

    /// Whether it may make streams and consumers.
    pub(crate) fn administers(&self) -> bool {
        self.administers
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
        self.client.statistics().connects.load(std::sync::atomic::Ordering::Relaxed)
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

    /// The stream of this name. Whoever may makes it if it is not there, relay or consumer.
    ///
    /// # Errors
    /// When JetStream does not answer or refuses, and when it is not there and not ours to make.
    pub async fn stream(&self, name: &str) -> Result<Stream, TransportError> {
        if !self.administers {
            return self.jetstream.get_stream(name).await.map_err(TransportError::of);
        }
        let made = self.jetstream.get_or_create_stream(self.stream_config(name)).await;
        made.map_err(TransportError::of)
    }

    /// How the stream of this name is made.
    pub(crate) fn stream_config(&self, name: &str) -> Config {
        let settings = &self.settings;
        let (subject, retention, max_bytes, discard) = match name {
            AUDIT => (
                "mandate.audit.*",
                RetentionPolicy::WorkQueue,
                settings.audit_max_bytes,
                DiscardPolicy::New,
            ),
            _ => (
                "mandate.events.>",
                RetentionPolicy::Limits,
                settings.events_max_bytes,
                DiscardPolicy::Old,
            ),
        };
        let max_age = Duration::from_secs(settings.max_age_seconds);
        Config {
            name: name.to_owned(),
            subjects: vec![subject.to_owned()],
            retention,
            storage: StorageType::File,
            max_age,
            max_bytes: i64::try_from(max_bytes).unwrap_or(i64::MAX),
            discard,
            duplicate_window: DUPLICATES.min(max_age),
            num_replicas: settings.replicas,
            // Nobody looks into audit's queue.
            allow_direct: name != AUDIT,
            ..Config::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_both_streams_fit_into_the_store_of_the_servers_that_we_configure() {
        let settings = TransportSettings::default();
        assert!(settings.senseless().is_none());
        assert!(settings.events_max_bytes + settings.audit_max_bytes < 16 << 30);
    }

    #[test]
    fn limits_that_take_no_message_are_refused() {
        for (settings, wrong) in [
            (TransportSettings { events_max_bytes: 0, ..Default::default() }, "events_max_bytes"),
            (TransportSettings { audit_max_bytes: 1000, ..Default::default() }, "audit_max_bytes"),
            (
                TransportSettings { audit_max_bytes: 1 << 63, ..Default::default() },
                "audit_max_bytes",
            ),
            (TransportSettings { max_age_seconds: 0, ..Default::default() }, "max_age_seconds"),
        ] {
            assert_eq!(settings.senseless().unwrap().0, wrong);
        }
    }
}
