//! Checkpoints: what was signed, and what of it may be served.

use chrono::{DateTime, TimeDelta, Utc};
use contract::EventId;
use sqlx::{PgConnection, PgExecutor};
use translog::Hash;

use super::tree;

/// A checkpoint as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct StoredCheckpoint {
    /// How many entries its tree has.
    pub(crate) size: i64,
    /// Its root.
    pub(crate) root: Hash,
    /// The signed note.
    pub(crate) note: Vec<u8>,
}

struct Row {
    size: i64,
    root: Vec<u8>,
    note: Vec<u8>,
}

impl TryFrom<Row> for StoredCheckpoint {
    type Error = sqlx::Error;
    fn try_from(row: Row) -> sqlx::Result<Self> {
        Ok(Self { size: row.size, root: tree::hash(&row.root)?, note: row.note })
    }
}

/// The largest that was signed.
pub(crate) async fn last(executor: impl PgExecutor<'_>) -> sqlx::Result<Option<StoredCheckpoint>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT size, root, note FROM audit.checkpoints ORDER BY size DESC LIMIT 1"
    )
    .fetch_optional(executor)
    .await?;
    row.map(StoredCheckpoint::try_from).transpose()
}

/// The largest that may be served.
pub(crate) async fn last_served(
    executor: impl PgExecutor<'_>,
) -> sqlx::Result<Option<StoredCheckpoint>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT size, root, note FROM audit.checkpoints WHERE served_at IS NOT NULL ORDER BY size DESC LIMIT 1"
    )
    .fetch_optional(executor)
    .await?;
    row.map(StoredCheckpoint::try_from).transpose()
}

/// The smallest that was served and covers the entry of this event, if one does.
pub(crate) async fn covering(
    executor: impl PgExecutor<'_>,
    event: EventId,
) -> sqlx::Result<Option<StoredCheckpoint>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT covering.size, root, note
         FROM audit.entries
         CROSS JOIN LATERAL (
             SELECT size, root, note FROM audit.checkpoints
             WHERE served_at IS NOT NULL AND size >= position ORDER BY size LIMIT 1
         ) AS covering
         WHERE event_id = $1",
        event.uuid()
    )
    .fetch_optional(executor)
    .await?;
    row.map(StoredCheckpoint::try_from).transpose()
}

/// Stores what was signed, unless there is one of this size: what is stored then.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    checkpoint: &StoredCheckpoint,
    now: DateTime<Utc>,
) -> sqlx::Result<StoredCheckpoint> {
    let row = sqlx::query_as!(
        Row,
        r#"WITH signed AS (
               INSERT INTO audit.checkpoints (size, root, note, signed_at) VALUES ($1, $2, $3, $4)
               ON CONFLICT (size) DO NOTHING
               RETURNING size, root, note
           )
           SELECT size AS "size!", root AS "root!", note AS "note!" FROM signed
           UNION ALL
           SELECT size, root, note FROM audit.checkpoints WHERE size = $1
           LIMIT 1"#,
        checkpoint.size,
        checkpoint.root.as_bytes(),
        checkpoint.note,
        now,
    )
    .fetch_one(conn)
    .await?;
    row.try_into()
}

/// Forgets those below this size that were never served: nobody has seen them.
pub(crate) async fn forget_unserved(conn: &mut PgConnection, below: i64) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM audit.checkpoints WHERE size < $1 AND served_at IS NULL", below)
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether one that is larger may be served now: the last was at least this long ago.
pub(crate) async fn may_serve(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    interval: TimeDelta,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT NOT EXISTS (
               SELECT FROM (SELECT served_at FROM audit.checkpoints WHERE served_at IS NOT NULL
                            ORDER BY size DESC LIMIT 1) AS last
               WHERE served_at > $1) AS "may!""#,
        now - interval,
    )
    .fetch_one(executor)
    .await
}

/// Lets it be served.
pub(crate) async fn serve(
    executor: impl PgExecutor<'_>,
    size: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE audit.checkpoints SET served_at = $2 WHERE size = $1 AND served_at IS NULL",
        size,
        now
    )
    .execute(executor)
    .await?;
    Ok(())
}
