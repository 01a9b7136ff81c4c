//! Receipts: which batches JetStream acknowledged.

use contract::EventId;
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::Destination;

/// What JetStream acknowledged, and where it put the last of it.
pub(crate) struct Receipt<'a> {
    pub(crate) destination: Destination,
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
             remaining AS (
                 INSERT INTO outbox (destination, seqs)
                 SELECT $7, $6::bigint[] WHERE cardinality($6::bigint[]) > 0
             )
        INSERT INTO relay_batches (destination, stream_created, last_sequence, last_event_id, seqs)
        VALUES ($7, $2, $3, $4, $5)
        "#,
        rows,
        receipt.stream_created,
        receipt.last_sequence,
        receipt.last_event.uuid(),
        receipt.seqs,
        left,
        receipt.destination.name(),
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// The furthest thing that JetStream acknowledged. By its sequence number and not by when it was written
/// down: of two relays at once, the slower one writes an earlier number later.
pub(crate) struct LastBatch {
    pub(crate) id: i64,
    pub(crate) last_sequence: i64,
    pub(crate) last_event_id: Uuid,
}

pub(crate) async fn last_batch(
    executor: impl PgExecutor<'_>,
    destination: Destination,
) -> Result<Option<LastBatch>, sqlx::Error> {
    sqlx::query_as!(
        LastBatch,
        "SELECT id, last_sequence, last_event_id FROM relay_batches
         WHERE destination = $1 ORDER BY last_sequence DESC, id DESC LIMIT 1",
        destination.name()
    )
    .fetch_optional(executor)
    .await
}

/// Puts what another incarnation of the stream acknowledged into the outbox again, so many batches of it:
/// how many. A batch has up to 512 events, and a week's worth would take longer than a statement may.
pub(crate) async fn repeat_other_streams(
    executor: impl PgExecutor<'_>,
    destination: Destination,
    stream_created: &str,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        r#"
        WITH lost AS (
            -- `<>` has no index.
            DELETE FROM relay_batches WHERE id = ANY (ARRAY(
                SELECT id FROM relay_batches
                WHERE destination = $1 AND (stream_created < $2 OR stream_created > $2) LIMIT 200))
            RETURNING seqs, last_sequence
        )
        INSERT INTO outbox (destination, seqs) SELECT $1, seqs FROM lost ORDER BY last_sequence
        "#,
        destination.name(),
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
        WITH lost AS (DELETE FROM relay_batches WHERE id = $1 RETURNING destination, seqs)
        INSERT INTO outbox (destination, seqs) SELECT destination, seqs FROM lost
        "#,
        id
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}

/// Forgets some batches that the stream itself has forgotten by age. Whether there may be more.
pub(crate) async fn forget_batches(
    executor: impl PgExecutor<'_>,
    destination: Destination,
    max_age_secs: f64,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "DELETE FROM relay_batches WHERE id = ANY (ARRAY(
             SELECT id FROM relay_batches
             WHERE relayed_at < now() - make_interval(secs => $2) AND destination = $1
             ORDER BY relayed_at LIMIT 5000))",
        destination.name(),
        max_age_secs
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 5000)
}
