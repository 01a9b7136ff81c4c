use chrono::{DateTime, Utc};
use contract::{EventId, OrganizationId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Named;
use crate::fields::Email;
use crate::language::Language;

/// At most so many are deleted by one statement.
const SWEPT_AT_ONCE: i64 = 1_000;

/// Notes that this event's mail to this person or organization was asked for; false, if it was before.
pub(crate) async fn take(
    conn: &mut PgConnection,
    event: EventId,
    recipient: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let taken = sqlx::query!(
        "INSERT INTO directory.mail_requests_taken (event_id, recipient_id, taken_at) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING",
        event.uuid(),
        recipient,
        now,
    )
    .execute(conn)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Where an organization's owners are written to, and in which language: so many of those that can sign in.
pub(crate) async fn owners(
    conn: &mut PgConnection,
    organization: OrganizationId,
    limit: i64,
) -> sqlx::Result<Vec<(Email, Language)>> {
    let rows = sqlx::query!(
        "SELECT p.email, p.language
         FROM directory.memberships m JOIN directory.people p ON p.id = m.person_id
         WHERE m.organization_id = $1 AND m.role = 'owner' AND p.deactivated_at IS NULL
         ORDER BY m.id LIMIT $2",
        organization.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| Ok((Email::read(&row.email)?, Language::read(&row.language)?)))
        .collect()
}

/// Forgets what was asked for before this time, some at a time: whether there may be more.
pub(crate) async fn sweep(conn: &mut PgConnection, before: DateTime<Utc>) -> sqlx::Result<bool> {
    let swept = sqlx::query!(
        "DELETE FROM directory.mail_requests_taken WHERE (event_id, recipient_id) IN (
             SELECT event_id, recipient_id FROM directory.mail_requests_taken
             WHERE taken_at < $1 ORDER BY taken_at LIMIT $2)",
        before,
        SWEPT_AT_ONCE,
    )
    .execute(conn)
    .await?;
    Ok(i64::try_from(swept.rows_affected()).is_ok_and(|rows| rows == SWEPT_AT_ONCE))
}
