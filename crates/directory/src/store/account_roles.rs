use contract::rpc::{AccountRole, HeldAccountRole, HeldAccounts, HeldAccountsPage};
use contract::{AccountId, AccountRoleId, PersonId};
use eventstore::rows::{exactly_one, version};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Named, Slice, unless_taken};
use crate::account_role::HeldRole;
use crate::fields::Email;

/// Someone with a role on an account, and what they are called: personal.
#[derive(Debug, Clone)]
pub(crate) struct RoleHolder {
    /// The assignment.
    pub(crate) held: HeldRole,
    /// The person's name.
    pub(crate) name: String,
    /// The person's address.
    pub(crate) email: Email,
}

/// Keeps a new assignment, if the person holds no role on the account.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    new: &HeldRole,
    created_at: chrono::DateTime<chrono::Utc>,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        "INSERT INTO directory.account_roles (id, account_id, person_id, role, version, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        new.id.uuid(),
        new.account_id.uuid(),
        new.person_id.uuid(),
        new.role.as_str(),
        new.version.number(),
        created_at,
    )
    .execute(conn)
    .await;
    unless_taken(inserted, "account_roles_account_id_person_id_key")
}

/// A person's role on an account.
pub(crate) async fn find(
    conn: &mut PgConnection,
    account_id: AccountId,
    person_id: PersonId,
) -> Result<Option<HeldRole>, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT id, role, version FROM directory.account_roles WHERE account_id = $1 AND person_id = $2",
        account_id.uuid(),
        person_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        let role = AccountRole::read(&row.role)?;
        let id = AccountRoleId::from_uuid(row.id);
        Ok(HeldRole { id, account_id, person_id, role, version: version(row.version)? })
    })
    .transpose()
}

/// The same, locked until the end of the transaction.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    account_id: AccountId,
    person_id: PersonId,
) -> Result<Option<HeldRole>, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT id, role, version FROM directory.account_roles
         WHERE account_id = $1 AND person_id = $2 FOR UPDATE",
        account_id.uuid(),
        person_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        let role = AccountRole::read(&row.role)?;
        let id = AccountRoleId::from_uuid(row.id);
        Ok(HeldRole { id, account_id, person_id, role, version: version(row.version)? })
    })
    .transpose()
}

/// Writes the role of an assignment that was locked before.
pub(crate) async fn save(conn: &mut PgConnection, new: &HeldRole) -> Result<(), sqlx::Error> {
    let result = sqlx::query!(
        "UPDATE directory.account_roles SET role = $2, version = $3 WHERE id = $1 AND version = $3::bigint - 1",
        new.id.uuid(),
        new.role.as_str(),
        new.version.number(),
    )
    .execute(conn)
    .await?;
    exactly_one(&result)
}

/// Ends an assignment that was locked before.
pub(crate) async fn delete(conn: &mut PgConnection, ended: &HeldRole) -> Result<(), sqlx::Error> {
    let result = sqlx::query!(
        "DELETE FROM directory.account_roles WHERE id = $1 AND version = $2::bigint - 1",
        ended.id.uuid(),
        ended.version.number(),
    )
    .execute(conn)
    .await?;
    exactly_one(&result)
}

/// A page of those who hold a role on an account.
pub(crate) async fn list(
    conn: &mut PgConnection,
    account_id: AccountId,
    slice: Slice,
) -> Result<Vec<RoleHolder>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT r.id, r.person_id, r.role, r.version, p.name AS "name!", p.email AS "email!"
           FROM directory.account_roles AS r
           CROSS JOIN LATERAL (SELECT name, email FROM directory.people WHERE id = r.person_id OFFSET 0) AS p
           WHERE r.account_id = $1 AND r.id > $2 ORDER BY r.id LIMIT $3"#,
        account_id.uuid(),
        slice.begins_after(),
        slice.limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(RoleHolder {
                held: HeldRole {
                    id: AccountRoleId::from_uuid(row.id),
                    account_id,
                    person_id: PersonId::from_uuid(row.person_id),
                    role: AccountRole::read(&row.role)?,
                    version: version(row.version)?,
                },
                name: row.name,
                email: Email::read(&row.email)?,
            })
        })
        .collect()
}

/// The roles of a person on these accounts.
pub(crate) async fn of_person(
    conn: &mut PgConnection,
    person_id: PersonId,
    accounts: &[AccountId],
) -> Result<Vec<HeldAccountRole>, sqlx::Error> {
    let accounts: Vec<Uuid> = accounts.iter().map(|id| id.uuid()).collect();
    // Each by its key: the planner must not compare all of the person's roles with all that was asked for.
    let rows = sqlx::query!(
        r#"SELECT r.account_id, a.service AS "service!", r.role AS "role!"
           FROM unnest($2::uuid[]) AS asked (account_id)
           CROSS JOIN LATERAL (
               SELECT account_id, role FROM directory.account_roles
               WHERE person_id = $1 AND account_id = asked.account_id OFFSET 0) AS r
           CROSS JOIN LATERAL (SELECT service FROM directory.accounts WHERE id = r.account_id OFFSET 0) AS a
           ORDER BY r.account_id"#,
        person_id.uuid(),
        &accounts,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(HeldAccountRole {
                account_id: AccountId::from_uuid(row.account_id),
                service: row.service,
                role: AccountRole::read(&row.role)?,
            })
        })
        .collect()
}

/// The first roles of a person, in the order of the accounts.
pub(crate) async fn first_of_person(
    conn: &mut PgConnection,
    person_id: PersonId,
    limit: u16,
) -> Result<Vec<HeldAccountRole>, sqlx::Error> {
    // Each account by its key: the planner must not look for a few among all of them.
    let rows = sqlx::query!(
        r#"SELECT r.account_id, a.service AS "service!", r.role
           FROM directory.account_roles AS r
           CROSS JOIN LATERAL (SELECT * FROM directory.accounts WHERE id = r.account_id OFFSET 0) AS a
           WHERE r.person_id = $1 ORDER BY r.account_id LIMIT $2"#,
        person_id.uuid(),
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(HeldAccountRole {
                account_id: AccountId::from_uuid(row.account_id),
                service: row.service,
                role: AccountRole::read(&row.role)?,
            })
        })
        .collect()
}

/// A page of the accounts on which a person holds a role.
pub(crate) async fn held_accounts(
    conn: &mut PgConnection,
    asked: &HeldAccounts,
) -> Result<HeldAccountsPage, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "SELECT account_id FROM directory.account_roles
         WHERE person_id = $1 AND account_id > $2 ORDER BY account_id LIMIT $3",
        asked.person_id.uuid(),
        asked.after.map_or(Uuid::nil(), AccountId::uuid),
        i64::from(HeldAccounts::MOST),
    )
    .fetch_all(conn)
    .await?;
    let account_ids: Vec<AccountId> = ids.into_iter().map(AccountId::from_uuid).collect();
    let full = account_ids.len() == usize::from(HeldAccounts::MOST);
    let after = account_ids.last().copied().filter(|_| full);
    Ok(HeldAccountsPage { account_ids, after })
}
