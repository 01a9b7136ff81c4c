//! Streams: what they hold, and how far they reach.

use sqlx::PgExecutor;
use uuid::Uuid;

pub(crate) struct StreamEvent {
    pub(crate) version: i64,
    pub(crate) envelope: Vec<u8>,
}

pub(crate) async fn stream_events(
    executor: impl PgExecutor<'_>,
    stream: Uuid,
    from: i64,
    to: i64,
    limit: i64,
) -> Result<Vec<StreamEvent>, sqlx::Error> {
    sqlx::query_as!(
        StreamEvent,
        "SELECT version, envelope FROM events WHERE stream_id = $1 AND version BETWEEN $2 AND $3
         ORDER BY version LIMIT $4",
        stream,
        from,
        to,
        limit
    )
    .fetch_all(executor)
    .await
}

pub(crate) struct HeadRow {
    pub(crate) seq: i64,
    pub(crate) stream_id: Uuid,
    pub(crate) version: i64,
}

/// Rows after `seq` that are so old that no transaction can still make a lower one visible.
pub(crate) async fn settled_rows(
    executor: impl PgExecutor<'_>,
    after: i64,
    limit: i64,
    settle_secs: f64,
) -> Result<Vec<HeadRow>, sqlx::Error> {
    sqlx::query_as!(
        HeadRow,
        r#"
        WITH page AS (
            SELECT seq, stream_id, version, recorded_at >= now() - make_interval(secs => $3) AS young
            FROM events WHERE seq > $1 ORDER BY seq LIMIT $2
        )
        SELECT seq AS "seq!", stream_id AS "stream_id!", version AS "version!" FROM page
        WHERE seq < coalesce((SELECT min(seq) FROM page WHERE young), 9223372036854775807)
        ORDER BY seq
        "#,
        after,
        limit,
        settle_secs
    )
    .fetch_all(executor)
    .await
}
