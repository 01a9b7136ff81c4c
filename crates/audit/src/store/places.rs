//! Where in the log events are.

use std::collections::HashMap;

use contract::EventId;
use contract::rpc::EventPlace;
use sqlx::PgConnection;
use uuid::Uuid;

/// The place of each of these events, in their order; without position for those that are not recorded.
pub(crate) async fn of_events(
    conn: &mut PgConnection,
    events: &[EventId],
) -> sqlx::Result<Vec<EventPlace>> {
    let ids: Vec<Uuid> = events.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        "SELECT event_id, position, recorded_at FROM audit.entries WHERE event_id = ANY($1)",
        &ids
    )
    .fetch_all(conn)
    .await?;
    let recorded: HashMap<_, _> =
        rows.into_iter().map(|row| (row.event_id, (row.position, row.recorded_at))).collect();
    let place = |event_id: &EventId| {
        let (position, recorded_at) = recorded.get(&event_id.uuid()).copied().unzip();
        EventPlace { event_id: *event_id, position, recorded_at }
    };
    Ok(events.iter().map(place).collect())
}
