//! The outbox: what is to be published.

use contract::{Salt, Sealed, Version};
use sqlx::PgExecutor;
use uuid::Uuid;

use super::event::OutboxEvent;
use crate::Destination;
use crate::audit_message::{self, EventWithParts};

/// At most so many events are published at once, and hence in one row of the outbox:
/// [`insert_events!`](crate::insert_events) and the table's own constraint have the number too.
pub(crate) const PUBLISHED_AT_ONCE: usize = audit_message::EVENTS;

/// What one transaction left to be published.
pub(crate) struct OutboxRow {
    pub(crate) id: i64,
    /// Which events.
    pub(crate) seqs: Vec<i64>,
}

/// What is to be published there next. By state, not by a cursor: with concurrent commits a lower seq can
/// become visible after a higher one.
pub(crate) async fn next_in_outbox(
    executor: impl PgExecutor<'_>,
    destination: Destination,
    limit: usize,
) -> Result<Vec<OutboxRow>, sqlx::Error> {
    sqlx::query_as!(
        OutboxRow,
        "SELECT id, seqs FROM outbox WHERE destination = $1 ORDER BY first_seq, id LIMIT $2",
        destination.name(),
        i64::try_from(limit).unwrap_or(i64::MAX)
    )
    .fetch_all(executor)
    .await
}

/// These events with their contexts and details.
///
/// Each number leads to its event, and never the other way round: left to itself the planner may read
/// every event there ever was.
pub(crate) async fn events_at(
    executor: impl PgExecutor<'_>,
    seqs: &[i64],
) -> Result<Vec<OutboxEvent>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        SELECT e.seq AS "seq!", e.id AS "id!", e.organization, e.type AS "kind!", e.stream_id AS "stream_id!",
               e.envelope AS "envelope!", c.salt AS "context_salt?", c.context AS "context?",
               d.salt AS "details_salt?", d.details AS "details?"
        FROM unnest($1::bigint[]) AS due (seq)
        CROSS JOIN LATERAL (SELECT * FROM events WHERE seq = due.seq OFFSET 0) AS e
        LEFT JOIN LATERAL (SELECT * FROM contexts WHERE event_id = e.id OFFSET 0) AS c ON true
        LEFT JOIN LATERAL (SELECT * FROM details WHERE event_id = e.id OFFSET 0) AS d ON true
        "#,
        seqs
    )
    .fetch_all(executor)
    .await?;
    let event = rows.into_iter().map(|row| OutboxEvent {
        seq: row.seq,
        id: row.id,
        organization: row.organization,
        kind: row.kind.into(),
        stream_id: row.stream_id,
        content: EventWithParts {
            event: row.envelope.into(),
            context: sealed(row.context_salt, row.context),
            details: sealed(row.details_salt, row.details),
        },
    });
    Ok(event.collect())
}

/// What is kept beside an event. A salt of the wrong length is none: the tables have no such.
fn sealed(salt: Option<Vec<u8>>, bytes: Option<Vec<u8>>) -> Option<Sealed> {
    let salt = Salt(salt?.try_into().ok()?);
    Some(Sealed { salt, bytes: bytes? })
}

/// Puts these events of a stream, at most so many, into the outbox again for audit: how many.
pub(crate) async fn repeat_events(
    executor: impl PgExecutor<'_>,
    stream: Uuid,
    from: Version,
    to: Version,
    limit: usize,
) -> Result<u64, sqlx::Error> {
    let repeated = sqlx::query_scalar!(
        r#"
        INSERT INTO outbox (destination, seqs)
        SELECT 'audit', array_agg(seq ORDER BY seq)
        FROM (SELECT seq FROM events WHERE stream_id = $1 AND version BETWEEN $2 AND $3
              ORDER BY version LIMIT $4) AS wanted
        HAVING count(*) > 0
        RETURNING cardinality(seqs) AS "count!"
        "#,
        stream,
        from.number(),
        to.number(),
        i64::try_from(limit).unwrap_or(i64::MAX)
    )
    .fetch_optional(executor)
    .await?;
    Ok(repeated.map_or(0, i32::unsigned_abs).into())
}
