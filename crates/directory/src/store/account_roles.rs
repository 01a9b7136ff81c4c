use contract::rpc::{AccountKind, AccountRole, HeldAccountRole, NamedPerson, VisibleAccount};
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

/// Whether one person manages the roles of an account on which another holds one.
pub(crate) async fn manages_roles_of(
    conn: &mut PgConnection,
    one: PersonId,
    other: PersonId,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM directory.account_roles a JOIN directory.account_roles b USING (account_id)
               WHERE a.person_id = $1 AND a.role = 'admin' AND b.person_id = $2) AS "manages!""#,
        one.uuid(),
        other.uuid(),
    )
    .fetch_one(conn)
    .await
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
        "SELECT r.id, r.person_id, r.role, r.version, p.name, p.email
         FROM directory.account_roles r JOIN directory.people p ON p.id = r.person_id
         WHERE r.account_id = $1 AND ($2::uuid IS NULL OR r.id > $2)
         ORDER BY r.id LIMIT $3",
        account_id.uuid(),
        slice.after,
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

/// The roles of a person on these accounts, or on all.
pub(crate) async fn of_person(
    conn: &mut PgConnection,
    person_id: PersonId,
    accounts: Option<&[AccountId]>,
) -> Result<Vec<HeldAccountRole>, sqlx::Error> {
    let accounts: Option<Vec<Uuid>> = accounts.map(|ids| ids.iter().map(|id| id.uuid()).collect());
    let rows = sqlx::query!(
        "SELECT r.account_id, a.service, r.role
         FROM directory.account_roles r JOIN directory.accounts a ON a.id = r.account_id
         WHERE r.person_id = $1 AND ($2::uuid[] IS NULL OR r.account_id = ANY($2))
         ORDER BY r.account_id",
        person_id.uuid(),
        accounts.as_deref(),
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

/// The accounts of a service that a person can see, each with who may consent for it.
pub(crate) async fn visible_accounts(
    conn: &mut PgConnection,
    person_id: PersonId,
    service: &str,
    consent_roles: &[AccountRole],
) -> Result<Vec<VisibleAccount>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT a.id, a.name, a.kind, a.service, r.role
         FROM directory.account_roles r JOIN directory.accounts a ON a.id = r.account_id
         WHERE r.person_id = $1 AND a.service = $2
         ORDER BY a.name, a.id",
        person_id.uuid(),
        service,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut accounts = Vec::with_capacity(rows.len());
    for row in rows {
        accounts.push(VisibleAccount {
            id: AccountId::from_uuid(row.id),
            name: row.name,
            kind: AccountKind::read(&row.kind)?,
            service: row.service,
            role: AccountRole::read(&row.role)?,
            consenters: Vec::new(),
        });
    }
    let ids: Vec<Uuid> = accounts.iter().map(|account| account.id.uuid()).collect();
    let roles: Vec<String> = consent_roles.iter().map(ToString::to_string).collect();
    let consenters = sqlx::query!(
        "SELECT r.account_id, p.id, p.name
         FROM directory.account_roles r JOIN directory.people p ON p.id = r.person_id
         WHERE r.account_id = ANY($1) AND r.role = ANY($2)
         ORDER BY p.name, p.id",
        &ids,
        &roles,
    )
    .fetch_all(conn)
    .await?;
    let mut by_account: std::collections::HashMap<Uuid, Vec<NamedPerson>> =
        std::collections::HashMap::new();
    for row in consenters {
        let person = NamedPerson { person_id: PersonId::from_uuid(row.id), name: row.name };
        by_account.entry(row.account_id).or_default().push(person);
    }
    for account in &mut accounts {
        account.consenters = by_account.remove(&account.id.uuid()).unwrap_or_default();
    }
    Ok(accounts)
}
