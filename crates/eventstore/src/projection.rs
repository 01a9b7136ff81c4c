//! Once, in order, without gaps: consuming events into Postgres.
//!
//! A [`Projection`] is given each event of its streams exactly once in effect: the position of each
//! stream is kept in the same transaction as what the projection writes. An event that was had is
//! passed over; one that comes too early is a proof that others are missing, and those are asked
//! for at once from their producer ([`gap`](crate::gap)). What nothing comes after is found by comparing
//! ([`projection_comparison`](crate::projection_comparison)).
//!
//! One stream must not hold up the others. A batch that fails or takes too long is halved until the stream
//! is alone that cannot be applied. That is *parked*: its position stays, what comes of it later waits
//! at its producer, whoever would decide on it refuses meanwhile, and it is tried again by the comparison, until it
//! can be applied.
//!
//! In reading order: `definition` (what a projection is), `applier` (events in one transaction), `handler` (a
//! batch taken apart).

mod applier;
mod definition;
mod handler;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub(crate) use self::applier::{Applier, Settled};
pub use self::definition::{Projection, ProjectionError};
use self::handler::Handler;
use crate::consumer::{self, ConsumerOptions};
use crate::event_store::EventStore;
use crate::gap::Repair;
use crate::transport::{EVENTS, Transport, TransportError};

/// How soon one batch may follow another, and a batch of many: others see this service's view so much later, at most.
const PACE: Duration = Duration::from_millis(5);
const BUSY_PACE: Duration = Duration::from_millis(25);

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
        busy_pace: BUSY_PACE,
    };
    let handler = Handler::new(Applier::new(events, repair, projection));
    consumer::run(&transport, &options, &handler, shutdown, report).await;
}
