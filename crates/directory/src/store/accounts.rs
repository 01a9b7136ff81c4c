use chrono::{DateTime, Utc};
use contract::rpc::{AccountKind, NamedAccount};
use contract::{AccountId, PersonId};
use eventstore::rows::{exactly_one, version};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Named, Slice, unless_taken};
use crate::account::{Account, AccountProfile};

/// An account's columns.
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) service: String,
    pub(super) external_id: Option<String>,
    pub(super) version: i64,
    pub(super) created_at: DateTime<Utc>,
}

impl TryFrom<Row> for Account {
    type Error = sqlx::Error;
    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: AccountId::from_uuid(row.id),
            profile: AccountProfile {
                name: row.name,
                kind: AccountKind::read(&row.kind)?,
                service: row.service,
                external_id: row.external_id,
            },
            version: version(row.version)?,
            created_at: row.created_at,
        })
    }
}

/// Keeps a new account, if its external id is not taken.
pub(crate) async fn insert(conn: &mut PgConnection, new: &Account) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        "INSERT INTO directory.accounts (id, name, kind, service, external_id, version, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        new.id.uuid(),
        new.profile.name,
        new.profile.kind.as_str(),
        new.profile.service,
        new.profile.external_id,
        new.version.number(),
        new.created_at,
    )
    .execute(conn)
    .await;
    unless_taken(inserted, "accounts_external_id_key")
}

/// Writes the name of an account that was locked before.
pub(crate) async fn save(conn: &mut PgConnection, new: &Account) -> Result<(), sqlx::Error> {
    let result = sqlx::query!(
        "UPDATE directory.accounts SET name = $2, version = $3 WHERE id = $1 AND version = $3::bigint - 1",
        new.id.uuid(),
        new.profile.name,
        new.version.number(),
    )
    .execute(conn)
    .await?;
    exactly_one(&result)
}

/// The account of this id.
pub(crate) async fn find(
    conn: &mut PgConnection,
    id: AccountId,
) -> Result<Option<Account>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "SELECT id, name, kind, service, external_id, version, created_at
         FROM directory.accounts WHERE id = $1",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(Account::try_from)
    .transpose()
}

/// Locks the account of this id until the end of the transaction: nobody else invites to it, or accepts, meanwhile.
/// Whether there is one.
pub(crate) async fn lock(conn: &mut PgConnection, id: AccountId) -> sqlx::Result<bool> {
    let found = sqlx::query!(
        "SELECT id FROM directory.accounts WHERE id = $1 FOR NO KEY UPDATE",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// A page of the accounts: those on which this person holds a role, or all; of this service, or of
/// all.
pub(crate) async fn list(
    conn: &mut PgConnection,
    holder: Option<PersonId>,
    service: Option<&str>,
    slice: Slice,
) -> Result<Vec<Account>, sqlx::Error> {
    let after = slice.begins_after();
    let rows = match (holder, service) {
        (Some(holder), _) => {
            // Each by its key: the planner must not look for a few among all accounts.
            sqlx::query_as!(
                Row,
                r#"SELECT a.id AS "id!", a.name AS "name!", a.kind AS "kind!", a.service AS "service!",
                          a.external_id, a.version AS "version!", a.created_at AS "created_at!"
                   FROM directory.account_roles AS r
                   CROSS JOIN LATERAL (SELECT * FROM directory.accounts WHERE id = r.account_id OFFSET 0) AS a
                   WHERE r.person_id = $1 AND r.account_id > $2 AND ($3::text IS NULL OR a.service = $3)
                   ORDER BY r.account_id LIMIT $4"#,
                holder.uuid(),
                after,
                service,
                slice.limit,
            )
            .fetch_all(conn)
            .await?
        }
        (None, Some(service)) => {
            sqlx::query_as!(
                Row,
                "SELECT id, name, kind, service, external_id, version, created_at
                 FROM directory.accounts WHERE service = $1 AND id > $2 ORDER BY id LIMIT $3",
                service,
                after,
                slice.limit,
            )
            .fetch_all(conn)
            .await?
        }
        (None, None) => {
            sqlx::query_as!(
                Row,
                "SELECT id, name, kind, service, external_id, version, created_at
                 FROM directory.accounts WHERE id > $1 ORDER BY id LIMIT $2",
                after,
                slice.limit,
            )
            .fetch_all(conn)
            .await?
        }
    };
    rows.into_iter().map(Account::try_from).collect()
}

/// What these accounts are called; unknown ones are left out.
pub(crate) async fn names(
    conn: &mut PgConnection,
    ids: &[AccountId],
) -> Result<Vec<NamedAccount>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let mut rows = sqlx::query!(
        "SELECT id, name, kind, service FROM directory.accounts WHERE id = ANY($1)",
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.sort_by_key(|row| row.id);
    rows.into_iter()
        .map(|row| {
            Ok(NamedAccount {
                account_id: AccountId::from_uuid(row.id),
                name: row.name,
                kind: AccountKind::read(&row.kind)?,
                service: row.service,
            })
        })
        .collect()
}
