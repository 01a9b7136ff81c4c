//! Streams: what they hold, and how far they reach.

use std::collections::HashSet;

use contract::Version;
use contract::rpc::EventDigest;
use sqlx::PgExecutor;
use uuid::Uuid;

pub(crate) struct StreamEvent {
    pub(crate) version: i64,
    pub(crate) envelope: Vec<u8>,
}

pub(crate) async fn stream_events(
    executor: impl PgExecutor<'_>,
    stream: Uuid,
    from: Version,
    to: Version,
    limit: i64,
) -> Result<Vec<StreamEvent>, sqlx::Error> {
    sqlx::query_as!(
        StreamEvent,
        "SELECT version, envelope FROM events WHERE stream_id = $1 AND version BETWEEN $2 AND $3
         ORDER BY version LIMIT $4",
        stream,
        from.number(),
        to.number(),
        limit
    )
    .fetch_all(executor)
    .await
}

/// The last event of a stream that is of one of these types.
pub(crate) async fn last_event_of(
    executor: impl PgExecutor<'_>,
    stream: Uuid,
    types: &[&str],
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT id FROM events WHERE stream_id = $1 AND type = ANY($2) ORDER BY version DESC LIMIT 1",
        stream,
        types as &[&str],
    )
    .fetch_optional(executor)
    .await
}

/// The details of an event, unless it had none or they were erased.
pub(crate) async fn details_of(
    executor: impl PgExecutor<'_>,
    event: Uuid,
) -> Result<Option<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar!("SELECT details FROM details WHERE event_id = $1", event)
        .fetch_optional(executor)
        .await
}

/// Which of these events are here, byte for byte: their places among them, counted from 1.
pub(crate) async fn known_events(
    executor: impl PgExecutor<'_>,
    events: &[EventDigest],
) -> Result<HashSet<i64>, sqlx::Error> {
    let streams: Vec<Uuid> = events.iter().map(|event| event.stream_id).collect();
    let versions: Vec<i64> = events.iter().map(|event| event.version.number()).collect();
    let digests: Vec<&str> = events.iter().map(|event| event.sha256.as_str()).collect();
    let known = sqlx::query_scalar!(
        // LIMIT keeps the planner from joining the few that are given with all events.
        r#"
        SELECT given.n AS "n!"
        FROM UNNEST($1::uuid[], $2::bigint[], $3::text[])
            WITH ORDINALITY AS given (stream_id, version, digest, n)
        CROSS JOIN LATERAL (
            SELECT envelope FROM events
            WHERE stream_id = given.stream_id AND version = given.version LIMIT 1
        ) AS stored
        WHERE encode(sha256(stored.envelope), 'hex') = given.digest
        "#,
        &streams,
        &versions,
        &digests as &[&str],
    )
    .fetch_all(executor)
    .await?;
    Ok(known.into_iter().collect())
}

pub(crate) struct HeadRow {
    pub(crate) seq: i64,
    pub(crate) stream_id: Uuid,
    pub(crate) stream_kind: String,
    pub(crate) version: i64,
    /// Whether it is so old that no transaction can still make a lower row visible.
    pub(crate) settled: bool,
}

/// Rows after `seq`: those that are settled, and those that are older than `arrived_secs`.
pub(crate) async fn rows_after(
    executor: impl PgExecutor<'_>,
    after: i64,
    limit: i64,
    settle_secs: f64,
    arrived_secs: f64,
) -> Result<Vec<HeadRow>, sqlx::Error> {
    sqlx::query_as!(
        HeadRow,
        r#"
        WITH page AS (
            SELECT seq, stream_id, stream_kind, version, now() - recorded_at AS age
            FROM events WHERE seq > $1 ORDER BY seq LIMIT $2
        ), told AS (
            SELECT *, seq < coalesce(
                (SELECT min(seq) FROM page WHERE age <= make_interval(secs => $3)), 9223372036854775807
            ) AS settled FROM page
        )
        SELECT seq AS "seq!", stream_id AS "stream_id!", stream_kind AS "stream_kind!",
               version AS "version!", settled AS "settled!"
        FROM told WHERE settled OR age > make_interval(secs => $4)
        ORDER BY seq
        "#,
        after,
        limit,
        settle_secs,
        arrived_secs
    )
    .fetch_all(executor)
    .await
}
