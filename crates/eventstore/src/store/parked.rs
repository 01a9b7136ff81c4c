//! Streams that are parked: a projection could not apply one of their events.

use std::collections::BTreeSet;

use contract::Version;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::rows;

/// The longest time, in seconds, from one attempt to apply a parked stream to the next. The first ones follow
/// sooner, each after twice the time.
const LONGEST_BACKOFF_SECS: f64 = 60.0;

/// Parks a stream that has at least this version.
pub(crate) async fn park(
    executor: impl PgExecutor<'_>,
    consumer: &str,
    stream: Uuid,
    head: Version,
    reason: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO parked_streams AS known (consumer, stream_id, head, reason) VALUES ($1, $2, $3, $4)
         ON CONFLICT (consumer, stream_id) DO UPDATE SET head = greatest(known.head, excluded.head)",
        consumer,
        stream,
        head.number(),
        reason
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Which of these streams are parked. Of those it is noted that they have at least these versions: nobody
/// needs to bring them again. Whoever is about to release one is waited for.
pub(crate) async fn note_parked(
    executor: impl PgExecutor<'_>,
    consumer: &str,
    streams: &[Uuid],
    heads: &[Version],
) -> Result<BTreeSet<Uuid>, sqlx::Error> {
    let heads: Vec<i64> = heads.iter().map(|head| head.number()).collect();
    let parked = sqlx::query_scalar!(
        "UPDATE parked_streams p SET head = greatest(p.head, come.head)
         FROM unnest($2::uuid[], $3::bigint[]) AS come (stream_id, head)
         WHERE p.consumer = $1 AND p.stream_id = come.stream_id
         RETURNING p.stream_id",
        consumer,
        streams,
        &heads
    )
    .fetch_all(executor)
    .await?;
    Ok(parked.into_iter().collect())
}

/// Releases a stream, unless more is known of it than what was applied.
pub(crate) async fn release(
    connection: &mut PgConnection,
    consumer: &str,
    stream: Uuid,
    applied: Version,
) -> Result<bool, sqlx::Error> {
    let released = sqlx::query!(
        "DELETE FROM parked_streams WHERE consumer = $1 AND stream_id = $2 AND head <= $3",
        consumer,
        stream,
        applied.number()
    )
    .execute(connection)
    .await?;
    Ok(released.rows_affected() == 1)
}

/// A stream that is parked.
pub(crate) struct Parked {
    pub(crate) stream: Uuid,
    pub(crate) head: Version,
}

/// Some parked streams that are to be tried again.
pub(crate) async fn due_parked(
    executor: impl PgExecutor<'_>,
    consumer: &str,
    limit: i64,
) -> Result<Vec<Parked>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT stream_id, head FROM parked_streams WHERE consumer = $1 AND retry_at <= now()
         ORDER BY retry_at LIMIT $2",
        consumer,
        limit
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter()
        .map(|row| Ok(Parked { stream: row.stream_id, head: rows::version(row.head)? }))
        .collect()
}

/// Notes that a parked stream was tried in vain.
pub(crate) async fn postpone_parked(
    executor: impl PgExecutor<'_>,
    consumer: &str,
    stream: Uuid,
    reason: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE parked_streams
         SET attempts = attempts + 1, reason = $3,
             retry_at = now() + make_interval(secs => least(2.0 ^ least(attempts, 16), $4::float8))
         WHERE consumer = $1 AND stream_id = $2",
        consumer,
        stream,
        reason,
        LONGEST_BACKOFF_SECS
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// All parked streams of a projection in one.
pub(crate) struct AllParked {
    pub(crate) count: i64,
    pub(crate) first_stream: Option<Uuid>,
    pub(crate) first_reason: Option<String>,
    pub(crate) age_secs: Option<f64>,
}

/// How many streams are parked, and which is so for the longest time.
pub(crate) async fn all_parked(
    executor: impl PgExecutor<'_>,
    consumer: &str,
) -> Result<AllParked, sqlx::Error> {
    sqlx::query_as!(
        AllParked,
        r#"SELECT count(*) AS "count!", (array_agg(stream_id ORDER BY parked_at))[1] AS first_stream,
                  (array_agg(reason ORDER BY parked_at))[1] AS first_reason,
                  extract(epoch FROM now() - min(parked_at))::float8 AS age_secs
           FROM parked_streams WHERE consumer = $1"#,
        consumer
    )
    .fetch_one(executor)
    .await
}
