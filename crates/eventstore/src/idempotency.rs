//! Answers to creating requests that carried an Idempotency-Key, written in the transaction of the
//! change that they answer. Never with a secret in them: the hash is all that is kept of one.

use sqlx::PgPool;

use crate::store;
pub use crate::store::{IdempotencyRecord, StoredAnswer};

/// For how long an answer is kept, in hours.
pub(crate) const KEPT_HOURS: i32 = 24;

/// The answer that was given to this key before.
///
/// # Errors
/// When the database fails.
pub async fn find(
    pool: &PgPool,
    scope: &str,
    key: &str,
) -> Result<Option<StoredAnswer>, sqlx::Error> {
    store::find_answer(pool, scope, key).await
}
