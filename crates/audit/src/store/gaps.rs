//! Gaps that could not be filled yet.

use chrono::{DateTime, Utc};
use contract::{HoleId, Service};
use eventstore::gap::Gap;
use eventstore::rows;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::store::decode;

/// Keeps a gap that could not be filled, and why: what it is called, which is something else if it is known already.
pub(crate) async fn keep(
    conn: &mut PgConnection,
    gap: &Gap,
    hole: Option<HoleId>,
    reason: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<HoleId>> {
    let kept = sqlx::query_scalar!(
        "INSERT INTO audit.gaps (stream_id, source, from_version, to_version, reason, noticed_at, tried_at, hole_id)
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7)
         ON CONFLICT (stream_id) DO UPDATE SET
             from_version = excluded.from_version,
             to_version = GREATEST(gaps.to_version, excluded.to_version),
             reason = excluded.reason, tried_at = excluded.tried_at
         RETURNING hole_id",
        gap.stream_id,
        gap.producer.name(),
        gap.from.number(),
        gap.to.number(),
        reason,
        now,
        hole.map(HoleId::uuid),
    )
    .fetch_one(conn)
    .await?;
    Ok(kept.map(HoleId::from_uuid))
}

/// A gap that was filled.
#[derive(Debug)]
pub(crate) struct Filled {
    /// What it was called in the event that tells of it, if one does.
    pub(crate) hole_id: Option<HoleId>,
    pub(crate) service: Service,
    pub(crate) stream_id: Uuid,
    pub(crate) to_version: i64,
    pub(crate) noticed_at: DateTime<Utc>,
}

/// Deletes the gaps that are filled by now.
pub(crate) async fn delete_filled(conn: &mut PgConnection) -> sqlx::Result<Vec<Filled>> {
    let rows = sqlx::query!(
        // OFFSET keeps the planner from joining the few gaps with all entries.
        "DELETE FROM audit.gaps AS gap WHERE EXISTS (
             SELECT FROM audit.entries WHERE stream_id = gap.stream_id AND version = gap.to_version OFFSET 0)
         RETURNING hole_id, source, stream_id, to_version, noticed_at"
    )
    .fetch_all(conn)
    .await?;
    let mut filled = Vec::with_capacity(rows.len());
    for row in rows {
        filled.push(Filled {
            hole_id: row.hole_id.map(HoleId::from_uuid),
            service: decode::service(&row.source)?,
            stream_id: row.stream_id,
            to_version: row.to_version,
            noticed_at: row.noticed_at,
        });
    }
    Ok(filled)
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

/// A hole in a stream that is open.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpenHole {
    /// The service whose stream it is.
    #[schema(value_type = String, example = "app-registry")]
    pub(crate) service: Service,
    /// The stream.
    pub(crate) stream_id: Uuid,
    /// The first version that is missing.
    pub(crate) from_version: i64,
    /// The last that is known of and missing.
    pub(crate) to_version: i64,
    /// When it was noticed.
    pub(crate) noticed_at: DateTime<Utc>,
    /// Why it could not be closed the last time.
    pub(crate) reason: String,
}

/// The holes that are open, the oldest first.
pub(crate) async fn open(conn: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<OpenHole>> {
    let rows = sqlx::query!(
        "SELECT source, stream_id, from_version, to_version, noticed_at, reason FROM audit.gaps
         ORDER BY noticed_at, stream_id LIMIT $1",
        limit
    )
    .fetch_all(conn)
    .await?;
    let mut open = Vec::with_capacity(rows.len());
    for row in rows {
        open.push(OpenHole {
            service: decode::service(&row.source)?,
            stream_id: row.stream_id,
            from_version: row.from_version,
            to_version: row.to_version,
            noticed_at: row.noticed_at,
            reason: row.reason,
        });
    }
    Ok(open)
}
