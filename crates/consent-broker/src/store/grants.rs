//! Grants.

use chrono::{DateTime, Utc};
use contract::catalogue::DomainLevel;
use contract::ids::{AccountId, AppId, GrantId, LinkId, OrganizationId, PersonId};
use contract::rpc::AccountRole;
use eventstore::rows::version;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::{contradiction, revocation};
use crate::grant::{Approved, Grant};
use crate::revocation::Revocation;

struct Row {
    id: Uuid,
    app_id: Uuid,
    organization_id: Uuid,
    account_id: Uuid,
    link_id: Uuid,
    service: String,
    domains: Json<Vec<DomainLevel>>,
    granted_by: Uuid,
    role: String,
    granted_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    revoked_by: Option<Uuid>,
    revocation_reason: Option<String>,
    version: i64,
}

macro_rules! select_grants {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"SELECT id, app_id, organization_id, account_id, link_id, service,
                      domains AS "domains: Json<Vec<DomainLevel>>", granted_by, role, granted_at, revoked_at,
                      revoked_by, revocation_reason, version
               FROM consent_broker.grants "# + $rest
            $(, $argument)*
        )
    };
}

// Below the macro, which it uses.
mod list;

pub(crate) use list::{Filter, Sight, list};

impl TryFrom<Row> for Grant {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let reason = row.revocation_reason.as_deref();
        let revoked =
            row.revoked_at.map(|at| revocation(at, row.revoked_by, reason)).transpose()?;
        Ok(Self {
            id: GrantId::from_uuid(row.id),
            app_id: AppId::from_uuid(row.app_id),
            organization_id: OrganizationId::from_uuid(row.organization_id),
            account_id: AccountId::from_uuid(row.account_id),
            link_id: LinkId::from_uuid(row.link_id),
            service: row.service,
            domains: row.domains.0,
            granted_by: PersonId::from_uuid(row.granted_by),
            role: AccountRole::parse(&row.role)
                .ok_or_else(|| contradiction("a grant names a known role"))?,
            granted_at: row.granted_at,
            revoked,
            version: version(row.version)?,
        })
    }
}

fn all(rows: Vec<Row>) -> Result<Vec<Grant>, sqlx::Error> {
    rows.into_iter().map(Grant::try_from).collect()
}

/// Stores these grants of one approval, but for accounts that have one that is live, and says which it
/// stored. They are stored in the order of their accounts: whoever approves the same ones at the same
/// time waits, never in a circle.
pub(crate) async fn insert_missing(
    connection: &mut PgConnection,
    approved: Approved<'_>,
    grants: &[&Grant],
) -> Result<Vec<GrantId>, sqlx::Error> {
    let ids: Vec<Uuid> = grants.iter().map(|grant| grant.id.uuid()).collect();
    let account_ids: Vec<Uuid> = grants.iter().map(|grant| grant.account_id.uuid()).collect();
    let roles: Vec<String> = grants.iter().map(|grant| grant.role.as_str().to_owned()).collect();
    let inserted = sqlx::query_scalar!(
        "INSERT INTO consent_broker.grants
            (id, account_id, role, link_id, app_id, organization_id, service, domains, granted_by, granted_at, version)
         SELECT chosen.id, chosen.account_id, chosen.role, $4, $5, $6, $7, $8, $9, $10, 1
         FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS chosen (id, account_id, role)
         ORDER BY chosen.account_id
         ON CONFLICT (app_id, account_id) WHERE revoked_at IS NULL DO NOTHING
         RETURNING id",
        &ids,
        &account_ids,
        &roles,
        approved.link_id.uuid(),
        approved.app_id.uuid(),
        approved.organization_id.uuid(),
        approved.service,
        Json(approved.domains) as _,
        approved.by.uuid(),
        approved.at,
    )
    .fetch_all(connection)
    .await?;
    Ok(inserted.into_iter().map(GrantId::from_uuid).collect())
}

/// The live grants of an app on these accounts.
pub(crate) async fn live_on(
    executor: impl PgExecutor<'_>,
    app: AppId,
    accounts: &[AccountId],
) -> Result<Vec<Grant>, sqlx::Error> {
    let accounts: Vec<Uuid> = accounts.iter().map(|id| id.uuid()).collect();
    // Each by its key: the planner must not compare all live grants of the app with all these accounts.
    all(select_grants!(
        "WHERE id = ANY(ARRAY(
             SELECT live.id FROM unnest($2::uuid[]) AS chosen (account_id)
             CROSS JOIN LATERAL (
                 SELECT id FROM consent_broker.grants
                 WHERE app_id = $1 AND account_id = chosen.account_id AND revoked_at IS NULL OFFSET 0) AS live))",
        app.uuid(),
        &accounts
    )
    .fetch_all(executor)
    .await?)
}

/// The live grants of an app, oldest first, after `after`.
pub(crate) async fn live_of_app(
    executor: impl PgExecutor<'_>,
    app: AppId,
    after: Option<GrantId>,
    limit: i64,
) -> Result<Vec<Grant>, sqlx::Error> {
    all(select_grants!(
        "WHERE app_id = $1 AND revoked_at IS NULL AND id > $2 ORDER BY id LIMIT $3",
        app.uuid(),
        after.map_or(Uuid::nil(), GrantId::uuid),
        limit,
    )
    .fetch_all(executor)
    .await?)
}

/// The grant with this id.
pub(crate) async fn by_id(
    executor: impl PgExecutor<'_>,
    id: GrantId,
) -> Result<Option<Grant>, sqlx::Error> {
    select_grants!("WHERE id = $1", id.uuid())
        .fetch_optional(executor)
        .await?
        .map(Grant::try_from)
        .transpose()
}

/// The grant with this id; nobody else changes it until the transaction ends.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    id: GrantId,
) -> Result<Option<Grant>, sqlx::Error> {
    select_grants!("WHERE id = $1 FOR UPDATE", id.uuid())
        .fetch_optional(connection)
        .await?
        .map(Grant::try_from)
        .transpose()
}

/// Those of these grants that are live, locked in one order.
pub(crate) async fn lock_live(
    connection: &mut PgConnection,
    ids: impl Iterator<Item = GrantId>,
) -> Result<Vec<Grant>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.map(GrantId::uuid).collect();
    // Why not `IS NULL`: see `revoke`.
    all(select_grants!(
        "WHERE id = ANY($1) AND num_nulls(revoked_at) = 1 ORDER BY id FOR UPDATE",
        &ids
    )
    .fetch_all(connection)
    .await?)
}

/// Some live grants of an app, locked; those that somebody else holds are left out.
pub(crate) async fn lock_some_live_of_app(
    connection: &mut PgConnection,
    app: AppId,
    limit: i64,
) -> Result<Vec<Grant>, sqlx::Error> {
    all(select_grants!(
        "WHERE app_id = $1 AND revoked_at IS NULL ORDER BY account_id LIMIT $2 FOR UPDATE SKIP LOCKED",
        app.uuid(),
        limit,
    )
    .fetch_all(connection)
    .await?)
}

/// Whether an app has live grants.
pub(crate) async fn any_live_of_app(
    executor: impl PgExecutor<'_>,
    app: AppId,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM consent_broker.grants WHERE app_id = $1 AND revoked_at IS NULL
           ) AS "any!""#,
        app.uuid()
    )
    .fetch_one(executor)
    .await
}

/// Ends these locked, live grants, all in the same way.
pub(crate) async fn revoke(
    connection: &mut PgConnection,
    grants: impl Iterator<Item = GrantId>,
    revocation: Revocation,
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = grants.map(GrantId::uuid).collect();
    // The clock of the replica that granted may be ahead of this one's. `num_nulls` says `IS NULL` to
    // us and nothing to the planner, which would look for the ids among all live grants.
    let done = sqlx::query!(
        "UPDATE consent_broker.grants
         SET revoked_at = GREATEST($2, granted_at), revoked_by = $3, revocation_reason = $4, version = version + 1
         WHERE id = ANY($1) AND num_nulls(revoked_at) = 1",
        &ids,
        revocation.at,
        revocation.by.map(PersonId::uuid),
        revocation.reason.as_str(),
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == ids.len() as u64 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}
