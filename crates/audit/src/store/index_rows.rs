//! The rows of the index, for whoever verifies that they say what their entries do. By a login of theirs, and all of them
//! on purpose: the query is none of the service's, and not among those that are checked and planned as its own.

use chrono::{DateTime, Utc};
use contract::{IndexColumns, time_column};
use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use sqlx::PgConnection;
use uuid::Uuid;

/// A row as it is, whatever it says.
#[derive(Debug)]
pub struct IndexRow {
    /// Its position.
    pub position: i64,
    /// The entry that it has.
    pub envelope: Vec<u8>,
    /// Its columns.
    pub columns: IndexColumns,
}

#[derive(sqlx::FromRow)]
struct Row {
    position: i64,
    event_id: Uuid,
    stream_kind: String,
    stream_id: Uuid,
    version: i64,
    kind: String,
    source: String,
    organization: Option<Uuid>,
    app_id: Option<Uuid>,
    account_id: Option<Uuid>,
    person_id: Option<Uuid>,
    actor: String,
    correlation_id: Uuid,
    occurred_at: DateTime<Utc>,
    bulk: bool,
    envelope: Vec<u8>,
}

impl From<Row> for IndexRow {
    fn from(row: Row) -> Self {
        let id = |id: Option<Uuid>| id.map(|id| id.to_string());
        let columns = [
            ("event_id", Some(row.event_id.to_string())),
            ("stream_kind", Some(row.stream_kind)),
            ("stream_id", Some(row.stream_id.to_string())),
            ("version", Some(row.version.to_string())),
            ("type", Some(row.kind)),
            ("source", Some(row.source)),
            ("organization", id(row.organization)),
            ("app_id", id(row.app_id)),
            ("account_id", id(row.account_id)),
            ("person_id", id(row.person_id)),
            ("actor", Some(row.actor)),
            ("correlation_id", Some(row.correlation_id.to_string())),
            ("occurred_at", Some(time_column(row.occurred_at))),
            ("bulk", Some(row.bulk.to_string())),
        ];
        Self { position: row.position, envelope: row.envelope, columns }
    }
}

/// All rows, by position.
pub(crate) fn all(conn: &mut PgConnection) -> BoxStream<'_, sqlx::Result<IndexRow>> {
    sqlx::query_as::<_, Row>(
        "SELECT position, event_id, stream_kind, stream_id, version, type AS kind, source, organization, app_id,
                account_id, person_id, actor, correlation_id, occurred_at, bulk, envelope
         FROM audit.entries ORDER BY position",
    )
    .fetch(conn)
    .map_ok(IndexRow::from)
    .boxed()
}
