//! What is held on a person, in portions.

use chrono::{DateTime, Utc};
use contract::rpc::{AccountRole, MemberRole};
use contract::{AccountId, MailId, OrganizationId, PersonId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Named;
use crate::fields::Email;
use crate::language::Language;

/// A membership.
pub(crate) struct HeldMembership {
    /// The organization.
    pub(crate) organization_id: OrganizationId,
    /// What it is called.
    pub(crate) organization_name: String,
    /// The role in it.
    pub(crate) role: MemberRole,
    /// Since when.
    pub(crate) created_at: DateTime<Utc>,
}

/// A role on an account.
pub(crate) struct HeldRole {
    /// The account.
    pub(crate) account_id: AccountId,
    /// What it is called.
    pub(crate) account_name: String,
    /// The service that it is an account of.
    pub(crate) service: String,
    /// The role.
    pub(crate) role: AccountRole,
    /// Since when.
    pub(crate) created_at: DateTime<Utc>,
}

/// A network from which the person has signed in: a keyed hash.
pub(crate) struct KnownNetwork {
    /// The hash.
    pub(crate) network: Vec<u8>,
    /// When they did so last.
    pub(crate) last_at: DateTime<Utc>,
}

/// A mail to the person's address.
pub(crate) struct MailToPerson {
    /// Its id.
    pub(crate) id: MailId,
    /// The name of its template.
    pub(crate) template: String,
    /// In which language.
    pub(crate) language: Language,
    /// When it was asked for.
    pub(crate) created_at: DateTime<Utc>,
    /// When it was sent.
    pub(crate) sent_at: Option<DateTime<Utc>>,
    /// When it was abandoned.
    pub(crate) abandoned_at: Option<DateTime<Utc>>,
}

/// The memberships in organizations after this one.
pub(crate) async fn memberships(
    conn: &mut PgConnection,
    person_id: PersonId,
    after: Uuid,
    limit: i64,
) -> sqlx::Result<Vec<HeldMembership>> {
    // Each by its key: the planner must not look for a few among all organizations.
    let rows = sqlx::query!(
        r#"SELECT m.organization_id AS "organization_id!", o.name AS "name!", m.role AS "role!",
                  m.created_at AS "created_at!"
           FROM (SELECT organization_id, role, created_at FROM directory.memberships
                 WHERE person_id = $1 AND organization_id > $2 ORDER BY organization_id LIMIT $3) AS m
           CROSS JOIN LATERAL (
               SELECT name FROM directory.organizations WHERE id = m.organization_id OFFSET 0) AS o
           ORDER BY m.organization_id"#,
        person_id.uuid(),
        after,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let held = rows.into_iter().map(|row| {
        Ok(HeldMembership {
            organization_id: OrganizationId::from_uuid(row.organization_id),
            organization_name: row.name,
            role: MemberRole::read(&row.role)?,
            created_at: row.created_at,
        })
    });
    held.collect()
}

/// The roles on accounts after this one.
pub(crate) async fn account_roles(
    conn: &mut PgConnection,
    person_id: PersonId,
    after: Uuid,
    limit: i64,
) -> sqlx::Result<Vec<HeldRole>> {
    let rows = sqlx::query!(
        r#"SELECT r.account_id AS "account_id!", a.name AS "name!", a.service AS "service!", r.role AS "role!",
                  r.created_at AS "created_at!"
           FROM (SELECT account_id, role, created_at FROM directory.account_roles
                 WHERE person_id = $1 AND account_id > $2 ORDER BY account_id LIMIT $3) AS r
           CROSS JOIN LATERAL (
               SELECT name, service FROM directory.accounts WHERE id = r.account_id OFFSET 0) AS a
           ORDER BY r.account_id"#,
        person_id.uuid(),
        after,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let held = rows.into_iter().map(|row| {
        Ok(HeldRole {
            account_id: AccountId::from_uuid(row.account_id),
            account_name: row.name,
            service: row.service,
            role: AccountRole::read(&row.role)?,
            created_at: row.created_at,
        })
    });
    held.collect()
}

/// The organizations that the person made, after this one.
pub(crate) async fn organizations_made(
    conn: &mut PgConnection,
    person_id: PersonId,
    after: Uuid,
    limit: i64,
) -> sqlx::Result<Vec<OrganizationId>> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM directory.organizations WHERE created_by = $1 AND id > $2 ORDER BY id LIMIT $3",
        person_id.uuid(),
        after,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(OrganizationId::from_uuid).collect())
}

/// The networks from which the person has signed in, after this one.
pub(crate) async fn networks(
    conn: &mut PgConnection,
    person_id: PersonId,
    after: &[u8],
    limit: i64,
) -> sqlx::Result<Vec<KnownNetwork>> {
    sqlx::query_as!(
        KnownNetwork,
        "SELECT network, last_at FROM directory.sign_in_networks
         WHERE person_id = $1 AND network > $2 ORDER BY network LIMIT $3",
        person_id.uuid(),
        after,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// The mails to this address, after this one.
pub(crate) async fn mails(
    conn: &mut PgConnection,
    address: &Email,
    after: Uuid,
    limit: i64,
) -> sqlx::Result<Vec<MailToPerson>> {
    let rows = sqlx::query!(
        "SELECT id, template, language, created_at, sent_at, abandoned_at FROM directory.mails
         WHERE recipient = $1 AND id > $2 ORDER BY id LIMIT $3",
        address.as_str(),
        after,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let mails = rows.into_iter().map(|row| {
        Ok(MailToPerson {
            id: MailId::from_uuid(row.id),
            template: row.template,
            language: Language::read(&row.language)?,
            created_at: row.created_at,
            sent_at: row.sent_at,
            abandoned_at: row.abandoned_at,
        })
    });
    mails.collect()
}
