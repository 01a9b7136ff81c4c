//! Checkpoints: what was signed, and what of it may be served.

use chrono::{DateTime, Utc};
use contract::EventId;
use sqlx::{PgConnection, PgExecutor};
use translog::Hash;

use super::tree::{self, Head};

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

/// What a signature begins with, as it was at one moment.
#[derive(Debug)]
pub(crate) struct State {
    /// The tree's head.
    pub(crate) head: Head,
    /// The largest checkpoint that was signed.
    pub(crate) last: Option<StoredCheckpoint>,
    /// The generation of the key that signs, if there is one.
    pub(crate) newest_key: Option<i16>,
}

/// Reads all that a signature begins with.
pub(crate) async fn state(executor: impl PgExecutor<'_>) -> sqlx::Result<State> {
    let row = sqlx::query!(
        r#"SELECT head.size, tree_size, head.root, last.size AS "last_size?", last.root AS "last_root?",
               last.note AS "last_note?", (SELECT max(generation) FROM audit.log_keys) AS newest_key
           FROM audit.head
           LEFT JOIN LATERAL (SELECT size, root, note FROM audit.checkpoints ORDER BY size DESC LIMIT 1) AS last
               ON true"#
    )
    .fetch_one(executor)
    .await?;
    let head = Head { size: row.size, tree_size: row.tree_size, root: tree::hash(&row.root)? };
    let last = match (row.last_size, row.last_root, row.last_note) {
        (Some(size), Some(root), Some(note)) => Some(Row { size, root, note }.try_into()?),
        _ => None,
    };
    Ok(State { head, last, newest_key: row.newest_key })
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
///
/// Nobody waits until it is durable: what is lost in a crash was seen by nobody, is signed again from the same tree, and
/// the commit that lets it be served makes all before it durable.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    checkpoint: &StoredCheckpoint,
    now: DateTime<Utc>,
) -> sqlx::Result<StoredCheckpoint> {
    let inserted = sqlx::query!(
        "INSERT INTO audit.checkpoints (size, root, note, signed_at)
         SELECT $1, $2, $3, $4 FROM (SELECT set_config('synchronous_commit', 'off', true)) AS until_committed
         ON CONFLICT (size) DO NOTHING",
        checkpoint.size,
        checkpoint.root.as_bytes(),
        checkpoint.note,
        now,
    )
    .execute(&mut *conn)
    .await?;
    if inserted.rows_affected() > 0 {
        return Ok(checkpoint.clone());
    }
    // Another replica was first. A statement of its own: that of the insert does not see what was committed meanwhile.
    let row = sqlx::query_as!(
        Row,
        "SELECT size, root, note FROM audit.checkpoints WHERE size = $1",
        checkpoint.size
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

/// Until the transaction ends no other serves a checkpoint.
pub(crate) async fn lock_serving(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtext('audit.checkpoints'))")
        .execute(conn)
        .await?;
    Ok(())
}

/// What was served last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served {
    /// How many entries its tree has.
    pub(crate) size: i64,
    /// Since when it may be served.
    pub(crate) at: DateTime<Utc>,
}

/// What was served last, and when that began.
pub(crate) async fn served(executor: impl PgExecutor<'_>) -> sqlx::Result<Option<Served>> {
    sqlx::query_as!(
        Served,
        r#"SELECT size, served_at AS "at!" FROM audit.checkpoints WHERE served_at IS NOT NULL ORDER BY size DESC LIMIT 1"#
    )
    .fetch_optional(executor)
    .await
}

/// How many entries no served checkpoint covers, if the first of them was recorded before this.
pub(crate) async fn uncovered_since_before(
    executor: impl PgExecutor<'_>,
    before: DateTime<Utc>,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        r#"SELECT head.size - served.size AS "uncovered!"
           FROM audit.head
           CROSS JOIN LATERAL (SELECT COALESCE(
               (SELECT size FROM audit.checkpoints WHERE served_at IS NOT NULL ORDER BY size DESC LIMIT 1), 0) AS size
           ) AS served
           JOIN audit.entries AS first ON first.position = served.size + 1
           WHERE first.recorded_at < $1"#,
        before
    )
    .fetch_optional(executor)
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
