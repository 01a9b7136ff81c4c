//! Answers to requests with an Idempotency-Key.

use contract::Version;
use sqlx::{PgConnection, PgExecutor};

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
    /// The version that the `ETag` header names.
    pub version: Option<Version>,
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
    /// The version that the `ETag` header names.
    pub version: Option<Version>,
    /// The body, without secrets.
    pub body: serde_json::Value,
}

pub(crate) async fn insert_answers(
    connection: &mut PgConnection,
    answers: &[IdempotencyRecord],
) -> Result<(), sqlx::Error> {
    fn column<'a, T>(
        answers: &'a [IdempotencyRecord],
        of: impl Fn(&'a IdempotencyRecord) -> T,
    ) -> Vec<T> {
        answers.iter().map(of).collect()
    }
    sqlx::query!(
        "INSERT INTO idempotency_keys (scope, key, fingerprint, status, location, version, body)
         SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::smallint[], $5::text[], $6::bigint[],
             $7::jsonb[])",
        &column(answers, |answer| answer.scope.as_str()) as &[&str],
        &column(answers, |answer| answer.key.as_str()) as &[&str],
        &column(answers, |answer| answer.fingerprint.as_slice()) as &[&[u8]],
        &column(answers, |answer| answer.status),
        &column(answers, |answer| answer.location.as_deref()) as &[Option<&str>],
        &column(answers, |answer| answer.version.map(Version::number)) as &[Option<i64>],
        &column(answers, |answer| answer.body.clone()),
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn find_answer(
    executor: impl PgExecutor<'_>,
    scope: &str,
    key: &str,
) -> Result<Option<StoredAnswer>, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT fingerprint, status, location, version, body FROM idempotency_keys
         WHERE scope = $1 AND key = $2",
        scope,
        key
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| StoredAnswer {
        fingerprint: row.fingerprint,
        status: row.status,
        location: row.location,
        version: row.version.and_then(Version::new),
        body: row.body,
    }))
}

/// Forgets some answers that are older. Whether there may be more.
pub(crate) async fn forget_answers(
    executor: impl PgExecutor<'_>,
    hours: i32,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM idempotency_keys WHERE created_at < now() - make_interval(hours => $1)
             ORDER BY created_at LIMIT 5000))",
        hours
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 5000)
}
