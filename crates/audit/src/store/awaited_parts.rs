//! Awaited contexts: events that were recorded from a producer's answer, which has no contexts.

use chrono::{DateTime, Utc};
use contract::Service;
use contract::rpc::RepeatEvents;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::entry::Entry;
use crate::stream::StreamPosition;

/// Awaits the contexts of those of these entries, just recorded, that came without.
pub(crate) async fn add(
    conn: &mut PgConnection,
    recorded: &[Entry],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let to_come = || recorded.iter().filter(|entry| entry.awaits_context());
    let ids: Vec<Uuid> = to_come().map(|entry| entry.event_id.uuid()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let sources: Vec<&str> = to_come().map(|entry| entry.source.name()).collect();
    let streams: Vec<Uuid> = to_come().map(|entry| entry.stream_id).collect();
    let versions: Vec<i64> = to_come().map(|entry| entry.version).collect();
    sqlx::query!(
        "INSERT INTO audit.awaited_parts (event_id, part, source, stream_id, version, noticed_at)
         SELECT event_id, 'context', source, stream_id, version, $5
         FROM UNNEST($1::uuid[], $2::text[], $3::uuid[], $4::bigint[]) AS come (event_id, source, stream_id, version)",
        &ids,
        &sources as &[&str],
        &streams,
        &versions,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Awaits no longer what these entries bring. One that came in a message has brought its context, or shows
/// that its producer has none for it any more.
pub(crate) async fn remove_delivered(conn: &mut PgConnection, come: &[Entry]) -> sqlx::Result<()> {
    let come = come.iter().filter(|entry| !entry.fetched);
    let (streams, versions): (Vec<Uuid>, Vec<i64>) =
        come.map(|entry| (entry.stream_id, entry.version)).unzip();
    sqlx::query!(
        "DELETE FROM audit.awaited_parts AS awaited
         USING UNNEST($1::uuid[], $2::bigint[]) AS come (stream_id, version)
         WHERE awaited.stream_id = come.stream_id AND awaited.version = come.version",
        &streams,
        &versions,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The events of a service whose contexts are awaited and were not asked for yet, or, if so wished, not since
/// then: at most so many, those first that were never asked for, by stream and version.
pub(crate) async fn due(
    conn: &mut PgConnection,
    of: Service,
    asked_before: Option<DateTime<Utc>>,
    limit: i64,
) -> sqlx::Result<Vec<StreamPosition>> {
    sqlx::query_as!(
        StreamPosition,
        r#"SELECT DISTINCT stream_id AS "stream_id!", version AS "version!"
           FROM (SELECT * FROM audit.awaited_parts
                 WHERE source = $1 AND (asked_at IS NULL OR asked_at < $2)
                 ORDER BY asked_at NULLS FIRST, noticed_at, event_id LIMIT $3) AS due
           ORDER BY stream_id, version"#,
        of.name(),
        asked_before,
        limit
    )
    .fetch_all(conn)
    .await
}

/// Remembers when these versions were asked for.
pub(crate) async fn set_asked(
    conn: &mut PgConnection,
    asked: &RepeatEvents,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE audit.awaited_parts SET asked_at = $1 WHERE stream_id = $2 AND version BETWEEN $3 AND $4",
        now,
        asked.stream_id,
        asked.from,
        asked.to,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Awaits these versions' contexts no longer: their producer does not have the events.
pub(crate) async fn remove(conn: &mut PgConnection, asked: &RepeatEvents) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM audit.awaited_parts WHERE stream_id = $1 AND version BETWEEN $2 AND $3",
        asked.stream_id,
        asked.from,
        asked.to,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many contexts are awaited since before this time.
pub(crate) async fn count_older_than(
    conn: &mut PgConnection,
    time: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM audit.awaited_parts WHERE noticed_at < $1"#,
        time
    )
    .fetch_one(conn)
    .await
}
