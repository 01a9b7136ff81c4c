//! Gaps that could not be filled yet.

use chrono::{DateTime, Utc};
use eventstore::gap::Gap;
use eventstore::rows;
use sqlx::PgConnection;

use crate::store::decode;

/// Keeps a gap that could not be filled, and why.
pub(crate) async fn keep(
    conn: &mut PgConnection,
    gap: &Gap,
    reason: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO audit.gaps (stream_id, source, from_version, to_version, reason, noticed_at, tried_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)
         ON CONFLICT (stream_id) DO UPDATE SET
             from_version = excluded.from_version,
             to_version = GREATEST(gaps.to_version, excluded.to_version),
             reason = excluded.reason, tried_at = excluded.tried_at",
        gap.stream_id,
        gap.producer.name(),
        gap.from.number(),
        gap.to.number(),
        reason,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes the gaps that are filled by now.
pub(crate) async fn delete_filled(conn: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        // OFFSET keeps the planner from joining the few gaps with all entries.
        "DELETE FROM audit.gaps AS gap WHERE EXISTS (
             SELECT FROM audit.entries WHERE stream_id = gap.stream_id AND version = gap.to_version OFFSET 0)"
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// The gaps to try again, least recently tried first: none keeps others from being tried.
pub(crate) async fn to_retry(conn: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<Gap>> {
    let rows = sqlx::query!(
        "SELECT stream_id, source, from_version, to_version FROM audit.gaps ORDER BY tried_at, noticed_at LIMIT $1",
        limit
    )
    .fetch_all(conn)
    .await?;
    let mut gaps = Vec::with_capacity(rows.len());
    for row in rows {
        gaps.push(Gap {
            stream_id: row.stream_id,
            producer: decode::service(&row.source)?,
            from: rows::version(row.from_version)?,
            to: rows::version(row.to_version)?,
        });
    }
    Ok(gaps)
}

/// How many streams have had a gap since before this time.
pub(crate) async fn count_older_than(
    conn: &mut PgConnection,
    time: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM audit.gaps WHERE noticed_at < $1"#,
        time
    )
    .fetch_one(conn)
    .await
}
