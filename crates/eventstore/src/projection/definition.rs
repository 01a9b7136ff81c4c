//! What a projection is.

use async_trait::async_trait;
use contract::Envelope;
use contract::follows::Followed;
use sqlx::PgConnection;

use crate::unit::AppendError;

/// Why an event could not be applied. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The events that follow from it could not be recorded.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The event is not what its type says.
    #[error(transparent)]
    Envelope(#[from] contract::EnvelopeError),
    /// What must be there before it was not to be had.
    #[error("{0}")]
    Repair(String),
}

/// Code that keeps what events say in Postgres.
#[async_trait]
pub trait Projection: Send + Sync {
    /// What it follows, whose that is, and under which name. Whole streams, never single event types of
    /// one, because gaps could not be told from events that were filtered out.
    fn follows(&self) -> Followed;

    /// The durable name of its consumer.
    fn name(&self) -> &'static str {
        self.follows().durable
    }

    /// The subjects of what it follows.
    fn subjects(&self) -> Vec<String> {
        self.follows().subjects()
    }

    /// Applies one event, on the connection of the transaction that also moves the position.
    ///
    /// It is a small and constant amount of work, however large what the event is about has become: all other streams wait
    /// meanwhile. What follows in large numbers is noted, and done elsewhere, some at a time.
    async fn apply(
        &self,
        connection: &mut PgConnection,
        event: &Envelope,
    ) -> Result<(), ProjectionError>;
}
