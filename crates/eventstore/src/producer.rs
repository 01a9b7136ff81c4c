//! What a producer answers to those who miss some of its events.

use std::collections::BTreeMap;
use std::time::Duration;

use contract::EventId;
use contract::rpc::{
    EventDigest, HeadsPage, RepeatEvents, StoredEvent, StreamEvents, StreamHead, StreamHeads,
    UnknownEvents,
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::Destination;
use crate::event_store::EventStore;
use crate::rows;
use crate::store::{self, PUBLISHED_AT_ONCE};

/// After how long an event that did not arrive is worth asking for: most are on their way until then.
const ARRIVED: Duration = Duration::from_secs(2);

/// At most so many events in one answer.
const EVENTS_PER_ANSWER: i64 = 256;

/// At most so many bytes of events in one answer, but always one event: an answer must fit into a
/// NATS message (1 MiB by default), with every quote of the events escaped.
const BYTES_PER_ANSWER: usize = 384 * 1024;

/// At most so many rows in one page of heads.
const ROWS_PER_PAGE: i64 = 10_000;

/// The events of a stream from one version to another.
///
/// # Errors
/// When the database fails.
pub async fn stream_events(
    pool: &PgPool,
    asked: &StreamEvents,
) -> Result<Vec<StoredEvent>, sqlx::Error> {
    let rows = store::stream_events(pool, asked.stream_id, asked.from, asked.to, EVENTS_PER_ANSWER)
        .await?;
    let mut bytes = 0;
    rows.into_iter()
        .enumerate()
        .take_while(|(index, row)| {
            bytes += row.envelope.len();
            *index == 0 || bytes <= BYTES_PER_ANSWER
        })
        .map(|(_, row)| {
            let envelope = String::from_utf8_lossy(&row.envelope).into_owned();
            Ok(StoredEvent { version: rows::version(row.version)?, envelope })
        })
        .collect()
}

/// What is kept beside an event of this service of what people typed or were shown: the JSON of its details. None if
/// it had none, or they were erased.
///
/// # Errors
/// When the database fails.
pub async fn details_of(pool: &PgPool, event: EventId) -> Result<Option<Vec<u8>>, sqlx::Error> {
    store::details_of(pool, event.uuid()).await
}

/// The last event of a stream that is of one of these types.
///
/// # Errors
/// When the database fails.
pub async fn last_event_of(
    pool: &PgPool,
    stream: Uuid,
    types: &[&str],
) -> Result<Option<EventId>, sqlx::Error> {
    Ok(store::last_event_of(pool, stream, types).await?.map(EventId::from_uuid))
}

/// Publishes events of a stream to audit once more, with their contexts and details: how many.
///
/// # Errors
/// When the database fails.
pub async fn repeat_events(events: &EventStore, asked: &RepeatEvents) -> Result<u64, sqlx::Error> {
    let repeated = store::repeat_events(
        events.pool(),
        asked.stream_id,
        asked.from,
        asked.to,
        PUBLISHED_AT_ONCE,
    )
    .await?;
    events.wake_relay(Destination::Audit);
    Ok(repeated)
}

/// Which of these events are not here, byte for byte. Of more than it may name, the question is about the
/// first so many; what is no digest is of no event.
///
/// # Errors
/// When the database fails.
pub async fn unknown_events(
    pool: &PgPool,
    asked: UnknownEvents,
) -> Result<Vec<EventDigest>, sqlx::Error> {
    let mut events = asked.events;
    events.truncate(UnknownEvents::EVENTS_AT_ONCE);
    let known = store::known_events(pool, &events).await?;
    let mut index = 0;
    events.retain(|_| {
        index += 1;
        !known.contains(&index)
    });
    Ok(events)
}

/// How far the streams reach, over the rows after one row. An asker that goes through all settled
/// pages sees every event once in its life, at a cost that does not grow with history. Settled is what is older than
/// `settle`: longer than any transaction can last, so that none can still make an older row visible.
///
/// # Errors
/// When the database fails.
pub async fn stream_heads(
    pool: &PgPool,
    asked: &StreamHeads,
    settle: Duration,
) -> Result<HeadsPage, sqlx::Error> {
    let limit = asked.limit.clamp(1, ROWS_PER_PAGE);
    let arrived = if asked.recent { ARRIVED.min(settle) } else { settle };
    let (settle, arrived) = (settle.as_secs_f64(), arrived.as_secs_f64());
    let rows = store::rows_after(pool, asked.after_seq, limit, settle, arrived).await?;
    let last_seq = rows.last().map_or(asked.after_seq, |row| row.seq);
    let settled = rows.iter().rfind(|row| row.settled);
    let settled_seq = settled.map_or(asked.after_seq, |row| row.seq);
    let mut heads = BTreeMap::new();
    for row in rows {
        if asked.kinds.is_empty() || asked.kinds.contains(&row.stream_kind) {
            let version = rows::version(row.version)?;
            let head = heads.entry(row.stream_id).or_insert(version);
            *head = version.max(*head);
        }
    }
    let heads =
        heads.into_iter().map(|(stream_id, version)| StreamHead { stream_id, version }).collect();
    Ok(HeadsPage { heads, last_seq, settled_seq })
}
