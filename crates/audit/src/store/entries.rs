//! The entries themselves.

use contract::EventId;
use sqlx::PgConnection;
use uuid::Uuid;

/// An entry and, while it is kept, the context of its event.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) position: i64,
    pub(crate) organization: Option<Uuid>,
    pub(crate) account_id: Option<Uuid>,
    pub(crate) actor: String,
    pub(crate) envelope: Vec<u8>,
    pub(crate) salt: Option<Vec<u8>>,
    pub(crate) context: Option<Vec<u8>>,
}

/// The entries at these positions, by position.
pub(crate) async fn at(conn: &mut PgConnection, positions: &[i64]) -> sqlx::Result<Vec<Recorded>> {
    // Sorted here: to have them in order, the planner may follow the index from its beginning.
    let mut recorded = sqlx::query_as!(
        Recorded,
        r#"SELECT position AS "position!", organization, account_id, actor AS "actor!", envelope AS "envelope!", salt AS "salt?", context AS "context?"
           FROM audit.entries LEFT JOIN audit.entry_contexts USING (event_id)
           WHERE position = ANY($1)"#,
        positions
    )
    .fetch_all(conn)
    .await?;
    recorded.sort_by_key(|entry| entry.position);
    Ok(recorded)
}

/// The entry of this event.
pub(crate) async fn of_event(
    conn: &mut PgConnection,
    event: EventId,
) -> sqlx::Result<Option<Recorded>> {
    sqlx::query_as!(
        Recorded,
        r#"SELECT position, organization, account_id, actor, envelope, salt AS "salt?", context AS "context?"
           FROM audit.entries LEFT JOIN audit.entry_contexts USING (event_id)
           WHERE event_id = $1"#,
        event.uuid()
    )
    .fetch_optional(conn)
    .await
}
