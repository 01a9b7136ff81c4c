//! A turn of the leading relay: all that is in the outbox is published.

use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::batch::Batch;
use super::receipts::{self, Streams};
use super::state::{RelayError, RelayState};
use crate::event_store::EventStore;
use crate::store::{self, OutboxEvent, Receipt};
use crate::time_limit::in_time;
use crate::transport::{Transport, TransportError};
use crate::{idempotency, publish};

/// At most so many rows of the outbox are read at once.
const ROWS: usize = 512;

/// How often old batches and answers are forgotten.
const FORGET_EVERY: Duration = Duration::from_mins(10);

/// The relay that leads. As long as it lives, committed events are cached for it.
pub(super) struct Leader<'r> {
    events: &'r EventStore,
    transport: &'r Transport,
    connection: PgConnection,
    streams: Option<Streams>,
    forget_at: Instant,
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        self.events.outbox_cache().want(false);
    }
}

impl<'r> Leader<'r> {
    /// Leads, on the connection that holds the lock.
    pub(super) fn new(
        events: &'r EventStore,
        transport: &'r Transport,
        connection: PgConnection,
    ) -> Self {
        events.outbox_cache().want(true);
        Self { events, transport, connection, streams: None, forget_at: Instant::now() }
    }

    /// Nothing is known of the streams any more, and the session must not seem idle, however long
    /// JetStream is away.
    pub(super) async fn start_over(&mut self) -> Result<(), RelayError> {
        self.streams = None;
        Ok(in_time(self.connection.ping()).await?)
    }

    /// Publishes all that is in the outbox: how many events.
    pub(super) async fn turn(
        &mut self,
        shutdown: &CancellationToken,
        report: &mut (impl FnMut(Result<RelayState, &RelayError>) + Send),
    ) -> Result<usize, RelayError> {
        self.forget().await?;
        let mut published = 0;
        loop {
            let known = self.streams.take();
            let service = self.events.service();
            let compared =
                receipts::compare(known, &mut self.connection, self.transport, service).await?;
            self.streams = Some(compared);
            report(Ok(RelayState::Leading));
            let rows = in_time(store::next_in_outbox(&mut self.connection, ROWS)).await?;
            if rows.is_empty() || shutdown.is_cancelled() {
                return Ok(published);
            }
            let all = rows.len() < ROWS;
            let mut next = rows.into_iter().peekable();
            while next.peek().is_some() && self.streams.is_some() {
                let mut batch = Batch::default();
                while let Some(row) = next.next_if(|row| batch.has_room_for(row)) {
                    batch.add(row);
                }
                batch.events = self.read(&batch.seqs()).await?;
                self.publish(&batch).await?;
                published += batch.events.len();
            }
            if all && self.streams.is_some() {
                // What was committed meanwhile has woken the relay again: it is the next turn's, at its pace.
                return Ok(published);
            }
        }
    }

    /// The events with these sequence numbers: those that this process has just committed are cached, the
    /// others are read.
    async fn read(&mut self, seqs: &[i64]) -> Result<Vec<OutboxEvent>, RelayError> {
        let mut events = self.events.outbox_cache().take(seqs);
        let others: Vec<i64> =
            seqs.iter().copied().filter(|seq| !events.contains_key(seq)).collect();
        if !others.is_empty() {
            let read = in_time(store::events_at(&mut self.connection, &others)).await?;
            events.extend(read.into_iter().map(|event| (event.seq, event)));
        }
        Ok(events.into_values().collect())
    }

    async fn forget(&mut self) -> Result<(), RelayError> {
        if Instant::now() >= self.forget_at {
            let age = Duration::from_secs(self.transport.settings().max_age_seconds);
            // Before the stream forgets them: what aged out must not look lost.
            let age = age.saturating_sub((2 * FORGET_EVERY).min(age / 2));
            let (age, hours) = (age.as_secs_f64(), idempotency::KEPT_HOURS);
            while in_time(store::forget_batches(&mut self.connection, age)).await? {}
            while in_time(store::forget_answers(&mut self.connection, hours)).await? {}
            self.forget_at = Instant::now() + FORGET_EVERY;
        }
        Ok(())
    }

    async fn publish(&mut self, batch: &Batch) -> Result<(), RelayError> {
        let Some(streams) = self.streams.as_mut() else {
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
            self.streams = None;
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
            let settled = store::settle_batch(&mut self.connection, &rows, &receipt, &left);
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
