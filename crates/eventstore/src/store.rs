//! The SQL over the event tables. Names are unqualified: the search path is the service's schema.

mod answers;
pub(crate) mod insert;
mod positions;

use std::borrow::Cow;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use contract::{Envelope, EventId, Fact, OrganizationId, Salt, Sealed};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

pub(crate) use answers::{find_answer, forget_answers, insert_answers};
pub(crate) use insert::NewEvents;
pub(crate) use positions::{Moved, lock_positions, save_positions};

/// At most so many events are published at once, and hence in one row of the outbox:
/// [`insert_events!`](crate::insert_events) and the table's own constraint have the number too.
pub(crate) const PUBLISHED_AT_ONCE: usize = 512;

/// An event that is ready to be written, by [`crate::Unit::add`].
#[derive(Debug, Clone)]
pub struct NewEvent {
    kind: &'static str,
    version: i64,
    time: DateTime<Utc>,
    event: OutboxEvent,
}

impl NewEvent {
    pub(crate) fn new<F: Fact>(
        envelope: &Envelope,
        stream: Uuid,
        bytes: Vec<u8>,
        context: Option<Sealed>,
        details: Option<Sealed>,
    ) -> Self {
        Self {
            kind: F::AGGREGATE,
            version: envelope.streamversion.number(),
            time: envelope.time,
            event: OutboxEvent {
                seq: 0,
                id: envelope.id.uuid(),
                organization: envelope.organization.map(OrganizationId::uuid),
                kind: F::TYPE.into(),
                stream_id: stream,
                envelope: bytes.into(),
                context,
                details,
            },
        }
    }
}

impl NewEvent {
    /// The event's id.
    pub fn id(&self) -> EventId {
        self.event.event_id()
    }
}

/// An event on its way to JetStream.
#[derive(Debug, Clone)]
pub(crate) struct OutboxEvent {
    pub(crate) seq: i64,
    pub(crate) id: Uuid,
    pub(crate) organization: Option<Uuid>,
    /// Its CloudEvents type.
    pub(crate) kind: Cow<'static, str>,
    pub(crate) stream_id: Uuid,
    pub(crate) envelope: Bytes,
    pub(crate) context: Option<Sealed>,
    pub(crate) details: Option<Sealed>,
}

impl OutboxEvent {
    pub(crate) fn event_id(&self) -> EventId {
        EventId::from_uuid(self.id)
    }
}

/// What is kept beside an event. A salt of the wrong length is none: the tables have no such.
fn sealed(salt: Option<Vec<u8>>, bytes: Option<Vec<u8>>) -> Option<Sealed> {
    let salt = Salt(salt?.try_into().ok()?);
    Some(Sealed { salt, bytes: bytes? })
}

/// What one transaction left to be published.
pub(crate) struct OutboxRow {
    pub(crate) id: i64,
    /// Which events.
    pub(crate) seqs: Vec<i64>,
}

/// What is to be published next. By state, not by a cursor: with concurrent commits a lower seq can
/// become visible after a higher one.
pub(crate) async fn next_in_outbox(
    executor: impl PgExecutor<'_>,
    limit: usize,
) -> Result<Vec<OutboxRow>, sqlx::Error> {
    sqlx::query_as!(
        OutboxRow,
        "SELECT id, seqs FROM outbox ORDER BY first_seq, id LIMIT $1",
        i64::try_from(limit).unwrap_or(i64::MAX)
    )
    .fetch_all(executor)
    .await
}

/// These events with their contexts and details.
///
/// Each place leads to its event, and never the other way round: left to itself the planner may read
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
        envelope: row.envelope.into(),
        context: sealed(row.context_salt, row.context),
        details: sealed(row.details_salt, row.details),
    });
    Ok(event.collect())
}

/// What JetStream acknowledged, and where it put the last of it.
pub(crate) struct Receipt<'a> {
    pub(crate) stream_created: &'a str,
    pub(crate) last_sequence: i64,
    pub(crate) last_event: EventId,
    /// Which events, in their order.
    pub(crate) seqs: &'a [i64],
}

/// Keeps a receipt, deletes these rows of the outbox and leaves one of what was not acknowledged, in
/// one statement.
pub(crate) async fn settle_batch(
    executor: impl PgExecutor<'_>,
    rows: &[i64],
    receipt: &Receipt<'_>,
    left: &[i64],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        WITH settled AS (DELETE FROM outbox WHERE id = ANY($1)),
             remaining AS (INSERT INTO outbox (seqs) SELECT $6::bigint[] WHERE cardinality($6::bigint[]) > 0)
        INSERT INTO relay_batches (stream_created, last_sequence, last_event_id, seqs) VALUES ($2, $3, $4, $5)
        "#,
        rows,
        receipt.stream_created,
        receipt.last_sequence,
        receipt.last_event.uuid(),
        receipt.seqs,
        left,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// The furthest thing that JetStream acknowledged. By its place and not by when it was written
/// down: of two relays at once, the slower one writes an earlier place later.
pub(crate) struct LastBatch {
    pub(crate) id: i64,
    pub(crate) last_sequence: i64,
    pub(crate) last_event_id: Uuid,
}

pub(crate) async fn last_batch(
    executor: impl PgExecutor<'_>,
) -> Result<Option<LastBatch>, sqlx::Error> {
    sqlx::query_as!(
        LastBatch,
        "SELECT id, last_sequence, last_event_id FROM relay_batches
         ORDER BY last_sequence DESC, id DESC LIMIT 1"
    )
    .fetch_optional(executor)
    .await
}

/// Puts what another incarnation of the stream acknowledged into the outbox again, so many batches of it:
/// how many. A week's worth would take longer than a statement may.
pub(crate) async fn repeat_other_streams(
    executor: impl PgExecutor<'_>,
    stream_created: &str,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        r#"
        WITH lost AS (
            -- `<>` has no index.
            DELETE FROM relay_batches WHERE id = ANY (ARRAY(
                SELECT id FROM relay_batches WHERE stream_created < $1 OR stream_created > $1 LIMIT 5000))
            RETURNING seqs, last_sequence
        )
        INSERT INTO outbox (seqs) SELECT seqs FROM lost ORDER BY last_sequence
        "#,
        stream_created
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}

/// Puts one acknowledged batch into the outbox again.
pub(crate) async fn repeat_batch(
    executor: impl PgExecutor<'_>,
    id: i64,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        r#"
        WITH lost AS (DELETE FROM relay_batches WHERE id = $1 RETURNING seqs)
        INSERT INTO outbox (seqs) SELECT seqs FROM lost
        "#,
        id
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}

/// Forgets batches that the stream itself has forgotten by age.
pub(crate) async fn forget_batches(
    executor: impl PgExecutor<'_>,
    max_age_secs: f64,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "DELETE FROM relay_batches WHERE relayed_at < now() - make_interval(secs => $1)",
        max_age_secs
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}

/// Whether this session now leads, for as long as it lives.
pub(crate) async fn try_lead(
    connection: &mut PgConnection,
    schema: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT pg_try_advisory_lock(hashtext('mandate.relay'), hashtext($1)) AS "leads!""#,
        schema
    )
    .fetch_one(connection)
    .await
}

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

/// Puts these events of a stream, at most so many, into the outbox again: how many.
pub(crate) async fn repeat_events(
    executor: impl PgExecutor<'_>,
    stream: Uuid,
    from: i64,
    to: i64,
    limit: usize,
) -> Result<u64, sqlx::Error> {
    let repeated = sqlx::query_scalar!(
        r#"
        INSERT INTO outbox (seqs)
        SELECT array_agg(seq ORDER BY seq)
        FROM (SELECT seq FROM events WHERE stream_id = $1 AND version BETWEEN $2 AND $3
              ORDER BY version LIMIT $4) AS wanted
        HAVING count(*) > 0
        RETURNING cardinality(seqs) AS "count!"
        "#,
        stream,
        from,
        to,
        i64::try_from(limit).unwrap_or(i64::MAX)
    )
    .fetch_optional(executor)
    .await?;
    Ok(repeated.map_or(0, i32::unsigned_abs).into())
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
