//! Unit of work: state and events that become true together or not at all.

use std::sync::atomic::Ordering;

use contract::facts::{EventClass, NoDetails};
use contract::{EnvelopeError, EventId, Fact, Provenance, Version};
use sqlx::{Connection, PgConnection, Postgres, Transaction};
use uuid::Uuid;

use crate::Destination;
use crate::event_store::EventStore;
use crate::idempotency::IdempotencyRecord;
use crate::store::insert::{EventColumns, EventsAlone, InsertWithEvents, Sequences};
use crate::store::{self, NewEvent, NewEvents};

/// Why a change was not made. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Someone else changed the stream first: load again and decide again.
    #[error("the stream was changed by someone else at the same time")]
    Conflict,
    /// A request with the same Idempotency-Key was carried out first.
    #[error("a request with this Idempotency-Key was carried out already")]
    AlreadyHandled,
    /// The event cannot be one, for example for its size.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// A change without an event: a mistake in the code that made it.
    #[error("a change without an event is refused")]
    NoEvent,
    /// The database failed or refused.
    #[error("the database failed: {0}")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for AppendError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(cause) if cause.constraint() == Some("events_stream_id_version_key") => {
                Self::Conflict
            }
            Some(cause) if cause.constraint() == Some("idempotency_keys_pkey") => {
                Self::AlreadyHandled
            }
            // Two writers of the same streams in opposite order: Postgres chose one to give way.
            Some(cause) if cause.code().as_deref() == Some("40P01") => Self::Conflict,
            // MD002: the version before this one is not there. Its writer lost a race of its own.
            Some(cause) if cause.code().as_deref() == Some("MD002") => Self::Conflict,
            _ => Self::Database(error),
        }
    }
}

enum Link<'c> {
    /// Nothing was sent yet.
    Idle,
    /// Nothing was sent yet, and this is where it will be.
    Lent(&'c mut PgConnection),
    /// A transaction of its own.
    Own(Transaction<'c, Postgres>),
    /// A transaction that someone else ends.
    Joined(&'c mut PgConnection),
}

/// A change that is being made. Made by [`EventStore::begin`] or [`EventStore::join`].
pub struct Unit<'c> {
    store: EventStore,
    link: Link<'c>,
    provenance: Provenance,
    events: NewEvents,
    answers: Vec<IdempotencyRecord>,
    /// Whether events were written that the relays must read from the tables.
    written: bool,
}

impl std::fmt::Debug for Unit<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unit").field("service", &self.store.service()).finish_non_exhaustive()
    }
}

impl EventStore {
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
}

impl Unit<'static> {
    pub(crate) fn new(store: EventStore, provenance: Provenance) -> Self {
        Self {
            store,
            link: Link::Idle,
            provenance,
            events: NewEvents::default(),
            answers: Vec::new(),
            written: false,
        }
    }
}

impl<'c> Unit<'c> {
    pub(crate) fn lent(
        store: EventStore,
        connection: &'c mut PgConnection,
        provenance: Provenance,
    ) -> Self {
        Self { link: Link::Lent(connection), ..Unit::new(store, provenance) }
    }

    pub(crate) fn joining(
        store: EventStore,
        connection: &'c mut PgConnection,
        provenance: Provenance,
    ) -> Self {
        Self { link: Link::Joined(connection), ..Unit::new(store, provenance) }
    }

    /// The connection on which to read and write the state, inside the transaction.
    ///
    /// # Errors
    /// When the transaction cannot be begun.
    pub async fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        self.link = match std::mem::replace(&mut self.link, Link::Idle) {
            Link::Idle => Link::Own(self.store.pool().begin().await?),
            Link::Lent(connection) => Link::Own(connection.begin().await?),
            begun => begun,
        };
        match &mut self.link {
            Link::Own(transaction) => Ok(transaction),
            Link::Joined(connection) => Ok(connection),
            Link::Idle | Link::Lent(_) => unreachable!("the transaction was begun above"),
        }
    }

    /// Who does it and why, unless [`Unit::record_as`] says otherwise.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Records an event of the stream. Written by [`Unit::commit`]. A fact that has details takes
    /// [`Unit::record_with`].
    ///
    /// # Errors
    /// When the event is too large to be one.
    pub fn record<F: Fact<Details = NoDetails>>(
        &mut self,
        stream: Uuid,
        version: Version,
        fact: &F,
    ) -> Result<EventId, AppendError> {
        let provenance = self.provenance.clone();
        self.record_as(&provenance, stream, version, fact)
    }

    /// Records an event of the stream with its details: what people typed, kept beside it.
    ///
    /// # Errors
    /// When the event is too large to be one.
    pub fn record_with<F: Fact>(
        &mut self,
        stream: Uuid,
        version: Version,
        fact: &F,
        details: &F::Details,
    ) -> Result<EventId, AppendError> {
        let event = self.store.prepare_with(&self.provenance, stream, version, fact, details)?;
        let id = event.id();
        self.add(event);
        Ok(id)
    }

    /// Records an event with another provenance than the unit's.
    ///
    /// # Errors
    /// When the event is too large to be one.
    pub fn record_as<F: Fact<Details = NoDetails>>(
        &mut self,
        provenance: &Provenance,
        stream: Uuid,
        version: Version,
        fact: &F,
    ) -> Result<EventId, AppendError> {
        let event = self.store.prepare(provenance, stream, version, fact)?;
        let id = event.id();
        self.add(event);
        Ok(id)
    }

    /// Records an event that was prepared before.
    pub fn add(&mut self, event: NewEvent) {
        self.events.push(event);
    }

    /// Writes what was recorded so far, in the transaction that [`Unit::commit`] ends: a change of very many
    /// events is neither one statement nor all in memory.
    ///
    /// # Errors
    /// See [`AppendError`]; the unit must be dropped then.
    pub async fn write_recorded(&mut self) -> Result<(), AppendError> {
        if !self.events.is_empty() {
            self.write(&EventsAlone).await?;
            self.events = NewEvents::default();
            self.written = true;
        }
        Ok(())
    }

    /// Remembers the answer to a request with an Idempotency-Key, so that its repetition is
    /// answered the same and carried out once.
    pub fn remember(&mut self, answer: Option<IdempotencyRecord>) {
        self.answers.extend(answer);
    }

    /// Makes the change: state, events, outbox and answer become true at once, then the relays are woken.
    ///
    /// In a joined transaction they are written only: its owner commits it and then wakes the relay, or rolls it
    /// back if this fails.
    ///
    /// # Errors
    /// See [`AppendError`]; nothing of the change was made then.
    pub async fn commit(self) -> Result<(), AppendError> {
        self.commit_with(&EventsAlone).await
    }

    /// The same, with state that is written by the statement that records the events.
    ///
    /// # Errors
    /// See [`AppendError`]; nothing of the change was made then.
    pub async fn commit_with(mut self, state: &impl InsertWithEvents) -> Result<(), AppendError> {
        if self.events.is_empty() && !self.written {
            return Err(AppendError::NoEvent);
        }
        let seqs;
        // Crash point: anywhere up to the COMMIT, Postgres rolls all of it back.
        match self.link {
            // One statement is its own transaction: one round trip.
            Link::Idle if self.answers.is_empty() => {
                let mut connection = self.store.pool().acquire().await?;
                let columns = EventColumns::of(&self.events);
                seqs = state.insert(&mut connection, &columns).await?;
            }
            Link::Lent(connection) if self.answers.is_empty() => {
                let columns = EventColumns::of(&self.events);
                seqs = state.insert(connection, &columns).await?;
            }
            _ => {
                seqs = self.write(state).await?;
                match self.link {
                    Link::Own(transaction) => transaction.commit().await?,
                    Link::Idle | Link::Lent(_) | Link::Joined(_) => return Ok(()),
                }
            }
        }
        if seqs.is_empty() && !self.written {
            return Err(AppendError::Conflict);
        }
        // Crash point: committed, not published. The outbox rows stay; the next relays find them.
        hand_over(&self.store, self.events, &seqs, self.written);
        Ok(())
    }

    /// Writes the events into a joined transaction, which its owner ends.
    ///
    /// # Errors
    /// See [`AppendError`]; the transaction must be rolled back then.
    pub async fn flush(mut self) -> Result<(), AppendError> {
        if self.events.is_empty() && !self.written {
            return Err(AppendError::NoEvent);
        }
        self.write(&EventsAlone).await?;
        Ok(())
    }

    /// Writes state, events and answers.
    async fn write(&mut self, state: &impl InsertWithEvents) -> Result<Sequences, AppendError> {
        let events = std::mem::take(&mut self.events);
        let answers = std::mem::take(&mut self.answers);
        let connection = self.connection().await?;
        if !answers.is_empty() {
            store::insert_answers(connection, &answers).await?;
        }
        if events.is_empty() {
            // All were written before.
            return Ok(Sequences::new());
        }
        let columns = EventColumns::of(&events);
        let seqs = state.insert(connection, &columns).await?;
        if seqs.is_empty() {
            return Err(AppendError::Conflict);
        }
        if matches!(self.link, Link::Joined(_)) {
            // Whoever commits wakes the relays then.
            self.store.joined().fetch_add(1, Ordering::Relaxed);
        }
        self.events = events;
        Ok(seqs)
    }
}

/// Hands what was committed to the relays of this process. Records alone are nothing to the relay of facts.
/// What was `written` before the end it finds in the tables.
fn hand_over(store: &EventStore, events: NewEvents, seqs: &Sequences, written: bool) {
    let have_facts = written || events.have_facts();
    let audit = store.outbox_cache(Destination::Audit);
    let facts = store.outbox_cache(Destination::Events);
    if audit.wanted() || facts.wanted() {
        let mut written = Vec::new();
        for (class, event) in events.written(seqs) {
            if class == EventClass::Fact && facts.wanted() {
                facts.put([event.alone()]);
            }
            written.push(event);
        }
        if audit.wanted() {
            audit.put(written);
        }
    }
    store.wake_relay(Destination::Audit);
    if have_facts {
        store.wake_relay(Destination::Events);
    }
}
