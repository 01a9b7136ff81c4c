//! Manifests, what is in none yet, and who still writes.

use chrono::{DateTime, Utc};
use contract::Version;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// The last manifest.
pub(crate) struct LastManifest {
    pub(crate) version: i64,
    /// Up to which row of `events` all is in manifests.
    pub(crate) up_to_seq: i64,
    pub(crate) envelope: Vec<u8>,
}

pub(crate) async fn last_manifest(
    executor: impl PgExecutor<'_>,
    stream: Uuid,
) -> Result<Option<LastManifest>, sqlx::Error> {
    sqlx::query_as!(
        LastManifest,
        "SELECT manifests.version, manifests.up_to_seq, events.envelope
         FROM manifests JOIN events ON events.stream_id = $1 AND events.version = manifests.version
         ORDER BY manifests.version DESC LIMIT 1",
        stream
    )
    .fetch_optional(executor)
    .await
}

/// When the first event after this row happened.
pub(crate) async fn first_time_after(
    executor: impl PgExecutor<'_>,
    seq: i64,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar!("SELECT occurred_at FROM events WHERE seq > $1 ORDER BY seq LIMIT 1", seq)
        .fetch_optional(executor)
        .await
}

/// The last row that can be seen; 0 when there is none.
pub(crate) async fn last_row(executor: impl PgExecutor<'_>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT coalesce(max(seq), 0) AS "seq!" FROM events"#)
        .fetch_one(executor)
        .await
}

/// The transactions that may have written events and have not ended: whoever writes holds this lock from before it
/// takes its first row's number until what it wrote can be seen, or never will be.
pub(crate) async fn writers(executor: impl PgExecutor<'_>) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT DISTINCT virtualtransaction AS "transaction!" FROM pg_locks
           WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND relation = 'events'::regclass
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"#
    )
    .fetch_all(executor)
    .await
}

pub(crate) struct EventRow {
    pub(crate) seq: i64,
    pub(crate) stream_kind: String,
    pub(crate) stream_id: Uuid,
    pub(crate) version: i64,
}

/// The rows after one row up to another, `limit` at most.
pub(crate) async fn rows_between(
    executor: impl PgExecutor<'_>,
    after: i64,
    up_to: i64,
    limit: i64,
) -> Result<Vec<EventRow>, sqlx::Error> {
    sqlx::query_as!(
        EventRow,
        "SELECT seq, stream_kind, stream_id, version FROM events WHERE seq > $1 AND seq <= $2
         ORDER BY seq LIMIT $3",
        after,
        up_to,
        limit
    )
    .fetch_all(executor)
    .await
}

/// Keeps the list of a manifest.
pub(crate) async fn insert_manifest(
    connection: &mut PgConnection,
    version: Version,
    up_to_seq: i64,
    list: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO manifests (version, up_to_seq, list) VALUES ($1, $2, $3)",
        version.number(),
        up_to_seq,
        list.as_bytes()
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The list of a manifest.
pub(crate) async fn manifest_list(
    executor: impl PgExecutor<'_>,
    version: Version,
) -> Result<Option<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar!("SELECT list FROM manifests WHERE version = $1", version.number())
        .fetch_optional(executor)
        .await
}
