//! Events: written in the same Postgres transaction as the change, relayed over JetStream, and
//! consumed with an effect of exactly once.
//!
//! # Writing
//!
//! ```text
//! let mut unit = events.begin(&provenance);
//! store::insert_app(unit.connection().await?, &app).await?;   // the state
//! unit.record(app.id.uuid(), Version::FIRST, &AppCreated { … })?;
//! unit.commit().await?;                                        // both, or neither
//! ```
//!
//! [`Unit`] has no other way out: a unit without events is refused, a unit that is dropped is
//! rolled back. Two writers of one stream cannot both take a version ([`AppendError::Conflict`]).
//!
//! # On its way
//!
//! [`relay`] publishes what [`Unit`] left in the outbox, in order, and deletes it once JetStream
//! has acknowledged. JetStream may lose what it acknowledged: the relay remembers what that was,
//! compares, and publishes again. Every crash point is named there.
//!
//! # Reading
//!
//! [`consumer`] delivers batches from a durable consumer, again and again until they are dealt
//! with. [`projection`] turns that into "once, in order, without holes" for code that keeps its
//! state in Postgres. [`producer`] answers those who found a hole. [`durables`] are for readers
//! outside.

pub mod bundle;
pub mod consumer;
pub mod dedicated_connection;
pub mod durables;
mod fresh;
pub mod idempotency;
pub mod producer;
pub mod projection;
mod publish;
pub mod relay;
mod store;
pub mod transport;
mod unit;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use contract::envelope::{Commitments, EventHeader};
use contract::{
    Envelope, EnvelopeError, Environment, EventId, Fact, Provenance, Sealed, Service, Version,
};
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use durables::Durable;
pub use idempotency::IdempotencyRecord;
pub use projection::{Projection, ProjectionError};
pub use store::NewEvent;
pub use store::insert::{EventColumns, InsertWithEvents, Places};
pub use transport::{Transport, TransportSettings};
pub use unit::{AppendError, Unit};

use crate::fresh::Fresh;

/// For how long what is under way may come to its end after the shutdown was asked for. What is cut
/// off then is found undone and done again, as after a crash.
const GRACE: Duration = Duration::from_secs(2);

/// Ends some time after the token was cancelled.
async fn grace_is_over(shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

/// The events of one service: where they are written.
#[derive(Clone, Debug)]
pub struct EventStore {
    service: Service,
    pool: PgPool,
    environment: Environment,
    /// Rung after each commit; the relay of this process listens.
    committed: Arc<Notify>,
    /// How many units have written their events into a transaction that another commits.
    joined: Arc<AtomicU64>,
    fresh: Arc<Fresh>,
}

impl EventStore {
    /// The events of this service. The pool's search path must be the service's schema.
    pub fn new(service: Service, pool: PgPool, environment: Environment) -> Self {
        Self {
            service,
            pool,
            environment,
            committed: Arc::new(Notify::new()),
            joined: Arc::default(),
            fresh: Arc::default(),
        }
    }

    /// Begins a change: state and events that become true together. Nothing is sent to the
    /// database before [`Unit::connection`] or [`Unit::commit`].
    pub fn begin(&self, provenance: &Provenance) -> Unit<'static> {
        Unit::new(self.clone(), provenance.clone())
    }

    /// The same as [`EventStore::begin`], on a connection that the caller keeps.
    pub fn begin_on<'c>(
        &self,
        connection: &'c mut sqlx::PgConnection,
        provenance: &Provenance,
    ) -> Unit<'c> {
        Unit::lent(self.clone(), connection, provenance.clone())
    }

    /// Joins a transaction that is already open, such as a projection's: the events become true
    /// with it. End it by [`Unit::flush`].
    pub fn join<'c>(
        &self,
        connection: &'c mut sqlx::PgConnection,
        provenance: &Provenance,
    ) -> Unit<'c> {
        Unit::joining(self.clone(), connection, provenance.clone())
    }

    /// Makes an event ready to be written: all that can be done before its turn comes.
    ///
    /// # Errors
    /// When the event is too large to be one.
    pub fn prepare<F: Fact>(
        &self,
        provenance: &Provenance,
        stream: Uuid,
        version: Version,
        fact: &F,
    ) -> Result<NewEvent, EnvelopeError> {
        let id: EventId = self.environment.new_id();
        let context = provenance.context.as_ref();
        let context = context.map(|context| Sealed::seal(context, &self.environment));
        let hash = context.as_ref().map(Sealed::hash);
        let header =
            EventHeader { id, stream, version, time: self.environment.now(), source: self.service };
        let envelope =
            Envelope::of(&header, provenance, Commitments { context: hash, details: None }, fact)?;
        let bytes = envelope.canonical()?;
        Ok(NewEvent::new::<F>(&envelope, stream, bytes, context))
    }

    /// The service whose events these are.
    pub fn service(&self) -> Service {
        self.service
    }

    /// The database.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Clock, randomness and ids.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Rings the bell that wakes the relay of this process. [`Unit::commit`] does it by itself.
    pub fn wake_relay(&self) {
        self.committed.notify_one();
    }

    pub(crate) fn joined(&self) -> &AtomicU64 {
        &self.joined
    }

    pub(crate) fn committed(&self) -> &Notify {
        &self.committed
    }

    pub(crate) fn fresh(&self) -> &Fresh {
        &self.fresh
    }
}
