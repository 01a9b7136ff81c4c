//! The entries themselves.

use contract::{AccountId, EventId, OrganizationId, Salt, Sealed};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::part::Parts;

/// An entry and, while they are kept, the parts of its event.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) position: i64,
    pub(crate) organization: Option<OrganizationId>,
    pub(crate) account_id: Option<AccountId>,
    pub(crate) actor: String,
    pub(crate) envelope: Vec<u8>,
    pub(crate) parts: Parts<Option<Sealed>>,
}

struct Row {
    position: i64,
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
            r#"SELECT position AS "position!", organization, account_id, actor AS "actor!", envelope AS "envelope!",
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

/// The entry of this event.
pub(crate) async fn of_event(
    conn: &mut PgConnection,
    event: EventId,
) -> sqlx::Result<Option<Recorded>> {
    let row = select!("event_id = $1", event.uuid()).fetch_optional(conn).await?;
    Ok(row.map(Recorded::from))
}
