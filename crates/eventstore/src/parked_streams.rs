//! Parked streams, as they are told to operators.

use std::time::Duration;

use sqlx::PgPool;
use uuid::Uuid;

use crate::store::{self, AllParked};

/// Streams of which a projection could not apply an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedStreams {
    /// How many.
    pub count: u64,
    /// Which one is parked for the longest time.
    pub first: Uuid,
    /// For how long.
    pub age: Duration,
    /// Why, since it was last tried.
    pub reason: String,
}

impl ParkedStreams {
    /// The parked streams of the projection with this name. `None` if there are none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(pool: &PgPool, projection: &str) -> Result<Option<Self>, sqlx::Error> {
        let AllParked { count, first_stream, first_reason, age_secs } =
            store::all_parked(pool, projection).await?;
        Ok(first_stream.map(|first| Self {
            count: count.unsigned_abs(),
            first,
            age: Duration::try_from_secs_f64(age_secs.unwrap_or_default()).unwrap_or_default(),
            reason: first_reason.unwrap_or_default(),
        }))
    }
}

impl std::fmt::Display for ParkedStreams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { count, first, age, reason } = self;
        write!(f, "{count} parked, stream {first} for {} s: {reason}", age.as_secs())
    }
}
