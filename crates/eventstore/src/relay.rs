//! From the outbox to JetStream: one leader per service, in order, again until acknowledged.
//!
//! JetStream acknowledges before it syncs, its stream can be deleted and its disk wiped. So an ack
//! is a receipt to be compared, not a proof: each acknowledged batch is remembered with the place
//! JetStream gave it, and when that place holds something else, everything from there on is
//! published again. Consumers do not mind: they know events by stream and version.
//!
//! # Crash points
//!
//! 1. Before the publish: the outbox row is there; the next leader publishes it.
//! 2. Between publish and ack, or between ack and [`store::settle_batch`]: the row is still there;
//!    it is published a second time and deduplicated by its `Nats-Msg-Id`, or by the consumers.
//! 3. After the settling: JetStream has it, and the batch's place is remembered.
//!
//! Recovery takes the live path: the start is the same loop as every later turn.
//!
//! The leader holds a session lock of Postgres on a connection of its own. Two relays at once (the
//! old leader's session is cut and it has not noticed yet) do no harm: both publish, one deletes.

mod batch;

use std::time::Duration;

use async_nats::connection::State;
use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::stream::{RawMessageErrorKind, Stream};
use futures::{FutureExt, StreamExt};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::batch::Batch;
use crate::store::{self, OutboxEvent, Receipt};
use crate::transport::{AUDIT, EVENTS, Transport, TransportError};
use crate::{EventStore, idempotency, publish};

/// At most so many rows of the outbox are read at once.
const ROWS: usize = 512;

/// The slow poll behind the bell: finds what another process committed when its poke was lost.
const POLL: Duration = Duration::from_secs(1);

/// The least time between two turns, and after a turn with many events. Whatever is committed
/// meanwhile is published together: a turn costs the same for one event as for many. The first event
/// after a quiet time does not wait.
const PACE: Duration = Duration::from_millis(2);
const BUSY_PACE: Duration = Duration::from_millis(8);
/// So many events in a turn are many.
const BUSY: usize = 16;

/// How often a follower tries to become the leader.
const CANDIDATE_POLL: Duration = Duration::from_millis(500);

/// How often the last receipt is compared with JetStream when nothing else gives a reason to.
const COMPARE_EVERY: Duration = Duration::from_secs(5);

/// How long to wait after a turn that failed. Nothing shortens it: under load the bell rings always.
const AFTER_FAILURE: Duration = Duration::from_millis(200);

/// How long the database may take for one of the relay's small statements. A connection can be lost
/// without a word (its other end is gone, a firewall has forgotten it), and would be waited for for
/// ever.
const DATABASE: Duration = Duration::from_secs(10);

/// The same for statements whose work grows with what was lost: a little more than the time after
/// which the database itself gives a statement up.
const BULK: Duration = Duration::from_secs(40);

/// For how long the leader's session may be idle before the database ends it, and with it the lock:
/// a leader that is gone without a word has been succeeded by then. One that is there is never idle
/// for more than a few seconds.
const LEASE: &str = "30s";

/// How often old batches and answers are forgotten.
const FORGET_EVERY: Duration = Duration::from_mins(10);

/// Why a turn of the relay failed. The next turn starts over.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// Postgres failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// JetStream failed.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Not all of a batch was acknowledged.
    #[error("{missing} of {sent} events were not acknowledged: {reason}")]
    NotAcknowledged {
        /// How many were published.
        sent: usize,
        /// How many acks did not come.
        missing: usize,
        /// The first reason given.
        reason: String,
    },
}

/// What the relay tells about itself, for readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayState {
    /// This process leads and everything is published, or being published.
    Leading,
    /// Another process leads.
    Following,
}

/// The relay of one service.
pub struct Relay {
    events: EventStore,
    transport: Transport,
}

/// As long as it lives, committed events are kept for the relay.
struct FreshEvents<'r>(&'r EventStore);

impl<'r> FreshEvents<'r> {
    fn kept(events: &'r EventStore) -> Self {
        events.fresh().want(true);
        Self(events)
    }
}

impl Drop for FreshEvents<'_> {
    fn drop(&mut self) {
        self.0.fresh().want(false);
    }
}

/// What a leader knows of the stream it publishes to.
struct Leader {
    connection: PgConnection,
    streams: Option<Streams>,
    compare_at: Instant,
    forget_at: Instant,
}

struct Streams {
    /// The creation times of both streams: together they say which incarnation acknowledged.
    created: String,
    connects: u64,
    last_sequence: u64,
}

impl Relay {
    /// The relay of these events.
    pub fn new(events: EventStore, transport: Transport) -> Self {
        Self { events, transport }
    }

    /// The subject that wakes the leader when another process has committed.
    pub fn poke_subject(&self) -> String {
        format!("mandate.relay.{}.wake", self.events.service())
    }

    /// Relays until the token is cancelled; `report` hears of each turn.
    ///
    /// # Errors
    /// None that ends it for good: it returns when the database connection of the leader breaks, to
    /// be started again.
    pub async fn run(
        &self,
        shutdown: CancellationToken,
        mut report: impl FnMut(Result<RelayState, &RelayError>) + Send,
    ) -> Result<(), RelayError> {
        tokio::select! {
            () = crate::grace_is_over(&shutdown) => Ok(()),
            ended = self.stand_and_lead(&shutdown, &mut report) => ended,
        }
    }

    async fn stand_and_lead(
        &self,
        shutdown: &CancellationToken,
        report: &mut (impl FnMut(Result<RelayState, &RelayError>) + Send),
    ) -> Result<(), RelayError> {
        let options = PgConnectOptions::clone(&self.events.pool().connect_options());
        // A receipt that a crash of the database takes back leaves its events in the outbox: they are
        // published again, and found to be known. No receipt is worth a flush to disk.
        let options =
            options.options([("idle_session_timeout", LEASE), ("synchronous_commit", "off")]);
        let mut connection = in_time(PgConnection::connect_with(&options)).await?;
        let schema = self.events.service().schema();
        while !in_time(store::try_lead(&mut connection, schema)).await? {
            report(Ok(RelayState::Following));
            let committed = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                () = self.events.committed().notified() => true,
                () = tokio::time::sleep(CANDIDATE_POLL) => false,
            };
            let client = self.transport.client();
            if committed && client.connection_state() == State::Connected {
                // The leader is elsewhere: tell it. Should the poke get lost, it polls.
                let _ = client.publish(self.poke_subject(), "".into()).await;
            }
        }
        tracing::info!(service = %self.events.service(), "the relay leads");
        let _kept = FreshEvents::kept(&self.events);
        let now = Instant::now();
        let mut leader = Leader { connection, streams: None, compare_at: now, forget_at: now };
        self.lead(&mut leader, shutdown, report).await
    }

    async fn lead(
        &self,
        leader: &mut Leader,
        shutdown: &CancellationToken,
        report: &mut (impl FnMut(Result<RelayState, &RelayError>) + Send),
    ) -> Result<(), RelayError> {
        let mut pokes = self
            .transport
            .client()
            .subscribe(self.poke_subject())
            .await
            .map_err(TransportError::of)?;
        let mut wait = Duration::ZERO;
        let mut failed = false;
        let mut next = Instant::now();
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                () = self.events.committed().notified(), if !failed => {}
                Some(_) = pokes.next(), if !failed => {}
                () = tokio::time::sleep(wait) => {}
            }
            tokio::time::sleep_until(next).await;
            let began = Instant::now();
            // One turn answers all the pokes that came so far.
            while let Some(Some(_)) = pokes.next().now_or_never() {}
            let turn = self.turn(leader, shutdown, report).await;
            failed = turn.is_err();
            let pace = match turn {
                Ok(published) if published >= BUSY => BUSY_PACE,
                _ => PACE,
            };
            next = began + pace;
            wait = match turn {
                Ok(_) => POLL,
                Err(error @ RelayError::Database(_)) => {
                    // The lock went with its session, perhaps: step down and stand again.
                    report(Err(&error));
                    return Err(error);
                }
                Err(error) => {
                    report(Err(&error));
                    tracing::warn!(service = %self.events.service(), %error, "the relay could not publish");
                    leader.streams = None;
                    // The session must not seem idle, however long JetStream is away.
                    in_time(leader.connection.ping()).await?;
                    AFTER_FAILURE
                }
            };
        }
    }

    /// Publishes all that is in the outbox: how many events.
    async fn turn(
        &self,
        leader: &mut Leader,
        shutdown: &CancellationToken,
        report: &mut (impl FnMut(Result<RelayState, &RelayError>) + Send),
    ) -> Result<usize, RelayError> {
        self.forget(leader).await?;
        let mut published = 0;
        loop {
            self.compare(leader).await?;
            report(Ok(RelayState::Leading));
            let rows = in_time(store::next_in_outbox(&mut leader.connection, ROWS)).await?;
            if rows.is_empty() || shutdown.is_cancelled() {
                return Ok(published);
            }
            let all = rows.len() < ROWS;
            let mut next = rows.into_iter().peekable();
            while next.peek().is_some() && leader.streams.is_some() {
                let mut batch = Batch::default();
                while let Some(row) = next.next_if(|row| batch.has_room_for(row)) {
                    batch.add(row);
                }
                batch.events = self.read(leader, &batch.seqs()).await?;
                self.publish(leader, &batch).await?;
                published += batch.events.len();
            }
            if all && leader.streams.is_some() {
                // What was committed meanwhile has rung the bell: the next turn's, at its pace.
                return Ok(published);
            }
        }
    }

    /// The events in these places: those that this process has just written are here, the others are
    /// read.
    async fn read(
        &self,
        leader: &mut Leader,
        seqs: &[i64],
    ) -> Result<Vec<OutboxEvent>, RelayError> {
        let mut events = self.events.fresh().take(seqs);
        let others: Vec<i64> =
            seqs.iter().copied().filter(|seq| !events.contains_key(seq)).collect();
        if !others.is_empty() {
            let read = in_time(store::events_at(&mut leader.connection, &others)).await?;
            events.extend(read.into_iter().map(|event| (event.seq, event)));
        }
        Ok(events.into_values().collect())
    }

    async fn forget(&self, leader: &mut Leader) -> Result<(), RelayError> {
        if Instant::now() >= leader.forget_at {
            let age = Duration::from_secs(self.transport.settings().max_age_seconds);
            // Before the stream forgets them: what aged out must not look lost.
            let age = age.saturating_sub((2 * FORGET_EVERY).min(age / 2));
            within(BULK, store::forget_batches(&mut leader.connection, age.as_secs_f64())).await?;
            within(BULK, store::forget_answers(&mut leader.connection, idempotency::KEPT_HOURS))
                .await?;
            leader.forget_at = Instant::now() + FORGET_EVERY;
        }
        Ok(())
    }

    /// Compares the last receipt with what JetStream has, when the connection is another than
    /// before, when an ack came out of order, and every few seconds.
    async fn compare(&self, leader: &mut Leader) -> Result<(), RelayError> {
        self.transport.connected().await?;
        // Read before the comparison: what is made again during it is compared again.
        let connects = self.transport.connects();
        let same = leader.streams.as_ref().is_some_and(|streams| streams.connects == connects);
        if same && Instant::now() < leader.compare_at {
            return Ok(());
        }
        let streams = async {
            let events = self.transport.stream(EVENTS).await?;
            Ok((events, self.transport.stream(AUDIT).await?))
        };
        let (events, bundles) = self.transport.on_this_connection(streams).await?;
        let created = format!("{} {}", events.cached_info().created, bundles.cached_info().created);
        loop {
            let repeating = store::repeat_other_streams(&mut leader.connection, &created);
            let repeated = within(BULK, repeating).await?;
            if repeated == 0 {
                break;
            }
            tracing::warn!(service = %self.events.service(), repeated, "a stream was lost: publishing again");
        }
        let last_sequence = self.find_intact(leader, &events).await?;
        leader.streams = Some(Streams { created, connects, last_sequence });
        leader.compare_at = Instant::now() + COMPARE_EVERY;
        Ok(())
    }

    /// Goes back from the last receipt to one that JetStream still honours; what came after it is
    /// published again. A server that lost its tail lost it from one point on.
    async fn find_intact(&self, leader: &mut Leader, stream: &Stream) -> Result<u64, RelayError> {
        while let Some(batch) = in_time(store::last_batch(&mut leader.connection)).await? {
            let sequence = u64::try_from(batch.last_sequence).unwrap_or_default();
            let look = async {
                match stream.get_raw_message(sequence).await {
                    Ok(message) => {
                        Ok(message.headers.get(NATS_MESSAGE_ID).map(ToString::to_string))
                    }
                    Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
                    Err(error) => Err(TransportError::of(error)),
                }
            };
            let found = self.transport.on_this_connection(look).await?;
            if found.as_deref() == Some(batch.last_event_id.to_string().as_str()) {
                return Ok(sequence);
            }
            let repeated = in_time(store::repeat_batch(&mut leader.connection, batch.id)).await?;
            tracing::warn!(service = %self.events.service(), sequence, repeated, "JetStream lost a batch it acknowledged");
        }
        Ok(0)
    }

    async fn publish(&self, leader: &mut Leader, batch: &Batch) -> Result<(), RelayError> {
        let Some(streams) = leader.streams.as_mut() else {
            return Ok(());
        };
        let (jetstream, service) = (self.transport.jetstream(), self.events.service());
        let sending = async { Ok(publish::batch(jetstream, service, &batch.events).await) };
        let outcome = self.transport.on_this_connection(sending).await?;
        // Crash point 2: published, perhaps acknowledged, and nothing written down.
        if self.transport.connects() != streams.connects {
            // The server may be another, which acknowledged this and lost what came before. To
            // write this down now would hide that: compare first, publish this again.
            return Err(TransportError::reconnected().into());
        }
        if outcome.first_new.is_some_and(|first| first <= streams.last_sequence) {
            tracing::warn!(service = %self.events.service(), "the stream counts from further back: it lost its tail");
            leader.streams = None;
            return Ok(());
        }
        if let Some((sequence, last)) = outcome.last {
            let mut acknowledged = outcome.seqs.clone();
            acknowledged.sort_unstable();
            let receipt = Receipt {
                stream_created: &streams.created,
                last_sequence: i64::try_from(sequence).unwrap_or(i64::MAX),
                last_event: last,
                seqs: &acknowledged,
            };
            let (rows, left) = (batch.rows(), batch.left(&acknowledged));
            let settled = store::settle_batch(&mut leader.connection, &rows, &receipt, &left);
            in_time(settled).await?;
            streams.last_sequence = sequence.max(streams.last_sequence);
        }
        match outcome.reason {
            None => Ok(()),
            Some(reason) => Err(RelayError::NotAcknowledged {
                sent: batch.events.len(),
                missing: batch.events.len() - outcome.seqs.len(),
                reason,
            }),
        }
    }
}

/// Gives a small statement up whose connection is lost.
async fn in_time<T>(statement: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    within(DATABASE, statement).await
}

async fn within<T>(
    limit: Duration,
    statement: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    tokio::time::timeout(limit, statement)
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
}
