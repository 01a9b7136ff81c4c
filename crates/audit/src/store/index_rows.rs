//! The rows of the index, for whoever verifies that they say what their entries do. By a login of theirs, and all of them
//! on purpose: the queries are none of the service's, and not among those that are checked and planned as its own.
//!
//! Columns are read as text, and may be missing: what one cannot have by its constraints is a difference like any other,
//! and keeps no row from being compared.

use contract::IndexColumns;
use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use sqlx::PgConnection;

/// A row as it is, whatever it says.
#[derive(Debug)]
pub struct IndexRow {
    /// Its position; of a row without one, none that an entry has.
    pub position: i64,
    /// The entry that it has.
    pub envelope: Vec<u8>,
    /// Its columns.
    pub columns: IndexColumns,
    /// When it was recorded, in the form of [`contract::IndexColumns`].
    pub recorded_at: Option<String>,
}

/// When what is in a span of the log happened, as searches by time are narrowed by it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct IndexSpan {
    /// Which of the spans: the positions divided by [`contract::INDEX_SPAN`].
    pub span: i64,
    /// The earliest time, in the form of [`contract::IndexColumns`].
    pub earliest: Option<String>,
    /// The latest.
    pub latest: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    position: Option<i64>,
    event_id: Option<String>,
    stream_kind: Option<String>,
    stream_id: Option<String>,
    version: Option<String>,
    kind: Option<String>,
    source: Option<String>,
    organization: Option<String>,
    app_id: Option<String>,
    account_id: Option<String>,
    person_id: Option<String>,
    actor: Option<String>,
    correlation_id: Option<String>,
    occurred_at: Option<String>,
    bulk: Option<String>,
    recorded_at: Option<String>,
    envelope: Option<Vec<u8>>,
}

impl From<Row> for IndexRow {
    fn from(row: Row) -> Self {
        let columns = [
            ("event_id", row.event_id),
            ("stream_kind", row.stream_kind),
            ("stream_id", row.stream_id),
            ("version", row.version),
            ("type", row.kind),
            ("source", row.source),
            ("organization", row.organization),
            ("app_id", row.app_id),
            ("account_id", row.account_id),
            ("person_id", row.person_id),
            ("actor", row.actor),
            ("correlation_id", row.correlation_id),
            ("occurred_at", row.occurred_at),
            ("bulk", row.bulk),
        ];
        let position = row.position.unwrap_or(i64::MAX);
        let envelope = row.envelope.unwrap_or_default();
        Self { position, envelope, columns, recorded_at: row.recorded_at }
    }
}

/// All rows, by position.
pub(crate) fn all(conn: &mut PgConnection) -> BoxStream<'_, sqlx::Result<IndexRow>> {
    sqlx::query_as::<_, Row>(
        r#"SELECT position, event_id::text, stream_kind::text, stream_id::text, version::text, type::text AS kind,
               source::text, organization::text, app_id::text, account_id::text, person_id::text, actor::text,
               correlation_id::text,
               CASE WHEN occurred_at >= '0001-01-01Z' AND occurred_at < '10000-01-01Z'
                   THEN to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                   ELSE occurred_at::text END AS occurred_at,
               bulk::text,
               CASE WHEN recorded_at >= '0001-01-01Z' AND recorded_at < '10000-01-01Z'
                   THEN to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                   ELSE left(recorded_at::text, 64) END AS recorded_at,
               envelope
           FROM audit.entries ORDER BY position"#,
    )
    .fetch(conn)
    .map_ok(IndexRow::from)
    .boxed()
}

/// The spans up to this one, by number; none if this login may not read them. One that is there twice is read twice, and
/// then not all may be.
pub(crate) async fn spans(
    conn: &mut PgConnection,
    last: i64,
) -> sqlx::Result<Option<Vec<IndexSpan>>> {
    let may_read = "SELECT has_table_privilege('audit.spans', 'SELECT')";
    if !sqlx::query_scalar(may_read).fetch_one(&mut *conn).await? {
        return Ok(None);
    }
    let spans = sqlx::query_as(
        r#"SELECT span,
               CASE WHEN earliest >= '0001-01-01Z' AND earliest < '10000-01-01Z'
                   THEN to_char(earliest AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                   ELSE left(earliest::text, 64) END AS earliest,
               CASE WHEN latest >= '0001-01-01Z' AND latest < '10000-01-01Z'
                   THEN to_char(latest AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                   ELSE left(latest::text, 64) END AS latest
           FROM audit.spans WHERE span BETWEEN 0 AND $1 ORDER BY span LIMIT 2 * ($1 + 1)"#,
    );
    spans.bind(last).fetch_all(conn).await.map(Some)
}
