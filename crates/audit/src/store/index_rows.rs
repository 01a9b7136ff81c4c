//! The rows of the index, for whoever verifies that they say what their entries do. By a login of theirs, and all of them
//! on purpose: the queries are none of the service's, and not among those that are checked and planned as its own.
//!
//! Columns are read as text, and may be missing: what one cannot have by its constraints is a difference like any other,
//! and keeps no row from being compared. Of what is longer than it can be as much is read as shows that.

use contract::{IndexRow, IndexSpan};
use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use sqlx::PgConnection;

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
        r#"SELECT position, left(event_id::text, 1000) AS event_id, left(stream_kind::text, 1000) AS stream_kind,
               left(stream_id::text, 1000) AS stream_id, left(version::text, 1000) AS version,
               left(type::text, 1000) AS kind, left(source::text, 1000) AS source,
               left(organization::text, 1000) AS organization, left(app_id::text, 1000) AS app_id,
               left(account_id::text, 1000) AS account_id, left(person_id::text, 1000) AS person_id,
               left(actor::text, 1000) AS actor, left(correlation_id::text, 1000) AS correlation_id,
               CASE WHEN occurred_at >= '0001-01-01Z' AND occurred_at < '10000-01-01Z'
                   THEN to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                   ELSE left(occurred_at::text, 64) END AS occurred_at,
               left(bulk::text, 1000) AS bulk,
               CASE WHEN recorded_at >= '0001-01-01Z' AND recorded_at < '10000-01-01Z'
                   THEN to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                   ELSE left(recorded_at::text, 64) END AS recorded_at,
               substring(envelope FROM 1 FOR 65536) AS envelope
           FROM audit.entries ORDER BY position"#,
    )
    .fetch(conn)
    .map_ok(IndexRow::from)
    .boxed()
}

/// Whether this login may read a table.
async fn may_read(conn: &mut PgConnection, table: &str) -> sqlx::Result<bool> {
    let asked = sqlx::query_scalar("SELECT has_table_privilege($1, 'SELECT')");
    asked.bind(table).fetch_one(conn).await
}

/// How many entries the log has for those who search it; none if this login may not read that.
pub(crate) async fn searched(conn: &mut PgConnection) -> sqlx::Result<Option<i64>> {
    if !may_read(conn, "audit.head").await? {
        return Ok(None);
    }
    // Whatever rows the table has.
    let size = sqlx::query_scalar("SELECT COALESCE(min(size), 0) FROM audit.head");
    size.fetch_one(conn).await.map(Some)
}

/// The spans up to this one, by number; none if this login may not read them. One that is there twice is read twice, and
/// then not all may be.
pub(crate) async fn spans(
    conn: &mut PgConnection,
    last: i64,
) -> sqlx::Result<Option<Vec<IndexSpan>>> {
    if !may_read(conn, "audit.spans").await? {
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
    let spans: Vec<(i64, Option<String>, Option<String>)> =
        spans.bind(last).fetch_all(conn).await?;
    let of = |(span, earliest, latest)| IndexSpan { span, earliest, latest };
    Ok(Some(spans.into_iter().map(of).collect()))
}
