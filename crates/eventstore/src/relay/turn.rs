//! A turn of the leading relay: all that is in the outbox for its destination is published.

use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::batch::Batch;
use super::receipts::{self, Published};
use super::state::{RelayError, RelayState};
use crate::Destination;
use crate::event_store::EventStore;
use crate::publish::Refusal;
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
    destination: Destination,
    transport: &'r Transport,
    connection: PgConnection,
    /// What is known of the stream; none if it must be compared.
    published: Option<Published>,
    forget_at: Instant,
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        self.events.outbox_cache(self.destination).want(false);
    }
}

impl<'r> Leader<'r> {
    /// Leads, on the connection that holds the lock.
    pub(super) fn new(
        events: &'r EventStore,
        destination: Destination,
        transport: &'r Transport,
        connection: PgConnection,
    ) -> Self {
        events.outbox_cache(destination).want(true);
        let forget_at = Instant::now();
        Self { events, destination, transport, connection, published: None, forget_at }
    }

    /// Nothing is known of the stream any more, and the session must not seem idle, however long
    /// JetStream is away.
    pub(super) async fn start_over(&mut self) -> Result<(), RelayError> {
        self.published = None;
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
            let known = self.published.take();
            let (service, destination) = (self.events.service(), self.destination);
            let connection = &mut self.connection;
            let compared =
                receipts::compare(known, connection, self.transport, service, destination).await?;
            self.published = Some(compared);
            let waiting = store::next_in_outbox(&mut self.connection, destination, ROWS);
            let rows = in_time(waiting).await?;
            if rows.is_empty() || shutdown.is_cancelled() {
                report(Ok(RelayState::Leading));
                return Ok(published);
            }
            let all = rows.len() < ROWS;
            let mut next = rows.into_iter().peekable();
            while next.peek().is_some() && self.published.is_some() {
                let mut batch = Batch::default();
                while let Some(row) = next.next_if(|row| batch.has_room_for(row)) {
                    batch.add(row);
                }
                batch.events = self.read(&batch.seqs()).await?;
                self.publish(&batch).await?;
                // Not before: a stream that answers may still take nothing.
                report(Ok(RelayState::Leading));
                published += batch.events.len();
            }
            if all && self.published.is_some() {
                // What was committed meanwhile has woken the relay again: it is the next turn's, at its pace.
                return Ok(published);
            }
        }
    }

    /// The events with these sequence numbers: those that this process has just committed are cached, the
    /// others are read.
    async fn read(&mut self, seqs: &[i64]) -> Result<Vec<OutboxEvent>, RelayError> {
        let mut events = self.events.outbox_cache(self.destination).take(seqs);
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
            while in_time(store::forget_batches(&mut self.connection, self.destination, age))
                .await?
            {}
            while in_time(store::forget_answers(&mut self.connection, hours)).await? {}
            self.forget_at = Instant::now() + FORGET_EVERY;
        }
        Ok(())
    }

    async fn publish(&mut self, batch: &Batch) -> Result<(), RelayError> {
        let Some(known) = self.published.as_mut() else {
            return Ok(());
        };
        let (jetstream, service) = (self.transport.jetstream(), self.events.service());
        let sending = async {
            Ok(match self.destination {
                Destination::Audit => publish::to_audit(jetstream, service, &batch.events).await,
                Destination::Events => publish::one_by_one(jetstream, &batch.events).await,
            })
        };
        let outcome = self.transport.on_this_connection(sending).await?;
        // Crash point 2: published, perhaps acknowledged, and nothing written down.
        if self.transport.connects() != known.connects {
            // The server may be another, which acknowledged this and lost what came before. To
            // write this down now would hide that: compare first, publish this again.
            return Err(TransportError::reconnected().into());
        }
        if outcome.first_new.is_some_and(|first| first <= known.last_sequence) {
            tracing::warn!(service = %self.events.service(), "the stream counts from further back: it lost its tail");
            self.published = None;
            return Ok(());
        }
        if let Some((sequence, last)) = outcome.last {
            let mut acknowledged = outcome.seqs.clone();
            acknowledged.sort_unstable();
            let receipt = Receipt {
                destination: self.destination,
                stream_created: &known.created,
                last_sequence: i64::try_from(sequence).unwrap_or(i64::MAX),
                last_event: last,
                seqs: &acknowledged,
            };
            let (rows, left) = (batch.rows(), batch.left(&acknowledged));
            let settled = store::settle_batch(&mut self.connection, &rows, &receipt, &left);
            in_time(settled).await?;
            known.last_sequence = sequence.max(known.last_sequence);
        }
        match outcome.refusal {
            None => Ok(()),
            Some(Refusal { reason, full }) => Err(RelayError::NotAcknowledged {
                sent: batch.events.len(),
                missing: batch.events.len() - outcome.seqs.len(),
                reason,
                full,
            }),
        }
    }
}
