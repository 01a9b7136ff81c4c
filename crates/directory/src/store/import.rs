use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contract::rpc::{AccountKind, AccountRole};
use contract::{AccountId, AccountRoleId, PersonId};
use eventstore::rows::version;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Named;
use crate::account::{Account, AccountProfile};
use crate::account_role::HeldRole;
use crate::fields::Email;
use crate::import::Known;

/// Imports wait for each other until the end of the transaction.
pub(crate) async fn lock(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    // The number is any that nothing else of this database uses: "import" in ASCII.
    sqlx::query!(r#"SELECT pg_advisory_xact_lock(115835680158324::bigint) AS "locked!: ()""#)
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// What is known of the accounts and people that a file names, in three statements however long
/// the file is. Locked until the end of the transaction, for the changes that follow.
pub(crate) async fn known(
    conn: &mut PgConnection,
    external_ids: &[String],
    emails: &[String],
) -> Result<Known, sqlx::Error> {
    let mut known = Known::default();
    // In the order of ids, as everywhere: two that lock the same rows do not wait for each other.
    let accounts = sqlx::query!(
        r#"SELECT id, name, kind, service, external_id AS "external_id!", version, created_at
           FROM directory.accounts WHERE external_id = ANY($1) ORDER BY id FOR NO KEY UPDATE"#,
        external_ids,
    )
    .fetch_all(&mut *conn)
    .await?;
    for row in accounts {
        let profile = AccountProfile {
            name: row.name,
            kind: AccountKind::read(&row.kind)?,
            service: row.service,
            external_id: Some(row.external_id.clone()),
        };
        let account = Account {
            id: AccountId::from_uuid(row.id),
            profile,
            version: version(row.version)?,
            created_at: row.created_at,
        };
        known.accounts.insert(row.external_id, account);
    }
    let people =
        sqlx::query!("SELECT id, email FROM directory.people WHERE email = ANY($1)", emails)
            .fetch_all(&mut *conn)
            .await?;
    for row in people {
        known.people.insert(Email::read(&row.email)?, PersonId::from_uuid(row.id));
    }
    let account_ids: Vec<Uuid> = known.accounts.values().map(|account| account.id.uuid()).collect();
    let person_ids: Vec<Uuid> = known.people.values().map(|id| id.uuid()).collect();
    known.roles = held_roles(conn, &account_ids, &person_ids).await?;
    Ok(known)
}

async fn held_roles(
    conn: &mut PgConnection,
    accounts: &[Uuid],
    people: &[Uuid],
) -> Result<HashMap<(AccountId, PersonId), HeldRole>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT id, account_id, person_id, role, version FROM directory.account_roles
         WHERE account_id = ANY($1) AND person_id = ANY($2) ORDER BY id FOR UPDATE",
        accounts,
        people,
    )
    .fetch_all(conn)
    .await?;
    let mut roles = HashMap::with_capacity(rows.len());
    for row in rows {
        let held = HeldRole {
            id: AccountRoleId::from_uuid(row.id),
            account_id: AccountId::from_uuid(row.account_id),
            person_id: PersonId::from_uuid(row.person_id),
            role: AccountRole::read(&row.role)?,
            version: version(row.version)?,
        };
        roles.insert((held.account_id, held.person_id), held);
    }
    Ok(roles)
}

/// Keeps new accounts and new assignments, however many, in one statement a table; unless somebody made
/// one of the accounts, or gave one of the people a role on it, since they were looked up.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    accounts: &[Account],
    roles: &[HeldRole],
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let inserted = match insert_accounts(conn, accounts, now).await {
        Ok(()) => insert_account_roles(conn, roles, now).await,
        Err(error) => Err(error),
    };
    match inserted {
        Ok(()) => Ok(true),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
        Err(error) => Err(error),
    }
}

async fn insert_accounts(
    conn: &mut PgConnection,
    new: &[Account],
    created_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = new.iter().map(|account| account.id.uuid()).collect();
    let names: Vec<String> = new.iter().map(|account| account.profile.name.clone()).collect();
    let kinds: Vec<String> = new.iter().map(|account| account.profile.kind.to_string()).collect();
    let services: Vec<String> = new.iter().map(|account| account.profile.service.clone()).collect();
    let external_ids: Vec<Option<String>> =
        new.iter().map(|account| account.profile.external_id.clone()).collect();
    sqlx::query!(
        "INSERT INTO directory.accounts (id, name, kind, service, external_id, version, created_at)
         SELECT id, name, kind, service, external_id, 1, $6
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
              AS n (id, name, kind, service, external_id)",
        &ids,
        &names,
        &kinds,
        &services,
        &external_ids as &[Option<String>],
        created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_account_roles(
    conn: &mut PgConnection,
    new: &[HeldRole],
    created_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = new.iter().map(|held| held.id.uuid()).collect();
    let accounts: Vec<Uuid> = new.iter().map(|held| held.account_id.uuid()).collect();
    let people: Vec<Uuid> = new.iter().map(|held| held.person_id.uuid()).collect();
    let roles: Vec<String> = new.iter().map(|held| held.role.to_string()).collect();
    sqlx::query!(
        "INSERT INTO directory.account_roles (id, account_id, person_id, role, version, created_at)
         SELECT id, account_id, person_id, role, 1, $5
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) AS n (id, account_id, person_id, role)",
        &ids,
        &accounts,
        &people,
        &roles,
        created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}
