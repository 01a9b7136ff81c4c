//! The event store of one service: where its events are written.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use contract::envelope::{Commitments, EventHeader};
use contract::facts::NoDetails;
use contract::{
    Context, Envelope, EnvelopeError, Environment, EventId, Fact, Provenance, Sealed, Service,
    Version,
};
use sqlx::PgPool;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::Destination;
use crate::audit_message::EventWithParts;
use crate::outbox_cache::OutboxCache;
use crate::store::NewEvent;

/// The events of one service: where they are written.
#[derive(Clone, Debug)]
pub struct EventStore {
    service: Service,
    pool: PgPool,
    environment: Environment,
    audit: Arc<Outgoing>,
    facts: Arc<Outgoing>,
    /// How many units have written their events into a transaction that another commits.
    joined: Arc<AtomicU64>,
}

/// What a process tells its relay to one destination.
#[derive(Debug, Default)]
struct Outgoing {
    /// Notified after each commit; the relay of this process waits for it.
    committed: Notify,
    cache: OutboxCache,
}

impl EventStore {
    /// The events of this service. The pool's search path must be the service's schema.
    pub fn new(service: Service, pool: PgPool, environment: Environment) -> Self {
        Self {
            service,
            pool,
            environment,
            audit: Arc::default(),
            facts: Arc::default(),
            joined: Arc::default(),
        }
    }

    /// Makes an event ready to be written: all that can be done before its turn comes. A fact that has
    /// details takes [`EventStore::prepare_with`].
    ///
    /// # Errors
    /// When the event is too large to be one.
    pub fn prepare<F: Fact<Details = NoDetails>>(
        &self,
        provenance: &Provenance,
        stream: Uuid,
        version: Version,
        fact: &F,
    ) -> Result<NewEvent, EnvelopeError> {
        self.prepare_sealed(provenance, stream, version, fact, None)
    }

    /// The same for a fact with details: they are kept beside the event, which is bound to them by
    /// their hash under a salt of their own.
    ///
    /// # Errors
    /// When the event is too large to be one.
    pub fn prepare_with<F: Fact>(
        &self,
        provenance: &Provenance,
        stream: Uuid,
        version: Version,
        fact: &F,
        details: &F::Details,
    ) -> Result<NewEvent, EnvelopeError> {
        let details = Sealed::seal(details, &self.environment);
        self.prepare_sealed(provenance, stream, version, fact, Some(details))
    }

    fn prepare_sealed<F: Fact>(
        &self,
        provenance: &Provenance,
        stream: Uuid,
        version: Version,
        fact: &F,
        details: Option<Sealed>,
    ) -> Result<NewEvent, EnvelopeError> {
        let id: EventId = self.environment.new_id();
        let context = self.context(provenance, details.is_some());
        let commitments = Commitments {
            context: context.as_ref().map(Sealed::hash),
            details: details.as_ref().map(Sealed::hash),
        };
        let header =
            EventHeader { id, stream, version, time: self.environment.now(), source: self.service };
        let envelope = Envelope::of(&header, provenance, commitments, fact)?;
        let event = envelope.canonical()?.into();
        let with_parts = EventWithParts { event, context, details };
        Ok(NewEvent::new::<F>(&envelope, stream, with_parts))
    }

    /// The context under a salt of its own. What a service does by itself comes from nowhere, and still has one, an
    /// empty one, unless it has details: hashes of events are for everybody, and nobody is to guess an event from its
    /// hash, so that 256 random bits stand before each.
    fn context(&self, provenance: &Provenance, has_details: bool) -> Option<Sealed> {
        let none = Context::default();
        let context = provenance.context.as_ref().or((!has_details).then_some(&none));
        context.map(|context| Sealed::seal(context, &self.environment))
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

    /// Notifies the relays of this process that something was committed. [`crate::Unit::commit`] does it by itself.
    pub fn wake_relays(&self) {
        for destination in Destination::ALL {
            self.wake_relay(destination);
        }
    }

    pub(crate) fn wake_relay(&self, destination: Destination) {
        self.outgoing(destination).committed.notify_one();
    }

    fn outgoing(&self, destination: Destination) -> &Outgoing {
        match destination {
            Destination::Audit => &self.audit,
            Destination::Events => &self.facts,
        }
    }

    pub(crate) fn joined(&self) -> &AtomicU64 {
        &self.joined
    }

    pub(crate) fn committed(&self, destination: Destination) -> &Notify {
        &self.outgoing(destination).committed
    }

    pub(crate) fn outbox_cache(&self, destination: Destination) -> &OutboxCache {
        &self.outgoing(destination).cache
    }
}
