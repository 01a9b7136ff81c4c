use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::mail::Template;
use crate::mailing::content::Content;

/// What this mail tells at this time; nothing, if what it is about has ended.
pub(crate) async fn find(
    conn: &mut PgConnection,
    template: Template,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Content>> {
    match template {
        Template::ConfirmContact { confirmation } => confirm_contact(conn, confirmation, now).await,
        Template::ResetPassword { reset } => reset_password(conn, reset, now).await,
        Template::PasswordChanged { person } => password_changed(conn, person).await,
        Template::InviteMember { .. }
        | Template::InviteToAccount { .. }
        | Template::DomainRequested { .. }
        | Template::DomainAnswered { .. } => Ok(None),
    }
}

async fn confirm_contact(
    conn: &mut PgConnection,
    confirmation: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Content>> {
    let row = sqlx::query!(
        "SELECT o.name, c.expires_at
         FROM directory.contact_confirmations c JOIN directory.organizations o ON o.id = c.organization_id
         WHERE c.id = $1 AND c.completed_at IS NULL AND c.expires_at > $2
           AND o.confirmed_at IS NULL AND o.contact_email = c.email",
        confirmation,
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Content::ConfirmContact { organization: row.name, until: row.expires_at }))
}

async fn reset_password(
    conn: &mut PgConnection,
    reset: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Content>> {
    let row = sqlx::query!(
        "SELECT p.name, r.expires_at
         FROM directory.password_resets r JOIN directory.people p ON p.id = r.person_id
         WHERE r.id = $1 AND r.completed_at IS NULL AND r.expires_at > $2
           AND p.deactivated_at IS NULL
           AND r.replaces = sha256(convert_to(coalesce(p.password_hash, ''), 'UTF8'))",
        reset,
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Content::ResetPassword { name: row.name, until: row.expires_at }))
}

async fn password_changed(conn: &mut PgConnection, person: Uuid) -> sqlx::Result<Option<Content>> {
    let name = sqlx::query_scalar!("SELECT name FROM directory.people WHERE id = $1", person)
        .fetch_optional(conn)
        .await?;
    Ok(name.map(|name| Content::PasswordChanged { name }))
}
