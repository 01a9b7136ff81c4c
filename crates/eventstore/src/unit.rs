//! One change: state and events that become true together or not at all.

use contract::envelope::Place;
use contract::{Envelope, EnvelopeError, EventId, Fact, Provenance, SealedContext, Version};
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use crate::EventStore;
use crate::idempotency::IdempotencyRecord;
use crate::store::{self, NewEvents};

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
    /// A transaction of its own.
    Own(Transaction<'static, Postgres>),
    /// A transaction that someone else ends.
    Joined(&'c mut PgConnection),
}

/// A change that is being made. Made by [`EventStore::begin`] or [`EventStore::join`].
pub struct Unit<'c> {
    store: EventStore,
    link: Link<'c>,
    provenance: Provenance,
    events: NewEvents,
    answer: Option<IdempotencyRecord>,
}

impl std::fmt::Debug for Unit<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unit")
            .field("service", &self.store.service())
            .finish_non_exhaustive()
    }
}

impl Unit<'static> {
    pub(crate) fn new(store: EventStore, provenance: Provenance) -> Self {
        Self {
            store,
            link: Link::Idle,
            provenance,
            events: NewEvents::default(),
            answer: None,
        }
    }
}

impl<'c> Unit<'c> {
    pub(crate) fn joining(
        store: EventStore,
        connection: &'c mut PgConnection,
        provenance: Provenance,
    ) -> Self {
        Self {
            store,
            link: Link::Joined(connection),
            provenance,
            events: NewEvents::default(),
            answer: None,
        }
    }

    /// The connection on which to read and write the state, inside the transaction.
    ///
    /// # Errors
    /// When the transaction cannot be begun.
    pub async fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        if matches!(self.link, Link::Idle) {
            self.link = Link::Own(self.store.pool().begin().await?);
        }
        match &mut self.link {
            Link::Own(transaction) => Ok(transaction),
            Link::Joined(connection) => Ok(connection),
            Link::Idle => unreachable!("the branch above left no idle link"),
        }
    }

    /// Who does it and why, unless [`Unit::record_as`] says otherwise.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Records an event of the stream. Written by [`Unit::commit`].
    ///
    /// # Errors
    /// When the event is too large to be one.
    pub fn record<F: Fact>(
        &mut self,
        stream: Uuid,
        version: Version,
        fact: &F,
    ) -> Result<EventId, AppendError> {
        let provenance = self.provenance.clone();
        self.record_as(&provenance, stream, version, fact)
    }

    /// Records an event with another provenance than the unit's.
    ///
    /// # Errors
    /// When the event is too large to be one.
    pub fn record_as<F: Fact>(
        &mut self,
        provenance: &Provenance,
        stream: Uuid,
        version: Version,
        fact: &F,
    ) -> Result<EventId, AppendError> {
        let environment = self.store.environment();
        let id: EventId = environment.new_id();
        let time = environment.now();
        let context = provenance
            .context
            .as_ref()
            .map(|context| SealedContext::seal(context, environment));
        let hash = context.as_ref().map(SealedContext::hash);
        let place = Place {
            id,
            stream,
            version,
            time,
            source: self.store.service(),
        };
        let envelope = Envelope::of(&place, provenance, hash, fact)?;
        let bytes = envelope.canonical()?;
        self.events.push::<F>(&envelope, stream, bytes, context);
        Ok(id)
    }

    /// Remembers the answer to a request with an Idempotency-Key, so that its repetition is
    /// answered the same and carried out once.
    pub fn remember(&mut self, answer: Option<IdempotencyRecord>) {
        self.answer = answer;
    }

    /// Makes the change: state, events, outbox and answer become true at once, then the relay is woken.
    ///
    /// # Errors
    /// See [`AppendError`]; nothing of the change was made then.
    pub async fn commit(mut self) -> Result<(), AppendError> {
        if self.events.is_empty() {
            return Err(AppendError::NoEvent);
        }
        // Crash point: anywhere up to the COMMIT, Postgres rolls all of it back.
        if matches!(self.link, Link::Idle) && self.answer.is_none() {
            // Events alone are one statement, which is its own transaction: one round trip.
            let mut connection = self.store.pool().acquire().await?;
            store::insert_events(&mut connection, &self.events).await?;
        } else {
            self.write().await?;
            match self.link {
                Link::Own(transaction) => transaction.commit().await?,
                Link::Idle | Link::Joined(_) => return Ok(()),
            }
        }
        // Crash point: committed, not published. The outbox row stays; the next relay finds it.
        self.store.wake_relay();
        Ok(())
    }

    /// Writes the events into a joined transaction, which its owner ends.
    ///
    /// # Errors
    /// See [`AppendError`]; the transaction must be rolled back then.
    pub async fn flush(mut self) -> Result<(), AppendError> {
        if self.events.is_empty() {
            return Err(AppendError::NoEvent);
        }
        self.write().await
    }

    async fn write(&mut self) -> Result<(), AppendError> {
        let events = std::mem::take(&mut self.events);
        let answer = self.answer.take();
        let connection = self.connection().await?;
        if let Some(answer) = &answer {
            store::insert_answer(connection, answer).await?;
        }
        store::insert_events(connection, &events).await?;
        Ok(())
    }
}
