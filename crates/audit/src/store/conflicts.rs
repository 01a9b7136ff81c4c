//! Conflicts, kept until somebody has looked at them.

use chrono::{DateTime, Utc};
use contract::EventId;
use sqlx::PgConnection;

use crate::conflict::Conflict;

/// Keeps a conflict. False if it is known already, as at a redelivery.
pub(crate) async fn keep(
    conn: &mut PgConnection,
    conflict: &Conflict,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let event = conflict.kind.event();
    let done = sqlx::query!(
        "INSERT INTO audit.conflicts (digest, kind, event_id, stream_id, version, subject, payload, noticed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (digest, kind) DO NOTHING",
        conflict.digest.as_slice(),
        conflict.kind.name(),
        conflict.kind.event_id().map(EventId::uuid),
        event.map(|event| event.stream_position.stream_id),
        event.map(|event| event.stream_position.version.number()),
        conflict.subject,
        event.map(|event| &*event.envelope),
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How many events contradict the record, or their producer contradicts, and nobody has acknowledged yet.
pub(crate) async fn count_unacknowledged(conn: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM audit.conflicts
           WHERE acknowledged_at IS NULL AND kind IN ('other_bytes', 'event_id_reused', 'unknown_to_producer')"#
    )
    .fetch_one(conn)
    .await
}
