use chrono::{DateTime, Utc};
use contract::{OrganizationId, SubscriberId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::exactly_one;
use crate::subscriber::{PasswordHash, Subscriber};

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

impl From<Row> for Subscriber {
    fn from(row: Row) -> Self {
        Self {
            id: SubscriberId::from_uuid(row.id),
            name: row.name,
            organization_id: OrganizationId::from_uuid(row.organization_id),
            events: row.events,
            password_hash: PasswordHash(row.password_hash),
            created_at: row.created_at,
            removed_at: row.removed_at,
            version: row.version,
        }
    }
}

/// Keeps a new subscriber. A taken name violates `subscribers_name_key`, an organization that there
/// is not `subscribers_organization_id_fkey`.
pub async fn insert_subscriber(
    conn: &mut PgConnection,
    new: &Subscriber,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO directory.subscribers
            (id, name, organization_id, events, password_hash, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        new.id.uuid(),
        new.name,
        new.organization_id.uuid(),
        &new.events,
        new.password_hash.0,
        new.created_at,
        new.version,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The subscriber of this name, removed or not, locked until the end of the transaction.
pub async fn lock_subscriber(
    conn: &mut PgConnection,
    name: &str,
) -> Result<Option<Subscriber>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, name, organization_id, events, password_hash, created_at, removed_at, version
         FROM directory.subscribers WHERE name = $1 FOR UPDATE",
        name,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Subscriber::from))
}

/// Removes a subscriber that was locked before.
pub async fn end_subscriber(
    conn: &mut PgConnection,
    id: SubscriberId,
    now: DateTime<Utc>,
    version: i64,
) -> Result<(), sqlx::Error> {
    let result = sqlx::query!(
        "UPDATE directory.subscribers SET removed_at = $2, version = $3
         WHERE id = $1 AND removed_at IS NULL AND version = $3::bigint - 1",
        id.uuid(),
        now,
        version,
    )
    .execute(conn)
    .await?;
    exactly_one(&result)
}

/// The subscribers that are not removed, by name. They are few: whoever keeps NATS as they say
/// needs all.
pub async fn subscribers(conn: &mut PgConnection) -> Result<Vec<Subscriber>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, name, organization_id, events, password_hash, created_at, removed_at, version
         FROM directory.subscribers WHERE removed_at IS NULL ORDER BY name",
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Subscriber::from).collect())
}
