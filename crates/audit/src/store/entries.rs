//! The entries themselves.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use contract::{AccountId, EventId, OrganizationId, Salt, Sealed};
use eventstore::rows;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::entry::Entry;
use crate::part::Parts;
use crate::stream::StreamPosition;

/// An entry and, while they are kept, the parts of its event.
#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "it is the field's name everywhere")]
pub(crate) struct Recorded {
    pub(crate) position: i64,
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) organization: Option<OrganizationId>,
    pub(crate) account_id: Option<AccountId>,
    pub(crate) actor: String,
    pub(crate) envelope: Vec<u8>,
    pub(crate) parts: Parts<Option<Sealed>>,
}

struct Row {
    position: i64,
    recorded_at: DateTime<Utc>,
    organization: Option<Uuid>,
    account_id: Option<Uuid>,
    actor: String,
    envelope: Vec<u8>,
    context_salt: Option<Vec<u8>>,
    context: Option<Vec<u8>>,
    details_salt: Option<Vec<u8>>,
    details: Option<Vec<u8>>,
}

impl From<Row> for Recorded {
    fn from(row: Row) -> Self {
        Self {
            position: row.position,
            recorded_at: row.recorded_at,
            organization: row.organization.map(OrganizationId::from_uuid),
            account_id: row.account_id.map(AccountId::from_uuid),
            actor: row.actor,
            envelope: row.envelope,
            parts: Parts {
                context: sealed(row.context_salt, row.context),
                details: sealed(row.details_salt, row.details),
            },
        }
    }
}

/// A part, if it is kept.
fn sealed(salt: Option<Vec<u8>>, bytes: Option<Vec<u8>>) -> Option<Sealed> {
    Some(Sealed { salt: Salt(salt?.try_into().ok()?), bytes: bytes? })
}

macro_rules! select {
    ($condition:literal, $key:expr) => {
        sqlx::query_as!(
            Row,
            r#"SELECT position AS "position!", recorded_at AS "recorded_at!", organization, account_id, actor AS "actor!", envelope AS "envelope!",
                   contexts.salt AS "context_salt?", context AS "context?",
                   details.salt AS "details_salt?", details.details AS "details?"
               FROM audit.entries
               LEFT JOIN audit.entry_contexts AS contexts USING (event_id)
               LEFT JOIN audit.entry_details AS details USING (event_id)
               WHERE "# + $condition,
            $key
        )
    };
}

/// The entries at these positions, by position.
pub(crate) async fn at(conn: &mut PgConnection, positions: &[i64]) -> sqlx::Result<Vec<Recorded>> {
    // Sorted here: to have them in order, the planner may follow the index from its beginning.
    let mut rows = select!("position = ANY($1)", positions).fetch_all(conn).await?;
    rows.sort_by_key(|row| row.position);
    Ok(rows.into_iter().map(Recorded::from).collect())
}

/// On whose behalf the events at these positions are; those on nobody's are left out.
pub(crate) async fn organizations_at(
    conn: &mut PgConnection,
    positions: &[i64],
) -> sqlx::Result<HashMap<i64, OrganizationId>> {
    let rows = sqlx::query!(
        r#"SELECT position, organization AS "organization!" FROM audit.entries
           WHERE position = ANY($1) AND organization IS NOT NULL"#,
        positions
    )
    .fetch_all(conn)
    .await?;
    let of =
        rows.into_iter().map(|row| (row.position, OrganizationId::from_uuid(row.organization)));
    Ok(of.collect())
}

/// The entry of this event.
pub(crate) async fn of_event(
    conn: &mut PgConnection,
    event: EventId,
) -> sqlx::Result<Option<Recorded>> {
    let row = select!("event_id = $1", event.uuid()).fetch_optional(conn).await?;
    Ok(row.map(Recorded::from))
}

/// Where in their streams those of these events are that are recorded.
pub(crate) async fn stream_positions_of(
    conn: &mut PgConnection,
    events: &[Uuid],
) -> sqlx::Result<HashMap<EventId, StreamPosition>> {
    let rows = sqlx::query!(
        "SELECT event_id, stream_id, version FROM audit.entries WHERE event_id = ANY($1)",
        events
    )
    .fetch_all(conn)
    .await?;
    let mut positions = HashMap::with_capacity(rows.len());
    for row in rows {
        let version = rows::version(row.version)?;
        let position = StreamPosition { stream_id: row.stream_id, version };
        positions.insert(EventId::from_uuid(row.event_id), position);
    }
    Ok(positions)
}

/// Which of these entries differ from what is recorded at their position in the stream: their indices.
pub(crate) async fn contradictions(
    conn: &mut PgConnection,
    entries: &[Entry],
) -> sqlx::Result<HashSet<usize>> {
    let streams: Vec<_> = entries.iter().map(|entry| entry.stream_id).collect();
    let versions: Vec<_> = entries.iter().map(|entry| entry.version.number()).collect();
    let envelopes: Vec<&[u8]> = entries.iter().map(|entry| &*entry.envelope).collect();
    let rows = sqlx::query_scalar!(
        r#"SELECT given.n AS "n!"
           FROM UNNEST($1::uuid[], $2::bigint[], $3::bytea[])
               WITH ORDINALITY AS given (stream_id, version, envelope, n)
           JOIN audit.entries AS recorded USING (stream_id, version)
           WHERE recorded.envelope <> given.envelope"#,
        &streams,
        &versions,
        &envelopes as &[&[u8]],
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().filter_map(|n| usize::try_from(n - 1).ok()).collect())
}

/// The envelopes of a bundle of entries; none if the log does not reach so far.
pub(crate) async fn envelopes(
    conn: &mut PgConnection,
    at: translog::Coordinates,
) -> sqlx::Result<Option<Vec<Vec<u8>>>> {
    let first = at.index().checked_mul(translog::FULL_WIDTH.into());
    let Some(before) = first.and_then(|first| i64::try_from(first).ok()) else { return Ok(None) };
    let width = i64::from(at.width());
    let Some(last) = before.checked_add(width) else { return Ok(None) };
    let envelopes = sqlx::query_scalar!(
        "SELECT envelope FROM audit.entries
         WHERE position > $1 AND position <= $2 AND $2 <= (SELECT tree_size FROM audit.head)
         ORDER BY position",
        before,
        last,
    )
    .fetch_all(conn)
    .await?;
    Ok((envelopes.len() == usize::from(at.width())).then_some(envelopes))
}
