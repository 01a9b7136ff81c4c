//! Holes that could not be filled yet.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::stream::Hole;

/// Keeps a hole that could not be filled, and why.
pub(crate) async fn keep(
    conn: &mut PgConnection,
    hole: &Hole,
    reason: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO audit.holes (stream_id, source, from_version, to_version, reason, noticed_at, tried_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)
         ON CONFLICT (stream_id) DO UPDATE SET
             from_version = excluded.from_version,
             to_version = GREATEST(holes.to_version, excluded.to_version),
             reason = excluded.reason, tried_at = excluded.tried_at",
        hole.stream_id,
        hole.source.name(),
        hole.from,
        hole.to,
        reason,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes the holes that are filled by now.
pub(crate) async fn delete_filled(conn: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        // OFFSET keeps the planner from joining the few holes with all entries.
        "DELETE FROM audit.holes AS hole WHERE EXISTS (
             SELECT FROM audit.entries WHERE stream_id = hole.stream_id AND version = hole.to_version OFFSET 0)"
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// The holes to try again, least recently tried first: none keeps others from being tried.
pub(crate) async fn to_retry(conn: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<Hole>> {
    let rows = sqlx::query!(
        "SELECT stream_id, source, from_version, to_version FROM audit.holes ORDER BY tried_at, noticed_at LIMIT $1",
        limit
    )
    .fetch_all(conn)
    .await?;
    let hole = |stream_id, source: &str, from, to| {
        let source = source.parse().ok()?;
        Some(Hole { stream_id, source, from, to })
    };
    Ok(rows
        .into_iter()
        .filter_map(|row| hole(row.stream_id, &row.source, row.from_version, row.to_version))
        .collect())
}

/// How many streams have had a hole since before this time.
pub(crate) async fn count_older_than(
    conn: &mut PgConnection,
    time: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM audit.holes WHERE noticed_at < $1"#,
        time
    )
    .fetch_one(conn)
    .await
}
