//! Consent links.

use chrono::{DateTime, Utc};
use contract::ids::{AccountId, AppId, LinkId, OrganizationId, PersonId};
use contract::secret::SecretHash;
use eventstore::rows::{exactly_one, version};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::{contradiction, revocation};
use crate::link::{ChosenAccounts, Link, LinkState, LinkStateName, Opened};

struct Row {
    id: Uuid,
    app_id: Uuid,
    organization_id: Uuid,
    hint: String,
    label: Option<String>,
    created_by: Uuid,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    grant_lifetime_days: Option<i32>,
    state: String,
    opened_at: Option<DateTime<Utc>>,
    opened_by: Option<Uuid>,
    ended_at: Option<DateTime<Utc>>,
    ended_by: Option<Uuid>,
    revocation_reason: Option<String>,
    granted_count: i32,
    already_granted_count: i32,
    first_accounts: Vec<Uuid>,
    passed_on: i32,
    version: i64,
}

/// All columns but the token's hash, which nobody needs to read back; and of the accounts the first, as many as
/// [`ChosenAccounts::FIRST`] says.
macro_rules! select_links {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"SELECT id, app_id, organization_id, hint, label, created_by, created_at, expires_at,
                      grant_lifetime_days, state, opened_at, opened_by, ended_at, ended_by, revocation_reason,
                      cardinality(granted_accounts) AS "granted_count!",
                      cardinality(already_granted_accounts) AS "already_granted_count!",
                      (granted_accounts || already_granted_accounts)[1:20] AS "first_accounts!", passed_on, version
               FROM consent_broker.links "# + $rest
            $(, $argument)*
        )
    };
}

impl TryFrom<Row> for Link {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let count = |count: i32| u32::try_from(count).map_err(|_| contradiction("a length"));
        let by = row.ended_by.map(PersonId::from_uuid);
        let state = match (row.state.as_str(), row.ended_at, by) {
            ("pending", None, _) => LinkState::Pending,
            ("opened", None, _) => LinkState::Opened,
            ("granted", Some(at), Some(by)) => LinkState::Granted {
                at,
                by,
                accounts: ChosenAccounts {
                    granted: count(row.granted_count)?,
                    already_granted: count(row.already_granted_count)?,
                    first: row.first_accounts.into_iter().map(AccountId::from_uuid).collect(),
                },
            },
            ("denied", Some(at), Some(by)) => LinkState::Denied { at, by },
            ("expired", Some(recorded_at), _) => LinkState::Expired { recorded_at },
            ("revoked", Some(at), _) => {
                LinkState::Revoked(revocation(at, row.ended_by, row.revocation_reason.as_deref())?)
            }
            _ => {
                return Err(contradiction("a link's state and its times contradict each other"));
            }
        };
        Ok(Self {
            id: LinkId::from_uuid(row.id),
            app_id: AppId::from_uuid(row.app_id),
            organization_id: OrganizationId::from_uuid(row.organization_id),
            hint: row.hint,
            label: row.label,
            created_by: PersonId::from_uuid(row.created_by),
            created_at: row.created_at,
            expires_at: row.expires_at,
            grant_lifetime_days: row
                .grant_lifetime_days
                .map(u16::try_from)
                .transpose()
                .map_err(|_| contradiction("a lifetime has a bounded number of days"))?,
            opened: row
                .opened_at
                .zip(row.opened_by)
                .map(|(at, by)| Opened { at, by: PersonId::from_uuid(by) }),
            passed_on: count(row.passed_on)?,
            state,
            version: version(row.version)?,
        })
    }
}

fn all(rows: Vec<Row>) -> Result<Vec<Link>, sqlx::Error> {
    rows.into_iter().map(Link::try_from).collect()
}

/// Stores a new, pending link.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    link: &Link,
    token: &SecretHash,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO consent_broker.links
            (id, app_id, organization_id, token_hash, hint, label, created_by, created_at, expires_at,
             grant_lifetime_days, state, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $11, 'pending', $10)",
        link.id.uuid(),
        link.app_id.uuid(),
        link.organization_id.uuid(),
        &token.0[..],
        link.hint,
        link.label,
        link.created_by.uuid(),
        link.created_at,
        link.expires_at,
        link.version.number(),
        link.grant_lifetime_days.map(i32::from),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The link with this id.
pub(crate) async fn by_id(
    executor: impl PgExecutor<'_>,
    id: LinkId,
) -> Result<Option<Link>, sqlx::Error> {
    select_links!("WHERE id = $1", id.uuid())
        .fetch_optional(executor)
        .await?
        .map(Link::try_from)
        .transpose()
}

/// The link to which a token with this hash leads: the one that its maker was given, or one of those by which it was
/// passed on. Looking a hash of 256 random bits up in an index tells a caller nothing about the hashes beside it.
pub(crate) async fn by_token(
    executor: impl PgExecutor<'_>,
    token: &SecretHash,
) -> Result<Option<Link>, sqlx::Error> {
    select_links!(
        "WHERE id = coalesce(
             (SELECT id FROM consent_broker.links WHERE token_hash = $1),
             (SELECT link_id FROM consent_broker.link_tokens WHERE token_hash = $1))",
        &token.0[..]
    )
    .fetch_optional(executor)
    .await?
    .map(Link::try_from)
    .transpose()
}

/// The link as it is once whoever is using it has finished; nobody else changes it until the
/// transaction ends.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    id: LinkId,
) -> Result<Option<Link>, sqlx::Error> {
    select_links!("WHERE id = $1 FOR UPDATE", id.uuid())
        .fetch_optional(connection)
        .await?
        .map(Link::try_from)
        .transpose()
}

/// Some unused links of an app, locked; those that are being used are left out.
pub(crate) async fn lock_some_open_of_app(
    connection: &mut PgConnection,
    app: AppId,
    limit: i64,
) -> Result<Vec<Link>, sqlx::Error> {
    all(select_links!(
        "WHERE app_id = $1 AND state IN ('pending', 'opened') ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED",
        app.uuid(),
        limit,
    )
    .fetch_all(connection)
    .await?)
}

/// Whether an app has unused links.
pub(crate) async fn any_open_of_app(
    executor: impl PgExecutor<'_>,
    app: AppId,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM consent_broker.links WHERE app_id = $1 AND state IN ('pending', 'opened')
           ) AS "any!""#,
        app.uuid()
    )
    .fetch_one(executor)
    .await
}

/// How many links of an app can be used, counted up to a limit.
pub(crate) async fn count_usable_of_app(
    executor: impl PgExecutor<'_>,
    app: AppId,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM (
               SELECT FROM consent_broker.links
               WHERE app_id = $1 AND state IN ('pending', 'opened') AND expires_at > $2
               LIMIT $3
           ) AS usable"#,
        app.uuid(),
        now,
        limit,
    )
    .fetch_one(executor)
    .await
}

/// Ends these locked, unused links with their app.
pub(crate) async fn end_with_app(
    connection: &mut PgConnection,
    links: impl Iterator<Item = LinkId>,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = links.map(LinkId::uuid).collect();
    // `num_nulls` says `IS NULL` to us and nothing to the planner, as for grants.
    let done = sqlx::query!(
        "UPDATE consent_broker.links
         SET state = 'revoked', ended_at = $2, revocation_reason = 'app_archived', version = version + 1
         WHERE id = ANY($1) AND num_nulls(ended_at) = 1",
        &ids,
        at,
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == ids.len() as u64 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// Some unused links whose time has run out, locked; those that are being used are left for later.
pub(crate) async fn lock_due(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Link>, sqlx::Error> {
    all(select_links!(
        "WHERE state IN ('pending', 'opened') AND expires_at <= $1
         ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED",
        now,
        limit,
    )
    .fetch_all(connection)
    .await?)
}

/// The links of an app, newest first, after `before`; in this state as of now, if one is named.
pub(crate) async fn of_app(
    executor: impl PgExecutor<'_>,
    app: AppId,
    state: Option<LinkStateName>,
    now: DateTime<Utc>,
    before: Option<LinkId>,
    limit: i64,
) -> Result<Vec<Link>, sqlx::Error> {
    all(select_links!(
        "WHERE app_id = $1
           AND ($2::text IS NULL OR $2 = CASE
                WHEN state IN ('pending', 'opened') AND expires_at <= $3 THEN 'expired' ELSE state END)
           AND id < $4
         ORDER BY id DESC LIMIT $5",
        app.uuid(),
        state.map(LinkStateName::as_str),
        now,
        before.map_or(Uuid::max(), LinkId::uuid),
        limit,
    )
    .fetch_all(executor)
    .await?)
}

/// The accounts that were chosen on a link, after the first `after` of them, each with whether it had
/// consented before.
pub(crate) async fn accounts_of(
    executor: impl PgExecutor<'_>,
    id: LinkId,
    after: i32,
    limit: i32,
) -> Result<Vec<(AccountId, bool)>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT (granted_accounts || already_granted_accounts)[$2::int + 1 : $2::int + $3::int] AS "accounts!",
                  greatest(cardinality(granted_accounts) - $2::int, 0) AS "granted!"
           FROM consent_broker.links WHERE id = $1"#,
        id.uuid(),
        after,
        limit,
    )
    .fetch_optional(executor)
    .await?;
    let Some(row) = row else { return Ok(Vec::new()) };
    let granted = usize::try_from(row.granted).map_err(|_| contradiction("a length"))?;
    let accounts = row.accounts.into_iter().map(AccountId::from_uuid).enumerate();
    Ok(accounts.map(|(place, account)| (account, place >= granted)).collect())
}

/// Saves what has become of a locked link, which was at the version before.
pub(crate) async fn save(connection: &mut PgConnection, link: &Link) -> Result<(), sqlx::Error> {
    save_redeemed(connection, link, &[], &[]).await
}

/// The same, of a link that was used to approve for these accounts.
pub(crate) async fn save_redeemed(
    connection: &mut PgConnection,
    link: &Link,
    granted: &[AccountId],
    already_granted: &[AccountId],
) -> Result<(), sqlx::Error> {
    let uuids = |ids: &[AccountId]| ids.iter().map(|id| id.uuid()).collect::<Vec<_>>();
    let (mut ended_at, mut ended_by, mut reason) = (None, None, None);
    let state = match &link.state {
        LinkState::Pending => LinkStateName::Pending,
        LinkState::Opened => LinkStateName::Opened,
        LinkState::Granted { at, by, .. } => {
            (ended_at, ended_by) = (Some(*at), Some(*by));
            LinkStateName::Granted
        }
        LinkState::Denied { at, by } => {
            (ended_at, ended_by) = (Some(*at), Some(*by));
            LinkStateName::Denied
        }
        LinkState::Expired { recorded_at } => {
            ended_at = Some(*recorded_at);
            LinkStateName::Expired
        }
        LinkState::Revoked(revocation) => {
            (ended_at, ended_by) = (Some(revocation.at), revocation.by);
            reason = Some(revocation.reason.as_str());
            LinkStateName::Revoked
        }
    };
    let done = sqlx::query!(
        "UPDATE consent_broker.links
         SET state = $2, opened_at = $3, opened_by = $4, ended_at = $5, ended_by = $6, revocation_reason = $7,
             granted_accounts = $8, already_granted_accounts = $9, version = $10
         WHERE id = $1 AND version = $10::bigint - 1",
        link.id.uuid(),
        state.as_str(),
        link.opened.map(|opened| opened.at),
        link.opened.map(|opened| opened.by.uuid()),
        ended_at,
        ended_by.map(PersonId::uuid),
        reason,
        &uuids(granted),
        &uuids(already_granted),
        link.version.number(),
    )
    .execute(connection)
    .await?;
    exactly_one(&done)
}

/// Counts one more passing on of a locked link, which was at the version before.
pub(crate) async fn save_passed_on(
    connection: &mut PgConnection,
    link: &Link,
) -> Result<(), sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE consent_broker.links SET passed_on = passed_on + 1, version = $2
         WHERE id = $1 AND version = $2::bigint - 1",
        link.id.uuid(),
        link.version.number(),
    )
    .execute(connection)
    .await?;
    exactly_one(&done)
}
