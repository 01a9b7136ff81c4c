//! The personal data beside events.

use std::collections::{HashMap, HashSet};

use contract::{EventId, SealedContext};
use sqlx::PgConnection;
use uuid::Uuid;

/// The bytes of those of these events that are recorded.
pub(crate) async fn events(
    conn: &mut PgConnection,
    events: &[Uuid],
) -> sqlx::Result<HashMap<EventId, Vec<u8>>> {
    let rows = sqlx::query!(
        "SELECT event_id, envelope FROM audit.entries WHERE event_id = ANY($1)",
        events
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (EventId::from_uuid(row.event_id), row.envelope))
        .collect())
}

/// A context to keep.
#[derive(Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) event: EventId,
    pub(crate) sealed: &'a SealedContext,
    /// Whether the event is there and the context belongs to it.
    pub(crate) verified: bool,
}

/// Keeps contexts, at most one an event. One that was verified takes the place of one that was
/// not, and nothing takes the place of one that was. The events whose context is now the given one.
pub(crate) async fn keep(
    conn: &mut PgConnection,
    candidates: &[Candidate<'_>],
) -> sqlx::Result<HashSet<EventId>> {
    let events: Vec<_> = candidates
        .iter()
        .map(|candidate| candidate.event.uuid())
        .collect();
    let salts: Vec<_> = candidates
        .iter()
        .map(|candidate| candidate.sealed.salt.0.to_vec())
        .collect();
    let contexts: Vec<_> = candidates
        .iter()
        .map(|candidate| candidate.sealed.bytes.clone())
        .collect();
    let verified: Vec<_> = candidates
        .iter()
        .map(|candidate| candidate.verified)
        .collect();
    let kept = sqlx::query_scalar!(
        "INSERT INTO audit.entry_contexts AS kept (event_id, salt, context, verified)
         SELECT * FROM UNNEST($1::uuid[], $2::bytea[], $3::bytea[], $4::boolean[])
         ON CONFLICT (event_id) DO UPDATE SET
             salt = excluded.salt, context = excluded.context, verified = kept.verified OR excluded.verified
         WHERE (excluded.verified AND NOT kept.verified)
             OR (kept.salt = excluded.salt AND kept.context = excluded.context)
         RETURNING event_id",
        &events,
        &salts,
        &contexts,
        &verified,
    )
    .fetch_all(conn)
    .await?;
    Ok(kept.into_iter().map(EventId::from_uuid).collect())
}
