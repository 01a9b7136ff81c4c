//! Heads: how far the log and its streams reach.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use eventstore::rows;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store::decode;
use crate::stream::StreamHead;

/// The end of the log.
pub(crate) struct LogHead {
    /// Every position up to it can be read, and nothing will be added before it.
    pub(crate) size: i64,
    /// When the last entry was recorded: none is recorded before that any more.
    pub(crate) recorded_at: DateTime<Utc>,
}

/// How far the log reaches.
pub(crate) async fn log_head(conn: &mut PgConnection) -> sqlx::Result<LogHead> {
    sqlx::query_as!(LogHead, "SELECT size, recorded_at FROM audit.head").fetch_one(conn).await
}

/// The heads of those of these streams that are recorded.
pub(crate) async fn stream_heads(
    conn: &mut PgConnection,
    streams: &[Uuid],
) -> sqlx::Result<HashMap<Uuid, StreamHead>> {
    let rows = sqlx::query!(
        r#"SELECT wanted.stream_id AS "stream_id!", last.version, last.stream_kind, last.source
           FROM UNNEST($1::uuid[]) AS wanted (stream_id)
           CROSS JOIN LATERAL (
               SELECT version, stream_kind, source FROM audit.entries
               WHERE stream_id = wanted.stream_id ORDER BY version DESC LIMIT 1
           ) AS last"#,
        streams
    )
    .fetch_all(conn)
    .await?;
    let mut heads = HashMap::with_capacity(rows.len());
    for row in rows {
        let head = StreamHead {
            version: rows::version(row.version)?,
            kind: row.stream_kind,
            source: decode::service(&row.source)?,
        };
        heads.insert(row.stream_id, head);
    }
    Ok(heads)
}
