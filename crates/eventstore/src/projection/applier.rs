//! Applies events to a projection, each once and in order, however they come; or parks their stream.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use contract::rpc::StoredEvent;
use contract::{Envelope, Version};
use sqlx::{Connection, PgConnection};
use tokio::sync::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

use super::definition::{Projection, ProjectionError};
use crate::availability;
use crate::dedicated_connection::DedicatedConnection;
use crate::event_store::EventStore;
use crate::gap::{self, Gap, Repair};
use crate::store::{self, Moved};
use crate::time_limit::in_time;
use crate::unit::AppendError;

/// How long events that are applied together may take, and a single statement of theirs: the server ends that
/// itself, so that nothing is left behind that holds locks. An event is a few statements.
const APPLYING: Duration = Duration::from_secs(2);

/// After so long the connection must be lost, or the projection does not end.
const LOST: Duration = Duration::from_secs(5);

/// `query_canceled`: what the server says of a statement that took too long.
const QUERY_CANCELED: &str = "57014";

/// Why events were not applied. Nothing of them was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unapplied {
    /// What comes before them in these streams was not to be had.
    #[error("{reason}")]
    Missing { streams: Vec<Uuid>, reason: String },
    /// It took too long.
    #[error("it took longer than {} s", APPLYING.as_secs())]
    TooLong,
    /// Nothing can be applied at the moment.
    #[error(transparent)]
    Unavailable(ProjectionError),
    /// One of them cannot be applied.
    #[error(transparent)]
    Refused(ProjectionError),
}

/// What became of the events of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// They are applied, now or before.
    Applied,
    /// They wait: their stream is parked.
    Parked,
}

/// What is done with a stream that is parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IfParked {
    /// It is left so; that there is more of it is noted.
    Leave,
    /// It is applied all the same, and released.
    Release,
}

/// Applies events to a projection.
pub(crate) struct Applier {
    events: EventStore,
    connection: Mutex<DedicatedConnection>,
    repair: Arc<dyn Repair>,
    projection: Arc<dyn Projection>,
}

impl Applier {
    pub(crate) fn new(
        events: EventStore,
        repair: Arc<dyn Repair>,
        projection: Arc<dyn Projection>,
    ) -> Self {
        let connection = DedicatedConnection::with_statement_timeout(events.pool(), APPLYING);
        Self { events, connection: Mutex::new(connection), repair, projection }
    }

    /// The projection's name.
    pub(crate) fn name(&self) -> &'static str {
        self.projection.name()
    }

    /// Applies events, sorted by stream and version, in one transaction. Those of parked streams wait.
    pub(crate) async fn apply(&self, events: &[&Envelope]) -> Result<(), Unapplied> {
        self.apply_filled(events, IfParked::Leave).await
    }

    /// Applies the events of one stream, sorted by version, one after the other; or parks it at the first that cannot be.
    ///
    /// # Errors
    /// When they can neither be applied nor wait elsewhere: what comes before them is missing, or nothing
    /// can be done at the moment.
    pub(crate) async fn settle(&self, stream: &[&Envelope]) -> Result<Settled, Unapplied> {
        for event in stream {
            match self.apply(&[event]).await {
                Ok(()) => {}
                Err(error @ (Unapplied::Missing { .. } | Unapplied::Unavailable(_))) => {
                    return Err(error);
                }
                Err(error) => {
                    self.park(event, stream.last().unwrap_or(event).streamversion, &error).await?;
                    return Ok(Settled::Parked);
                }
            }
        }
        Ok(Settled::Applied)
    }

    /// Asks for the events of a gap at the end of a stream, and applies them, or parks their stream.
    pub(crate) async fn fill(&self, gap: &Gap) -> Result<Settled, Unapplied> {
        let missing = self.missing(gap).await?;
        let missing: Vec<&Envelope> = missing.iter().collect();
        match self.apply(&missing).await {
            Ok(()) => Ok(Settled::Applied),
            Err(error @ Unapplied::Unavailable(_)) => Err(error),
            Err(_) => self.settle(&missing).await,
        }
    }

    /// Asks for the events that a parked stream waits with, applies them as far as they can be, and releases it
    /// with the last one.
    pub(crate) async fn release(&self, gap: &Gap) -> Result<(), Unapplied> {
        if gap.from > gap.to {
            // Another replica has applied them.
            let mut connection = self.events.pool().acquire().await.map_err(unapplied)?;
            let (name, stream) = (self.name(), gap.stream_id);
            let released = store::release(&mut connection, name, stream, gap.to).await;
            return released.map(drop).map_err(unapplied);
        }
        let missing = self.missing(gap).await?;
        let missing: Vec<&Envelope> = missing.iter().collect();
        match self.apply_filled(&missing, IfParked::Release).await {
            Err(Unapplied::TooLong | Unapplied::Refused(_)) if missing.len() > 1 => {
                for event in missing {
                    self.apply_filled(&[event], IfParked::Release).await?;
                }
                Ok(())
            }
            released => released,
        }
    }

    async fn park(
        &self,
        event: &Envelope,
        head: Version,
        why: &Unapplied,
    ) -> Result<(), Unapplied> {
        let (name, stream) = (self.name(), event.stream_id());
        tracing::error!(projection = name, event = %event.id, stream = event.subject, error = %why, "a stream is parked");
        let reason = format!("version {}: {why}", event.streamversion);
        let parked = store::park(self.events.pool(), name, stream, head, &reason);
        in_time(parked).await.map_err(unapplied)
    }

    /// Applies events, and what is missing before them.
    async fn apply_filled(&self, events: &[&Envelope], parked: IfParked) -> Result<(), Unapplied> {
        let mut filled: BTreeMap<Uuid, Vec<Envelope>> = BTreeMap::new();
        loop {
            let started = Instant::now();
            let gaps = self.attempt(events, &filled, parked).await.inspect_err(|error| {
                let name = self.name();
                let elapsed = started.elapsed();
                tracing::warn!(projection = name, events = events.len(), ?elapsed, %error, "events were not applied");
            })?;
            if gaps.is_empty() {
                return Ok(());
            }
            for (place, gap) in gaps.iter().enumerate() {
                // A gap that was filled and is there again: its stream went back meanwhile.
                let again = filled.contains_key(&gap.stream_id);
                let had = if again {
                    Err(missing(gap.stream_id, "its position has changed".to_owned()))
                } else {
                    self.missing(gap).await
                };
                match had {
                    Ok(events) => drop(filled.insert(gap.stream_id, events)),
                    // The producer is asked for the others when they are alone.
                    Err(Unapplied::Missing { reason, .. }) => {
                        let streams = gaps[place..].iter().map(|gap| gap.stream_id).collect();
                        return Err(Unapplied::Missing { streams, reason });
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Applies events in one transaction, unless others are missing before them: those.
    async fn attempt(
        &self,
        events: &[&Envelope],
        filled: &BTreeMap<Uuid, Vec<Envelope>>,
        if_parked: IfParked,
    ) -> Result<Vec<Gap>, Unapplied> {
        let mut kept = self.connection.lock().await;
        // Has its own limit: without a connection nobody took too long.
        let mut connection = kept.take().await.map_err(unapplied)?;
        let joined_before = self.events.joined().load(Ordering::Relaxed);
        let transaction = self.transact(&mut connection, events, filled, if_parked);
        let ended = tokio::time::timeout(LOST, transaction).await;
        let gaps = ended.unwrap_or(Err(Unapplied::TooLong))?;
        kept.put_back(connection);
        // Most batches follow something and record nothing: the relays need not look.
        if self.events.joined().load(Ordering::Relaxed) != joined_before {
            self.events.wake_relays();
        }
        Ok(gaps)
    }

    async fn transact(
        &self,
        connection: &mut PgConnection,
        events: &[&Envelope],
        filled: &BTreeMap<Uuid, Vec<Envelope>>,
        if_parked: IfParked,
    ) -> Result<Vec<Gap>, Unapplied> {
        let name = self.name();
        let until = Instant::now() + APPLYING;
        let mut transaction = connection.begin().await.map_err(unapplied)?;
        let (streams, heads) = heads(events);
        let parked = match if_parked {
            IfParked::Leave => store::note_parked(&mut *transaction, name, &streams, &heads).await,
            IfParked::Release => Ok(BTreeSet::new()),
        };
        let parked = parked.map_err(unapplied)?;
        let wanted: Vec<Uuid> =
            streams.into_iter().filter(|stream| !parked.contains(stream)).collect();
        let known = store::lock_positions(&mut transaction, name, &wanted).await;
        let known = known.map_err(unapplied)?;
        let events = events.iter().copied().filter(|event| !parked.contains(&event.stream_id()));
        let Walk { due, positions, gaps } = walk(events, filled, &known);
        if !gaps.is_empty() {
            transaction.rollback().await.map_err(unapplied)?;
            return Ok(gaps);
        }
        for event in due {
            if Instant::now() >= until {
                return Err(Unapplied::TooLong);
            }
            let applied = self.projection.apply(&mut transaction, event).await;
            applied.map_err(|error| of_event(event, error))?;
        }
        let moved = positions.into_iter().map(|(stream, version)| {
            let begun = !known.contains_key(&stream);
            Moved { stream, version, begun }
        });
        let moved: Vec<_> = moved.collect();
        store::save_positions(&mut transaction, name, &moved).await.map_err(unapplied)?;
        if if_parked == IfParked::Release {
            for Moved { stream, version, .. } in &moved {
                let released = store::release(&mut transaction, name, *stream, *version).await;
                if released.map_err(unapplied)? {
                    tracing::warn!(projection = name, %stream, "a parked stream is released");
                }
            }
        }
        // Crash point: nothing is committed; all of it is delivered again.
        transaction.commit().await.map_err(unapplied)?;
        Ok(gaps)
    }

    /// Events that never came, from their producer: all of them, in order.
    async fn missing(&self, gap: &Gap) -> Result<Vec<Envelope>, Unapplied> {
        let Gap { stream_id: stream, from, to, .. } = gap;
        tracing::warn!(projection = self.name(), %stream, %from, %to, "events that did not come by NATS, or not yet, are read from their producer");
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
            Some(reason) => Err(missing(gap.stream_id, reason)),
        }
    }
}

fn missing(stream: Uuid, reason: String) -> Unapplied {
    Unapplied::Missing { streams: vec![stream], reason }
}

/// The streams of sorted events, in their order, and the last version of each.
fn heads(events: &[&Envelope]) -> (Vec<Uuid>, Vec<Version>) {
    let heads: BTreeMap<Uuid, Version> =
        events.iter().map(|event| (event.stream_id(), event.streamversion)).collect();
    heads.into_iter().unzip()
}

/// What there is to do with events.
#[derive(Default)]
struct Walk<'e> {
    /// The events to apply, in order.
    due: Vec<&'e Envelope>,
    /// Up to where they reach. Streams of which nothing is to be applied are left out.
    positions: BTreeMap<Uuid, Version>,
    /// What is missing before them.
    gaps: Vec<Gap>,
}

/// Walks through sorted events, from the known positions on, with what was missing in its place.
fn walk<'e>(
    events: impl Iterator<Item = &'e Envelope>,
    filled: &'e BTreeMap<Uuid, Vec<Envelope>>,
    known: &HashMap<Uuid, Version>,
) -> Walk<'e> {
    let mut walk = Walk::default();
    for event in events {
        let stream = event.stream_id();
        let begun = walk.positions.contains_key(&stream);
        let before = if begun { &[][..] } else { filled.get(&stream).map_or(&[][..], |had| had) };
        for event in before.iter().chain([event]) {
            let position = walk.positions.get(&stream).or(known.get(&stream));
            let from = position.map_or(Version::FIRST, |version| version.next());
            let version = event.streamversion;
            if version < from {
                continue;
            }
            if let Some(to) = version.previous().filter(|to| from <= *to) {
                walk.gaps.push(Gap { producer: event.source, stream_id: stream, from, to });
            }
            walk.due.push(event);
            walk.positions.insert(stream, version);
        }
    }
    walk
}

/// What an error of the database says of what was to be applied.
fn unapplied(error: sqlx::Error) -> Unapplied {
    availability::notice(&error);
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    if code.is_some_and(|code| code == QUERY_CANCELED) {
        return Unapplied::TooLong;
    }
    let unavailable = availability::is_unavailable(&error);
    let error = ProjectionError::Database(error);
    if unavailable { Unapplied::Unavailable(error) } else { Unapplied::Refused(error) }
}

fn of_event(event: &Envelope, error: ProjectionError) -> Unapplied {
    match error {
        ProjectionError::Database(error)
        | ProjectionError::Append(AppendError::Database(error)) => unapplied(error),
        ProjectionError::Repair(reason) => missing(event.stream_id(), reason),
        error => Unapplied::Refused(error),
    }
}
