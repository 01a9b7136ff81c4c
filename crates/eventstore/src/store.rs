//! The SQL over the event tables. Names are unqualified: the search path is the service's schema.

use chrono::{DateTime, Utc};
use contract::{Envelope, EventId, Fact, OrganizationId, SealedContext};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::idempotency::{IdempotencyRecord, StoredAnswer};

/// Events about to be written, a column each, as one INSERT takes them.
#[derive(Default)]
pub(crate) struct NewEvents {
    ids: Vec<Uuid>,
    kinds: Vec<String>,
    streams: Vec<Uuid>,
    versions: Vec<i64>,
    types: Vec<String>,
    organizations: Vec<Option<Uuid>>,
    times: Vec<DateTime<Utc>>,
    envelopes: Vec<Vec<u8>>,
    context_ids: Vec<Uuid>,
    salts: Vec<Vec<u8>>,
    contexts: Vec<Vec<u8>>,
}

impl NewEvents {
    pub(crate) fn push<F: Fact>(
        &mut self,
        envelope: &Envelope,
        stream: Uuid,
        bytes: Vec<u8>,
        context: Option<SealedContext>,
    ) {
        self.ids.push(envelope.id.uuid());
        self.kinds.push(F::AGGREGATE.to_owned());
        self.streams.push(stream);
        self.versions.push(envelope.streamversion.number());
        self.types.push(F::TYPE.to_owned());
        self.organizations
            .push(envelope.organization.map(OrganizationId::uuid));
        self.times.push(envelope.time);
        self.envelopes.push(bytes);
        if let Some(context) = context {
            self.context_ids.push(envelope.id.uuid());
            self.salts.push(context.salt.0.to_vec());
            self.contexts.push(context.bytes);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// Events, their contexts and their outbox rows in one statement.
pub(crate) async fn insert_events(
    connection: &mut PgConnection,
    new: &NewEvents,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        WITH event AS (
            INSERT INTO events (id, stream_kind, stream_id, version, type, organization, occurred_at, envelope)
            SELECT id, stream_kind, stream_id, version, type, organization, occurred_at, envelope
            FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::text[], $6::uuid[],
                        $7::timestamptz[], $8::bytea[]) WITH ORDINALITY
                 AS n (id, stream_kind, stream_id, version, type, organization, occurred_at, envelope, place)
            ORDER BY place
            RETURNING seq
        ), context AS (
            INSERT INTO contexts (event_id, salt, context)
            SELECT * FROM unnest($9::uuid[], $10::bytea[], $11::bytea[])
        )
        INSERT INTO outbox (seq) SELECT seq FROM event
        "#,
        &new.ids,
        &new.kinds,
        &new.streams,
        &new.versions,
        &new.types,
        &new.organizations as &[Option<Uuid>],
        &new.times,
        &new.envelopes,
        &new.context_ids,
        &new.salts,
        &new.contexts,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn insert_answer(
    connection: &mut PgConnection,
    answer: &IdempotencyRecord,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO idempotency_keys (scope, key, fingerprint, status, location, body)
         VALUES ($1, $2, $3, $4, $5, $6)",
        answer.scope,
        answer.key,
        &answer.fingerprint,
        answer.status,
        answer.location,
        answer.body,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn find_answer(
    executor: impl PgExecutor<'_>,
    scope: &str,
    key: &str,
) -> Result<Option<StoredAnswer>, sqlx::Error> {
    sqlx::query_as!(
        StoredAnswer,
        "SELECT fingerprint, status, location, body FROM idempotency_keys WHERE scope = $1 AND key = $2",
        scope,
        key
    )
    .fetch_optional(executor)
    .await
}

pub(crate) async fn forget_answers(
    executor: impl PgExecutor<'_>,
    hours: i32,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "DELETE FROM idempotency_keys WHERE created_at < now() - make_interval(hours => $1)",
        hours
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}

/// An event on its way to JetStream.
pub(crate) struct OutboxEvent {
    pub(crate) seq: i64,
    pub(crate) id: Uuid,
    pub(crate) organization: Option<Uuid>,
    pub(crate) kind: String,
    pub(crate) stream_id: Uuid,
    pub(crate) envelope: Vec<u8>,
    pub(crate) salt: Option<Vec<u8>>,
    pub(crate) context: Option<Vec<u8>>,
}

impl OutboxEvent {
    pub(crate) fn event_id(&self) -> EventId {
        EventId::from_uuid(self.id)
    }
}

/// What is to be published next. By state, not by a cursor: with concurrent commits a lower seq
/// can become visible after a higher one.
pub(crate) async fn next_in_outbox(
    executor: impl PgExecutor<'_>,
    limit: i64,
) -> Result<Vec<OutboxEvent>, sqlx::Error> {
    sqlx::query_as!(
        OutboxEvent,
        r#"
        SELECT e.seq, e.id, e.organization, e.type AS kind, e.stream_id, e.envelope,
               c.salt AS "salt?", c.context AS "context?"
        FROM outbox o JOIN events e USING (seq) LEFT JOIN contexts c ON c.event_id = e.id
        ORDER BY o.seq
        LIMIT $1
        "#,
        limit
    )
    .fetch_all(executor)
    .await
}

/// Deletes what was acknowledged and remembers where JetStream put it, in one statement.
pub(crate) async fn settle_batch(
    executor: impl PgExecutor<'_>,
    seqs: &[i64],
    stream_created: &str,
    last_sequence: i64,
    last_event: EventId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        WITH settled AS (DELETE FROM outbox WHERE seq = ANY($1))
        INSERT INTO relay_batches (stream_created, last_sequence, last_event_id, seqs) VALUES ($2, $3, $4, $1)
        "#,
        seqs,
        stream_created,
        last_sequence,
        last_event.uuid(),
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

/// Puts everything that another incarnation of the stream acknowledged into the outbox again.
pub(crate) async fn repeat_other_streams(
    executor: impl PgExecutor<'_>,
    stream_created: &str,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        r#"
        WITH lost AS (DELETE FROM relay_batches WHERE stream_created <> $1 RETURNING seqs)
        INSERT INTO outbox (seq) SELECT DISTINCT unnest(seqs) FROM lost ON CONFLICT DO NOTHING
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
        INSERT INTO outbox (seq) SELECT unnest(seqs) FROM lost ON CONFLICT DO NOTHING
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

/// The positions of these streams, locked for this transaction; streams never seen are at 0.
pub(crate) async fn lock_positions(
    connection: &mut PgConnection,
    consumer: &str,
    streams: &[Uuid],
) -> Result<Vec<(Uuid, i64)>, sqlx::Error> {
    sqlx::query!(
        "INSERT INTO consumer_positions (consumer, stream_id, version)
         SELECT $1, stream_id, 0 FROM unnest($2::uuid[]) AS n (stream_id) ORDER BY stream_id
         ON CONFLICT DO NOTHING",
        consumer,
        streams
    )
    .execute(&mut *connection)
    .await?;
    let rows = sqlx::query!(
        "SELECT stream_id, version FROM consumer_positions WHERE consumer = $1 AND stream_id = ANY($2)
         ORDER BY stream_id FOR UPDATE",
        consumer,
        streams
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.stream_id, row.version))
        .collect())
}

pub(crate) async fn save_positions(
    connection: &mut PgConnection,
    consumer: &str,
    streams: &[Uuid],
    versions: &[i64],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE consumer_positions p SET version = n.version
         FROM unnest($2::uuid[], $3::bigint[]) AS n (stream_id, version)
         WHERE p.consumer = $1 AND p.stream_id = n.stream_id",
        consumer,
        streams,
        versions
    )
    .execute(connection)
    .await?;
    Ok(())
}
