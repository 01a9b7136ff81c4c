//! The personal data beside events.

use chrono::{DateTime, Utc};
use contract::Service;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::entry::Entry;

/// The contexts of entries, as arrays.
#[derive(Default)]
pub(super) struct Columns<'a> {
    pub(super) event_ids: Vec<Uuid>,
    pub(super) salts: Vec<&'a [u8]>,
    pub(super) contexts: Vec<&'a [u8]>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(entries: &'a [Entry]) -> Self {
        let mut columns = Self::default();
        for entry in entries {
            if let Some(sealed) = &entry.context {
                columns.event_ids.push(entry.event_id.uuid());
                columns.salts.push(&sealed.salt.0);
                columns.contexts.push(&sealed.bytes);
            }
        }
        columns
    }
}

/// Keeps the contexts of those of these entries that are recorded, which are awaited no more. The one that
/// was checked last stays.
pub(crate) async fn keep(conn: &mut PgConnection, recorded: &[Entry]) -> sqlx::Result<()> {
    await_no_more(conn, recorded).await?;
    let columns = Columns::of(recorded);
    if columns.event_ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO audit.entry_contexts (event_id, salt, context)
         SELECT DISTINCT ON (event_id) event_id, salt, context
         FROM UNNEST($1::uuid[], $2::bytea[], $3::bytea[]) AS come (event_id, salt, context)
         WHERE EXISTS (SELECT FROM audit.entries WHERE entries.event_id = come.event_id)
         ON CONFLICT (event_id) DO UPDATE SET salt = excluded.salt, context = excluded.context",
        &columns.event_ids,
        &columns.salts as &[&[u8]],
        &columns.contexts as &[&[u8]],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Versions of a stream that were recorded without their contexts.
#[derive(Debug)]
pub(crate) struct Awaited {
    pub(crate) source: Service,
    pub(crate) stream_id: Uuid,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

/// Notes which of these entries, just recorded, have contexts that are still to come.
pub(crate) async fn await_those_of(
    conn: &mut PgConnection,
    recorded: &[Entry],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    for entry in recorded.iter().filter(|entry| entry.awaits_context()) {
        sqlx::query!(
            "INSERT INTO audit.awaited_contexts (event_id, source, stream_id, version, noticed_at)
             VALUES ($1, $2, $3, $4, $5)",
            entry.event_id.uuid(),
            entry.source.name(),
            entry.stream_id,
            entry.version,
            now,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Those that came from their producer in a bundle have brought their contexts, or have none any more.
async fn await_no_more(conn: &mut PgConnection, come: &[Entry]) -> sqlx::Result<()> {
    let come = come.iter().filter(|entry| !entry.fetched);
    let ids: Vec<Uuid> = come.map(|entry| entry.event_id.uuid()).collect();
    sqlx::query!(
        "DELETE FROM audit.awaited_contexts WHERE event_id = ANY($1)",
        &ids
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What is awaited and was not asked for since then, at most so many contexts of it, oldest first.
pub(crate) async fn due(
    conn: &mut PgConnection,
    asked_before: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Awaited>> {
    let rows = sqlx::query!(
        r#"SELECT source, stream_id, min(version) AS "from!", max(version) AS "to!"
           FROM (SELECT * FROM audit.awaited_contexts WHERE asked_at IS NULL OR asked_at < $1
                 ORDER BY noticed_at, event_id LIMIT $2) AS due
           GROUP BY source, stream_id ORDER BY min(noticed_at)"#,
        asked_before,
        limit
    )
    .fetch_all(conn)
    .await?;
    let awaited = rows.into_iter().filter_map(|row| {
        Some(Awaited {
            source: row.source.parse().ok()?,
            stream_id: row.stream_id,
            from: row.from,
            to: row.to,
        })
    });
    Ok(awaited.collect())
}

/// Remembers when these were asked for.
pub(crate) async fn was_asked(
    conn: &mut PgConnection,
    awaited: &Awaited,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE audit.awaited_contexts SET asked_at = $1 WHERE stream_id = $2 AND version BETWEEN $3 AND $4",
        now,
        awaited.stream_id,
        awaited.from,
        awaited.to,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many contexts are awaited since before this time.
pub(crate) async fn awaited_since_before(
    conn: &mut PgConnection,
    time: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM audit.awaited_contexts WHERE noticed_at < $1"#,
        time
    )
    .fetch_one(conn)
    .await
}
