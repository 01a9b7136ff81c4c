//! Awaited parts, of events that were recorded from a producer's answer, which has no parts.

use chrono::{DateTime, Utc};
use contract::Service;
use contract::rpc::RepeatEvents;
use eventstore::rows;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::entry::Entry;
use crate::part::Part;
use crate::stream::StreamPosition;

/// Awaits those parts of these entries, just recorded, that are to come.
pub(crate) async fn add(
    conn: &mut PgConnection,
    recorded: &[Entry],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let awaited = || with_part(recorded).filter(|(entry, part)| entry.awaits(*part));
    let ids: Vec<Uuid> = awaited().map(|(entry, _)| entry.event_id.uuid()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let parts: Vec<&str> = awaited().map(|(_, part)| part.name()).collect();
    let sources: Vec<&str> = awaited().map(|(entry, _)| entry.source.name()).collect();
    let streams: Vec<Uuid> = awaited().map(|(entry, _)| entry.stream_id).collect();
    let versions: Vec<i64> = awaited().map(|(entry, _)| entry.version.number()).collect();
    sqlx::query!(
        "INSERT INTO audit.awaited_parts (event_id, part, source, stream_id, version, noticed_at)
         SELECT event_id, part, source, stream_id, version, $6
         FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::bigint[])
             AS come (event_id, part, source, stream_id, version)",
        &ids,
        &parts as &[&str],
        &sources as &[&str],
        &streams,
        &versions,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Awaits no longer what these entries bring. One that came in a message has brought its parts, or shows
/// that its producer has none for it any more.
pub(crate) async fn remove_delivered(conn: &mut PgConnection, come: &[Entry]) -> sqlx::Result<()> {
    let delivered = || with_part(come).filter(|(entry, part)| !entry.awaits(*part));
    let parts: Vec<&str> = delivered().map(|(_, part)| part.name()).collect();
    let (streams, versions): (Vec<Uuid>, Vec<i64>) =
        delivered().map(|(entry, _)| (entry.stream_id, entry.version.number())).unzip();
    sqlx::query!(
        "DELETE FROM audit.awaited_parts AS awaited
         USING UNNEST($1::uuid[], $2::bigint[], $3::text[]) AS come (stream_id, version, part)
         WHERE awaited.stream_id = come.stream_id AND awaited.version = come.version
           AND awaited.part = come.part",
        &streams,
        &versions,
        &parts as &[&str],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Each entry with each part.
fn with_part(entries: &[Entry]) -> impl Iterator<Item = (&Entry, Part)> {
    entries.iter().flat_map(|entry| Part::ALL.map(|part| (entry, part)))
}

/// The events of a service of which parts are awaited and were not asked for yet, or, if so wished, not since
/// then: at most so many, those first that were never asked for, by stream and version.
pub(crate) async fn due(
    conn: &mut PgConnection,
    of: Service,
    asked_before: Option<DateTime<Utc>>,
    limit: i64,
) -> sqlx::Result<Vec<StreamPosition>> {
    let rows = sqlx::query!(
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
    .await?;
    let mut due = Vec::with_capacity(rows.len());
    for row in rows {
        let version = rows::version(row.version)?;
        due.push(StreamPosition { stream_id: row.stream_id, version });
    }
    Ok(due)
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
        asked.from.number(),
        asked.to.number(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Awaits nothing of these versions any more: their producer does not have the events.
pub(crate) async fn remove(conn: &mut PgConnection, asked: &RepeatEvents) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM audit.awaited_parts WHERE stream_id = $1 AND version BETWEEN $2 AND $3",
        asked.stream_id,
        asked.from.number(),
        asked.to.number(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many parts have been awaited since before this time.
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
