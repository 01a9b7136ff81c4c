//! Transactional outbox relay, from the outbox to JetStream: one leader per service and destination, in order,
//! again until acknowledged.
//!
//! JetStream acknowledges before it syncs, its stream can be deleted and its disk wiped. So an ack
//! is a receipt to be compared, not a proof: each acknowledged batch is remembered with the
//! sequence number JetStream gave it, and when that holds something else, everything from there on is
//! published again. Consumers do not mind: they know events by stream and version.
//!
//! # Crash points
//!
//! 1. Before the publish: the outbox row is there; the next leader publishes it.
//! 2. Between publish and ack, or between ack and `store::settle_batch`: the row is still there;
//!    it is published a second time and deduplicated by its `Nats-Msg-Id`, or by the consumers.
//! 3. After the settling: JetStream has it, and the batch's sequence number is remembered.
//!
//! Recovery takes the live path: the start is the same loop as every later turn.
//!
//! The leader holds a session lock of Postgres on a connection of its own. Two relays at once (the
//! old leader's session is cut and it has not noticed yet) do no harm: both publish, one deletes.
//!
//! In reading order: `state` (what it tells), `leadership` (standing for leader), `turn` (what the leader
//! does), over `batch` (what is published together) and `receipts` (what was acknowledged, and still holds).

mod batch;
mod leadership;
mod receipts;
mod state;
mod turn;

use std::time::Duration;

use futures::{FutureExt, StreamExt};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use self::state::{RelayError, RelayState};
use self::turn::Leader;
use crate::Destination;
use crate::event_store::EventStore;
use crate::grace_period;
use crate::transport::{Transport, TransportError};

/// The slow poll behind the wake-ups: finds what another process committed when its message was lost.
const POLL: Duration = Duration::from_secs(1);

/// The least time between two turns, and after a turn with many events. Whatever is committed
/// meanwhile is published together: a turn costs the same for one event as for many. The first event
/// after a quiet time does not wait.
const PACE: Duration = Duration::from_millis(2);
const BUSY_PACE: Duration = Duration::from_millis(16);
/// So many events in a turn are many.
const BUSY: usize = 16;

/// How long to wait after a turn that failed. Nothing shortens it: under load a wake-up is always there.
const AFTER_FAILURE: Duration = Duration::from_millis(200);

/// The relay of one service to one destination.
pub struct Relay {
    events: EventStore,
    destination: Destination,
    transport: Transport,
}

impl Relay {
    /// The relay of these events to there.
    pub fn new(events: EventStore, destination: Destination, transport: Transport) -> Self {
        Self { events, destination, transport }
    }

    /// The subject that wakes the leader when another process has committed.
    pub fn wake_subject(&self) -> String {
        leadership::wake_subject(&self.events)
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
            () = grace_period::is_over(&shutdown) => Ok(()),
            ended = self.stand_and_lead(&shutdown, &mut report) => ended,
        }
    }

    async fn stand_and_lead(
        &self,
        shutdown: &CancellationToken,
        report: &mut (impl FnMut(Result<RelayState, &RelayError>) + Send),
    ) -> Result<(), RelayError> {
        let elected =
            leadership::stand(&self.events, self.destination, &self.transport, shutdown, report)
                .await?;
        let Some(connection) = elected else {
            return Ok(());
        };
        let leader = Leader::new(&self.events, self.destination, &self.transport, connection);
        self.lead(leader, shutdown, report).await
    }

    async fn lead(
        &self,
        mut leader: Leader<'_>,
        shutdown: &CancellationToken,
        report: &mut (impl FnMut(Result<RelayState, &RelayError>) + Send),
    ) -> Result<(), RelayError> {
        let mut wake_ups = self
            .transport
            .client()
            .subscribe(self.wake_subject())
            .await
            .map_err(TransportError::of)?;
        let mut wait = Duration::ZERO;
        let mut failed = false;
        let mut next = Instant::now();
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                () = self.events.committed(self.destination).notified(), if !failed => {}
                Some(_) = wake_ups.next(), if !failed => {}
                () = tokio::time::sleep(wait) => {}
            }
            tokio::time::sleep_until(next).await;
            let began = Instant::now();
            // One turn answers all the wake-ups that came so far.
            while let Some(Some(_)) = wake_ups.next().now_or_never() {}
            let turn = leader.turn(shutdown, report).await;
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
                    tracing::warn!(service = %self.events.service(), destination = self.destination.name(), %error, "the relay could not publish");
                    leader.start_over().await?;
                    AFTER_FAILURE
                }
            };
        }
    }
}
