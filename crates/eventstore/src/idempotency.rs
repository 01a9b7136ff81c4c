//! Answers to creating requests that carried an Idempotency-Key, written in the transaction of the
//! change that they answer. Never with a secret in them: the hash is all that is kept of one.

use sqlx::PgPool;

use crate::store;

/// For how long an answer is kept, in hours.
pub const KEPT_HOURS: i32 = 24;

/// An answer to remember.
#[derive(Debug, Clone)]
pub struct IdempotencyRecord {
    /// Whose key it is: keys of different callers never meet.
    pub scope: String,
    /// The key.
    pub key: String,
    /// SHA-256 over method, path and body.
    pub fingerprint: Vec<u8>,
    /// The HTTP status.
    pub status: i16,
    /// The `Location` header.
    pub location: Option<String>,
    /// The body, without secrets.
    pub body: serde_json::Value,
}

/// An answer that was remembered.
#[derive(Debug, Clone)]
pub struct StoredAnswer {
    /// SHA-256 over method, path and body of the request it answered.
    pub fingerprint: Vec<u8>,
    /// The HTTP status.
    pub status: i16,
    /// The `Location` header.
    pub location: Option<String>,
    /// The body, without secrets.
    pub body: serde_json::Value,
}

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
