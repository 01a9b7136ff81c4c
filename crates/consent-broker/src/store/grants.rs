//! Grants. What time has ended, and may not be recorded yet, counts as ended: each question says as of when it is
//! asked.

use chrono::{DateTime, Utc};
use contract::catalogue::{ConsentLifetime, DomainLevel};
use contract::ids::{AccountId, AppId, GrantId, LinkId, OrganizationId, PersonId};
use contract::rpc::AccountRole;
use eventstore::rows::{exactly_one, version};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::{contradiction, revocation};
use crate::as_of::AsOf;
use crate::grant::{Approved, End, Grant, Renewal};
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
    expires_at: Option<DateTime<Utc>>,
    lifetime_days: Option<i32>,
    awaits_expiry_since: Option<DateTime<Utc>>,
    renewed_at: Option<DateTime<Utc>>,
    renewed_by: Option<Uuid>,
    renewed_role: Option<String>,
    ended_at: Option<DateTime<Utc>>,
    ended_by: Option<Uuid>,
    end_reason: Option<String>,
    version: i64,
}

macro_rules! select_grants {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"SELECT id, app_id, organization_id, account_id, link_id, service,
                      domains AS "domains: Json<Vec<DomainLevel>>", granted_by, role, granted_at, expires_at,
                      lifetime_days, awaits_expiry_since, renewed_at, renewed_by, renewed_role, ended_at, ended_by,
                      end_reason, version
               FROM consent_broker.grants "# + $rest
            $(, $argument)*
        )
    };
}

// Below the macro, which they use.
mod list;
mod sweep;

pub(crate) use list::{Filter, Sight, list};
pub(crate) use sweep::{
    expire, lock_awaiting, lock_due, lock_notice_due, set_expiry, set_notice_due,
};

impl Row {
    /// The grant as of this moment.
    fn grant(self, as_of: AsOf<'_>) -> Result<Grant, sqlx::Error> {
        let awaits = self.awaits_expiry_since.filter(|_| self.ended_at.is_none());
        let (lifetime, expires_at) = match awaits {
            // As the function `grant_expiry` of the schema says it.
            Some(since) => {
                let lifetime = as_of.catalogue.consent_lifetime(&self.service);
                (lifetime, lifetime.end(since))
            }
            None => (lifetime(self.lifetime_days)?, self.expires_at),
        };
        let end = match (self.ended_at, self.end_reason.as_deref()) {
            (None, _) => None,
            (Some(at), Some("expired")) => Some(End::Expired { at }),
            (Some(at), reason) => Some(End::Revoked(revocation(at, self.ended_by, reason)?)),
        };
        let renewal = match (self.renewed_at, self.renewed_by, self.renewed_role.as_deref()) {
            (Some(at), Some(by), Some(in_role)) => {
                Some(Renewal { at, by: PersonId::from_uuid(by), role: role(in_role)? })
            }
            _ => None,
        };
        Ok(Grant {
            id: GrantId::from_uuid(self.id),
            app_id: AppId::from_uuid(self.app_id),
            organization_id: OrganizationId::from_uuid(self.organization_id),
            account_id: AccountId::from_uuid(self.account_id),
            link_id: LinkId::from_uuid(self.link_id),
            service: self.service,
            domains: self.domains.0,
            granted_by: PersonId::from_uuid(self.granted_by),
            role: role(&self.role)?,
            granted_at: self.granted_at,
            expires_at,
            lifetime,
            awaits_expiry: awaits.is_some(),
            renewal,
            end,
            version: version(self.version)?,
        })
    }
}

fn role(text: &str) -> Result<AccountRole, sqlx::Error> {
    AccountRole::parse(text).ok_or_else(|| contradiction("a grant names a known role"))
}

fn lifetime(days: Option<i32>) -> Result<ConsentLifetime, sqlx::Error> {
    let days = days.map(u16::try_from).transpose();
    let days = days.map_err(|_| contradiction("a lifetime has a bounded number of days"))?;
    Ok(days.map_or(ConsentLifetime::UNLIMITED, ConsentLifetime::Days))
}

fn all(rows: Vec<Row>, as_of: AsOf<'_>) -> Result<Vec<Grant>, sqlx::Error> {
    rows.into_iter().map(|row| row.grant(as_of)).collect()
}

/// Stores these grants of one approval, but for accounts that have one that has not ended, and says which it
/// stored. They are stored in the order of their accounts: whoever approves the same ones at the same
/// time waits, never in a circle. What time has ended on them must be recorded before, and the words that were shown.
pub(crate) async fn insert_missing(
    connection: &mut PgConnection,
    approved: Approved<'_>,
    grants: &[&Grant],
    text_sha256: &[u8],
    notice_due_at: Option<DateTime<Utc>>,
) -> Result<Vec<GrantId>, sqlx::Error> {
    let ids: Vec<Uuid> = grants.iter().map(|grant| grant.id.uuid()).collect();
    let account_ids: Vec<Uuid> = grants.iter().map(|grant| grant.account_id.uuid()).collect();
    let roles: Vec<String> = grants.iter().map(|grant| grant.role.as_str().to_owned()).collect();
    let inserted = sqlx::query_scalar!(
        "INSERT INTO consent_broker.grants
            (id, account_id, role, link_id, app_id, organization_id, service, domains, granted_by, granted_at,
             expires_at, lifetime_days, text_sha256, notice_due_at, version)
         SELECT chosen.id, chosen.account_id, chosen.role, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1
         FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS chosen (id, account_id, role)
         ORDER BY chosen.account_id
         ON CONFLICT (app_id, account_id) WHERE ended_at IS NULL DO NOTHING
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
        approved.expires_at(),
        approved.lifetime.days().map(i32::from),
        text_sha256,
        notice_due_at,
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
    as_of: AsOf<'_>,
) -> Result<Vec<Grant>, sqlx::Error> {
    let mut grants = unended_on(executor, app, accounts, as_of).await?;
    grants.retain(|grant| grant.is_live(as_of.now));
    Ok(grants)
}

/// The grants of an app on these accounts that time has ended, which is not recorded yet.
pub(crate) async fn past_on(
    executor: impl PgExecutor<'_>,
    app: AppId,
    accounts: &[AccountId],
    as_of: AsOf<'_>,
) -> Result<Vec<GrantId>, sqlx::Error> {
    let grants = unended_on(executor, app, accounts, as_of).await?;
    let past = grants.iter().filter(|grant| !grant.is_live(as_of.now));
    Ok(past.map(|grant| grant.id).collect())
}

/// The grants of an app on these accounts of which no end is recorded: one an account at most.
async fn unended_on(
    executor: impl PgExecutor<'_>,
    app: AppId,
    accounts: &[AccountId],
    as_of: AsOf<'_>,
) -> Result<Vec<Grant>, sqlx::Error> {
    let accounts: Vec<Uuid> = accounts.iter().map(|id| id.uuid()).collect();
    // Each by its key: the planner must not compare all live grants of the app with all these accounts.
    let rows = select_grants!(
        "WHERE id = ANY(ARRAY(
             SELECT live.id FROM unnest($2::uuid[]) AS chosen (account_id)
             CROSS JOIN LATERAL (
                 SELECT id FROM consent_broker.grants
                 WHERE app_id = $1 AND account_id = chosen.account_id AND ended_at IS NULL OFFSET 0) AS live))",
        app.uuid(),
        &accounts
    )
    .fetch_all(executor)
    .await?;
    all(rows, as_of)
}

/// The live grants of an app, oldest first, after `after`.
pub(crate) async fn live_of_app(
    executor: impl PgExecutor<'_>,
    app: AppId,
    after: Option<GrantId>,
    limit: i64,
    as_of: AsOf<'_>,
) -> Result<Vec<Grant>, sqlx::Error> {
    let rows = select_grants!(
        "WHERE app_id = $1 AND consent_broker.grant_state(end_reason) = 'live' AND id > $2
           AND consent_broker.grant_expiry(expires_at, awaits_expiry_since, service, $4) > $5
         ORDER BY id LIMIT $3",
        app.uuid(),
        after.map_or(Uuid::nil(), GrantId::uuid),
        limit,
        Json(as_of.lifetimes()) as _,
        as_of.now,
    )
    .fetch_all(executor)
    .await?;
    all(rows, as_of)
}

/// The grant with this id.
pub(crate) async fn by_id(
    executor: impl PgExecutor<'_>,
    id: GrantId,
    as_of: AsOf<'_>,
) -> Result<Option<Grant>, sqlx::Error> {
    let row = select_grants!("WHERE id = $1", id.uuid()).fetch_optional(executor).await?;
    row.map(|row| row.grant(as_of)).transpose()
}

/// The grant with this id; nobody else changes it until the transaction ends.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    id: GrantId,
    as_of: AsOf<'_>,
) -> Result<Option<Grant>, sqlx::Error> {
    let row =
        select_grants!("WHERE id = $1 FOR UPDATE", id.uuid()).fetch_optional(connection).await?;
    row.map(|row| row.grant(as_of)).transpose()
}

/// Those of these grants of which no end is recorded, locked in one order.
pub(crate) async fn lock_unended(
    connection: &mut PgConnection,
    ids: impl Iterator<Item = GrantId>,
    as_of: AsOf<'_>,
) -> Result<Vec<Grant>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.map(GrantId::uuid).collect();
    // Why not `IS NULL`: see `revoke`.
    let rows = select_grants!(
        "WHERE id = ANY($1) AND num_nulls(ended_at) = 1 ORDER BY id FOR UPDATE",
        &ids
    )
    .fetch_all(connection)
    .await?;
    all(rows, as_of)
}

/// Some live grants of an app, locked; those that somebody else holds are left out.
pub(crate) async fn lock_some_live_of_app(
    connection: &mut PgConnection,
    app: AppId,
    limit: i64,
    as_of: AsOf<'_>,
) -> Result<Vec<Grant>, sqlx::Error> {
    let rows = select_grants!(
        "WHERE app_id = $1 AND ended_at IS NULL
           AND consent_broker.grant_expiry(expires_at, awaits_expiry_since, service, $3) > $4
         ORDER BY account_id LIMIT $2 FOR UPDATE SKIP LOCKED",
        app.uuid(),
        limit,
        Json(as_of.lifetimes()) as _,
        as_of.now,
    )
    .fetch_all(connection)
    .await?;
    all(rows, as_of)
}

/// Whether an app has live grants.
pub(crate) async fn any_live_of_app(
    executor: impl PgExecutor<'_>,
    app: AppId,
    as_of: AsOf<'_>,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM consent_broker.grants
               WHERE app_id = $1 AND ended_at IS NULL
                 AND consent_broker.grant_expiry(expires_at, awaits_expiry_since, service, $2) > $3
           ) AS "any!""#,
        app.uuid(),
        Json(as_of.lifetimes()) as _,
        as_of.now,
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
         SET ended_at = GREATEST($2, granted_at), ended_by = $3, end_reason = $4, version = version + 1
         WHERE id = ANY($1) AND num_nulls(ended_at) = 1",
        &ids,
        revocation.at,
        revocation.by.map(PersonId::uuid),
        revocation.reason.as_str(),
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == ids.len() as u64 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// Saves that a locked, live grant was renewed.
pub(crate) async fn save_renewed(
    connection: &mut PgConnection,
    grant: &Grant,
    notice_due_at: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    let renewal = grant.renewal.ok_or_else(|| contradiction("a renewed grant has a renewal"))?;
    let done = sqlx::query!(
        "UPDATE consent_broker.grants
         SET expires_at = $2, lifetime_days = $3, awaits_expiry_since = NULL, renewed_at = $4, renewed_by = $5,
             renewed_role = $6, notice_due_at = $8, version = $7
         WHERE id = $1 AND version = $7::bigint - 1 AND num_nulls(ended_at) = 1",
        grant.id.uuid(),
        grant.expires_at,
        grant.lifetime.days().map(i32::from),
        renewal.at,
        renewal.by.uuid(),
        renewal.role.as_str(),
        grant.version.number(),
        notice_due_at,
    )
    .execute(connection)
    .await?;
    exactly_one(&done)
}

/// The grants that an approval made, with their accounts, in the order in which they were chosen.
pub(crate) async fn made_by(
    executor: impl PgExecutor<'_>,
    link: LinkId,
) -> Result<Vec<(GrantId, AccountId)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT grants.id, grants.account_id
           FROM consent_broker.links
           CROSS JOIN UNNEST(granted_accounts) WITH ORDINALITY AS chosen (account_id, n)
           JOIN consent_broker.grants ON grants.account_id = chosen.account_id AND grants.link_id = links.id
           WHERE links.id = $1 ORDER BY chosen.n"#,
        link.uuid(),
    )
    .fetch_all(executor)
    .await?;
    let made = |row: (Uuid, Uuid)| (GrantId::from_uuid(row.0), AccountId::from_uuid(row.1));
    Ok(rows.into_iter().map(|row| made((row.id, row.account_id))).collect())
}
