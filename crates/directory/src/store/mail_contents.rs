use chrono::{DateTime, Utc};
use contract::rpc::{AccountRole, MemberRole};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Named;
use crate::mail::Template;
use crate::mailing::content::Content;

/// What this mail tells at this time; nothing, if what it is about has ended. What other services asked for, they know
/// about: see `mailing::requests`.
pub(crate) async fn find(
    conn: &mut PgConnection,
    template: Template,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Content>> {
    match template {
        Template::ConfirmContact { confirmation } => confirm_contact(conn, confirmation, now).await,
        Template::ResetPassword { reset } => reset_password(conn, reset, now).await,
        Template::PasswordChanged { person } => password_changed(conn, person).await,
        Template::InviteMember { invitation } => invite_member(conn, invitation, now).await,
        Template::InviteToAccount { invitation } => invite_to_account(conn, invitation, now).await,
        Template::DomainRequested { request } => domain_requested(conn, request).await,
        Template::DomainAnswered { request } => domain_answered(conn, request).await,
        Template::Requested(_) => Ok(None),
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

// `num_nulls` says that it is pending to us, and nothing to the planner: it must take the one by its key, and not
// look for it among all that are pending.

async fn invite_member(
    conn: &mut PgConnection,
    invitation: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Content>> {
    let row = sqlx::query!(
        r#"SELECT o.name AS organization, p.name AS inviter, i.member_role AS "role!", i.expires_at
           FROM directory.invitations i
           JOIN directory.organizations o ON o.id = i.organization_id
           JOIN directory.people p ON p.id = i.invited_by
           WHERE i.id = $1 AND num_nulls(i.ended_at) = 1 AND i.expires_at > $2"#,
        invitation,
        now,
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(Content::InviteMember {
            inviter: row.inviter,
            organization: row.organization,
            role: MemberRole::read(&row.role)?,
            until: row.expires_at,
        })
    })
    .transpose()
}

async fn invite_to_account(
    conn: &mut PgConnection,
    invitation: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Content>> {
    let row = sqlx::query!(
        r#"SELECT a.name AS account, p.name AS inviter, i.account_role AS "role!", i.expires_at
           FROM directory.invitations i
           JOIN directory.accounts a ON a.id = i.account_id
           JOIN directory.people p ON p.id = i.invited_by
           WHERE i.id = $1 AND num_nulls(i.ended_at) = 1 AND i.expires_at > $2"#,
        invitation,
        now,
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(Content::InviteToAccount {
            inviter: row.inviter,
            account: row.account,
            role: AccountRole::read(&row.role)?,
            until: row.expires_at,
        })
    })
    .transpose()
}

/// Nothing, once it is answered.
async fn domain_requested(conn: &mut PgConnection, request: Uuid) -> sqlx::Result<Option<Content>> {
    let row = sqlx::query!(
        "SELECT o.name AS organization, r.domain, r.reason
         FROM directory.domain_requests r JOIN directory.organizations o ON o.id = r.organization_id
         WHERE r.id = $1 AND r.state = 'open'",
        request,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Content::DomainRequested {
        organization: row.organization,
        domain: row.domain,
        reason: row.reason,
    }))
}

async fn domain_answered(conn: &mut PgConnection, request: Uuid) -> sqlx::Result<Option<Content>> {
    let row = sqlx::query!(
        r#"SELECT o.name AS organization, r.domain, r.state = 'granted' AS "granted!", r.answer_reason
           FROM directory.domain_requests r JOIN directory.organizations o ON o.id = r.organization_id
           WHERE r.id = $1 AND r.state <> 'open'"#,
        request,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Content::DomainAnswered {
        organization: row.organization,
        domain: row.domain,
        granted: row.granted,
        reason: row.answer_reason,
    }))
}
