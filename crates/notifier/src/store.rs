//! The SQL of subscribers. Writes go through the connection of an `eventstore` unit, together with the
//! events they belong to. Not found is `Ok(None)`.

use chrono::{DateTime, Utc};
use contract::{OrganizationId, SubscriberId};
use eventstore::rows::{exactly_one, version};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::password::PasswordHash;
use crate::subscriber::Subscriber;

struct Row {
    id: Uuid,
    name: String,
    organization_id: Uuid,
    events: Vec<String>,
    password_hash: String,
    created_at: DateTime<Utc>,
    removed_at: Option<DateTime<Utc>>,
    version: i64,
}

impl TryFrom<Row> for Subscriber {
    type Error = sqlx::Error;
    fn try_from(row: Row) -> sqlx::Result<Self> {
        Ok(Self {
            id: SubscriberId::from_uuid(row.id),
            name: row.name,
            organization_id: OrganizationId::from_uuid(row.organization_id),
            events: row.events,
            password_hash: PasswordHash(row.password_hash),
            created_at: row.created_at,
            removed_at: row.removed_at,
            version: version(row.version)?,
        })
    }
}

/// Keeps a new subscriber. Its name may be taken: [`is_name_taken`].
pub(crate) async fn insert(conn: &mut PgConnection, new: &Subscriber) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO notifier.subscribers
            (id, name, organization_id, events, password_hash, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        new.id.uuid(),
        new.name,
        new.organization_id.uuid(),
        &new.events,
        new.password_hash.0,
        new.created_at,
        new.version.number(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a subscriber could not be kept for its name.
pub(crate) fn is_name_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::constraint)
        == Some("subscribers_name_key")
}

/// The subscriber of this name, removed or not, locked until the end of the transaction.
pub(crate) async fn lock(conn: &mut PgConnection, name: &str) -> sqlx::Result<Option<Subscriber>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, name, organization_id, events, password_hash, created_at, removed_at, version
         FROM notifier.subscribers WHERE name = $1 FOR UPDATE",
        name,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Subscriber::try_from).transpose()
}

/// Saves that a subscriber, which was locked before, is removed.
pub(crate) async fn save_removal(
    conn: &mut PgConnection,
    removed: &Subscriber,
) -> sqlx::Result<()> {
    let result = sqlx::query!(
        "UPDATE notifier.subscribers SET removed_at = $2, version = $3
         WHERE id = $1 AND removed_at IS NULL AND version = $3::bigint - 1",
        removed.id.uuid(),
        removed.removed_at,
        removed.version.number(),
    )
    .execute(conn)
    .await?;
    exactly_one(&result)
}

/// The subscribers that are not removed, by name. They are few: whoever keeps NATS as they say
/// needs all.
pub(crate) async fn live(conn: &mut PgConnection) -> sqlx::Result<Vec<Subscriber>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, name, organization_id, events, password_hash, created_at, removed_at, version
         FROM notifier.subscribers WHERE removed_at IS NULL ORDER BY name",
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Subscriber::try_from).collect()
}
