use chrono::{DateTime, Utc};
use contract::{ContactConfirmationId, OrganizationId};
use eventstore::rows::{exactly_one, version};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Named;
use crate::contact_confirmation::ContactConfirmation;
use crate::fields::Email;

struct Row {
    id: Uuid,
    organization_id: Uuid,
    email: String,
    requested_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    completed_at: Option<DateTime<Utc>>,
    version: i64,
}

impl TryFrom<Row> for ContactConfirmation {
    type Error = sqlx::Error;
    fn try_from(row: Row) -> sqlx::Result<Self> {
        Ok(Self {
            id: ContactConfirmationId::from_uuid(row.id),
            organization_id: OrganizationId::from_uuid(row.organization_id),
            email: Email::read(&row.email)?,
            requested_at: row.requested_at,
            expires_at: row.expires_at,
            completed_at: row.completed_at,
            version: version(row.version)?,
        })
    }
}

/// Keeps a new confirmation.
pub(crate) async fn insert(conn: &mut PgConnection, new: &ContactConfirmation) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO directory.contact_confirmations
            (id, organization_id, email, requested_at, expires_at, version)
         VALUES ($1, $2, $3, $4, $5, $6)",
        new.id.uuid(),
        new.organization_id.uuid(),
        new.email.as_str(),
        new.requested_at,
        new.expires_at,
        new.version.number(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// When the last ones of an organization were asked for since, the last first: true for as long as the organization
/// is locked.
pub(crate) async fn requested_since(
    conn: &mut PgConnection,
    organization: OrganizationId,
    since: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "SELECT requested_at FROM directory.contact_confirmations
         WHERE organization_id = $1 AND requested_at > $2 ORDER BY requested_at DESC LIMIT $3",
        organization.uuid(),
        since,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// The confirmation of this id.
pub(crate) async fn find(
    conn: &mut PgConnection,
    id: ContactConfirmationId,
) -> sqlx::Result<Option<ContactConfirmation>> {
    sqlx::query_as!(
        Row,
        "SELECT id, organization_id, email, requested_at, expires_at, completed_at, version
         FROM directory.contact_confirmations WHERE id = $1",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(ContactConfirmation::try_from)
    .transpose()
}

/// The same, locked until the end of the transaction.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    id: ContactConfirmationId,
) -> sqlx::Result<Option<ContactConfirmation>> {
    sqlx::query_as!(
        Row,
        "SELECT id, organization_id, email, requested_at, expires_at, completed_at, version
         FROM directory.contact_confirmations WHERE id = $1 FOR UPDATE",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(ContactConfirmation::try_from)
    .transpose()
}

/// Writes that a confirmation that was locked before is used.
pub(crate) async fn save(conn: &mut PgConnection, new: &ContactConfirmation) -> sqlx::Result<()> {
    let result = sqlx::query!(
        "UPDATE directory.contact_confirmations SET completed_at = $2, version = $3
         WHERE id = $1 AND version = $3::bigint - 1",
        new.id.uuid(),
        new.completed_at,
        new.version.number(),
    )
    .execute(conn)
    .await?;
    exactly_one(&result)
}
