//! Once, in order, without gaps: consuming events into Postgres.
//!
//! A [`Projection`] is given each event of its streams exactly once in effect: the position of each
//! stream is kept in the same transaction as what the projection writes. An event that was had is
//! passed over; one that comes too early is a proof that others are missing, and those are asked
//! for at once from their producer ([`gap`]). What nothing comes after is found by comparing
//! ([`projection_comparison`](crate::projection_comparison)).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use contract::follows::Followed;
use contract::rpc::StoredEvent;
use contract::{Envelope, Version};
use sqlx::{Connection, PgConnection};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::consumer::{self, BatchHandler, ConsumerOptions, Delivery, Outcome};
use crate::dedicated_connection::DedicatedConnection;
use crate::event_store::EventStore;
use crate::gap::{self, Gap, Repair};
use crate::store::{self, Moved};
use crate::transport::{EVENTS, Transport, TransportError};
use crate::unit::AppendError;

/// How soon one batch may follow another: others see this service's view so much later, at most.
const PACE: Duration = Duration::from_millis(5);

/// After how long what could not be applied is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// Why an event could not be applied. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The events that follow from it could not be recorded.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The event is not what its type says.
    #[error(transparent)]
    Envelope(#[from] contract::EnvelopeError),
    /// The producer did not give what is missing.
    #[error("{0}")]
    Repair(String),
}

/// Code that keeps what events say in Postgres.
#[async_trait]
pub trait Projection: Send + Sync {
    /// What it follows, whose that is, and under which name. Whole streams, never single event types of
    /// one, because gaps could not be told from events that were filtered out.
    fn follows(&self) -> Followed;

    /// The durable name of its consumer.
    fn name(&self) -> &'static str {
        self.follows().durable
    }

    /// The subjects of what it follows.
    fn subjects(&self) -> Vec<String> {
        self.follows().subjects()
    }

    /// Applies one event, on the connection of the transaction that also moves the position.
    async fn apply(
        &self,
        connection: &mut PgConnection,
        event: &Envelope,
    ) -> Result<(), ProjectionError>;
}

/// Runs a projection until the token is cancelled.
pub async fn run(
    events: EventStore,
    transport: Transport,
    repair: Arc<dyn Repair>,
    projection: Arc<dyn Projection>,
    shutdown: CancellationToken,
    report: impl FnMut(Result<(), &TransportError>) + Send,
) {
    let options = ConsumerOptions {
        stream: EVENTS,
        durable: projection.name().to_owned(),
        subjects: projection.subjects(),
        max_batch: 256,
        pace: PACE,
    };
    let handler = Applier::new(events, repair, projection);
    consumer::run(&transport, &options, &handler, shutdown, report).await;
}

/// Applies events to a projection, each once and in order, however they come.
pub(crate) struct Applier {
    events: EventStore,
    connection: Mutex<DedicatedConnection>,
    repair: Arc<dyn Repair>,
    projection: Arc<dyn Projection>,
}

#[async_trait]
impl BatchHandler for Applier {
    async fn handle(&self, batch: &[Delivery]) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::Rejected; batch.len()];
        let mut streams: BTreeMap<Uuid, Vec<(usize, Envelope)>> = BTreeMap::new();
        for (index, delivery) in batch.iter().enumerate() {
            match Envelope::parse(&delivery.payload) {
                // An answer of JetStream to a service may be published where that service publishes: who
                // asks chooses the subject, which says whose word it is.
                Ok(event) if event.nats_subject() != delivery.subject => {
                    tracing::error!(subject = delivery.subject, event = %event.id, "an event under another's subject: rejected");
                }
                Ok(event) => streams.entry(event.stream_id()).or_default().push((index, event)),
                Err(error) => {
                    tracing::error!(subject = delivery.subject, %error, "not an event: rejected");
                }
            }
        }
        for stream in streams.values_mut() {
            stream.sort_by_key(|(_, event)| event.streamversion);
        }
        match self.apply(streams.values().flatten().map(|(_, event)| event)).await {
            Ok(()) => mark(&streams, &mut outcomes, Outcome::Done),
            Err(error) => {
                // One event spoils the batch's transaction: apply each stream in one of its own.
                tracing::warn!(projection = self.projection.name(), %error, "a batch is applied stream by stream");
                for stream in streams.values() {
                    self.apply_alone(stream, &mut outcomes).await;
                }
            }
        }
        outcomes
    }
}

fn mark(
    streams: &BTreeMap<Uuid, Vec<(usize, Envelope)>>,
    outcomes: &mut [Outcome],
    outcome: Outcome,
) {
    for (index, _) in streams.values().flatten() {
        outcomes[*index] = outcome;
    }
}

impl Applier {
    pub(crate) fn new(
        events: EventStore,
        repair: Arc<dyn Repair>,
        projection: Arc<dyn Projection>,
    ) -> Self {
        let connection = Mutex::new(DedicatedConnection::like(events.pool()));
        Self { events, connection, repair, projection }
    }

    /// Asks for the events of a gap at the end of a stream, and applies them.
    pub(crate) async fn fill(&self, gap: &Gap) -> Result<(), ProjectionError> {
        let missing = self.missing(gap).await?;
        self.apply(missing.iter()).await
    }

    /// Applies the events of one stream, as far as they can be applied.
    async fn apply_alone(&self, stream: &[(usize, Envelope)], outcomes: &mut [Outcome]) {
        let mut outcome = Outcome::Done;
        if self.apply(stream.iter().map(|(_, event)| event)).await.is_ok() {
            for (index, _) in stream {
                outcomes[*index] = outcome;
            }
            return;
        }
        for (index, event) in stream {
            if outcome == Outcome::Done
                && let Err(error) = self.apply(std::iter::once(event)).await
            {
                tracing::error!(projection = self.projection.name(), event = %event.id, stream = event.subject, %error, "an event is tried again");
                outcome = Outcome::Retry(RETRY);
            }
            outcomes[*index] = outcome;
        }
    }

    /// Applies events, sorted by stream and version, in one transaction.
    async fn apply<'e>(
        &self,
        events: impl Iterator<Item = &'e Envelope> + Send,
    ) -> Result<(), ProjectionError> {
        let events: Vec<&Envelope> = events.collect();
        let mut ids: Vec<Uuid> = events.iter().map(|event| event.stream_id()).collect();
        ids.dedup();
        let mut kept = self.connection.lock().await;
        let mut connection = kept.take().await?;
        let mut transaction = connection.begin().await?;
        let name = self.projection.name();
        let joined_before = self.events.joined().load(Ordering::Relaxed);
        let known = store::lock_positions(&mut transaction, name, &ids).await?;
        let mut positions: BTreeMap<Uuid, Option<Version>> = BTreeMap::new();
        for event in events {
            let stream = event.stream_id();
            let before = known.get(&stream).copied();
            let position = positions.entry(stream).or_insert(before);
            let version = event.streamversion;
            let from = position.map_or(Version::FIRST, Version::next);
            if version < from {
                continue;
            }
            if let Some(to) = version.previous().filter(|to| from <= *to) {
                let gap = Gap { producer: event.source, stream_id: stream, from, to };
                for missing in self.missing(&gap).await? {
                    self.projection.apply(&mut transaction, &missing).await?;
                }
            }
            self.projection.apply(&mut transaction, event).await?;
            *position = Some(version);
        }
        let moved = positions.into_iter().filter_map(|(stream, position)| {
            Some(Moved { stream, version: position?, begun: !known.contains_key(&stream) })
        });
        let moved: Vec<_> = moved.collect();
        store::save_positions(&mut transaction, name, &moved).await?;
        // Crash point: nothing is committed; all of it is delivered again.
        transaction.commit().await?;
        kept.put_back(connection);
        // Most batches follow something and record nothing: the relays need not look.
        if self.events.joined().load(Ordering::Relaxed) != joined_before {
            self.events.wake_relays();
        }
        Ok(())
    }

    /// Events that never came, from their producer: all of them, in order.
    async fn missing(&self, gap: &Gap) -> Result<Vec<Envelope>, ProjectionError> {
        let Gap { stream_id: stream, from, to, .. } = gap;
        tracing::warn!(projection = self.projection.name(), %stream, %from, %to, "a gap is filled");
        let is_next = |event: &Envelope, version| {
            event.stream_id() == gap.stream_id && event.streamversion == version
        };
        let read = |version, stored: StoredEvent| {
            let event = Envelope::parse(stored.envelope.as_bytes()).ok();
            event.filter(|event| is_next(event, version))
        };
        let filled = gap::fill(self.repair.as_ref(), gap, read).await;
        match filled.unfilled {
            None => Ok(filled.events),
            Some(reason) => Err(ProjectionError::Repair(reason)),
        }
    }
}
