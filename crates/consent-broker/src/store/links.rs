//! Consent links.

use chrono::{DateTime, Utc};
use contract::Version;
use contract::ids::{AccountId, AppId, LinkId, OrganizationId, PersonId};
use contract::secret::SecretHash;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::{contradiction, version};
use crate::link::{EndReason, Link, LinkState, LinkStateName};

struct Row {
    id: Uuid,
    app_id: Uuid,
    organization_id: Uuid,
    hint: String,
    label: Option<String>,
    created_by: Uuid,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    state: String,
    opened_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    ended_by: Option<Uuid>,
    revocation_reason: Option<String>,
    granted_accounts: Vec<Uuid>,
    already_granted_accounts: Vec<Uuid>,
    version: i64,
}

/// All columns but the token's hash, which nobody needs to read back.
macro_rules! select_links {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            "SELECT id, app_id, organization_id, hint, label, created_by, created_at, expires_at, state, opened_at,
                    ended_at, ended_by, revocation_reason, granted_accounts, already_granted_accounts, version
             FROM consent_broker.links " + $rest
            $(, $argument)*
        )
    };
}

impl TryFrom<Row> for Link {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let accounts = |ids: Vec<Uuid>| ids.into_iter().map(AccountId::from_uuid).collect();
        let by = row.ended_by.map(PersonId::from_uuid);
        let state = match (row.state.as_str(), row.ended_at, by) {
            ("pending", None, _) => LinkState::Pending,
            ("opened", None, _) => LinkState::Opened,
            ("granted", Some(at), Some(by)) => LinkState::Granted {
                at,
                by,
                granted: accounts(row.granted_accounts),
                already_granted: accounts(row.already_granted_accounts),
            },
            ("denied", Some(at), Some(by)) => LinkState::Denied { at, by },
            ("expired", Some(_), _) => LinkState::Expired,
            ("revoked", Some(at), _) => {
                let reason = row.revocation_reason.as_deref().and_then(EndReason::parse);
                let reason =
                    reason.ok_or_else(|| contradiction("a link is revoked for a known reason"))?;
                LinkState::Revoked { at, reason }
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
            opened_at: row.opened_at,
            state,
            version: version(row.version)?,
        })
    }
}

fn all(rows: Vec<Row>) -> Result<Vec<Link>, sqlx::Error> {
    rows.into_iter().map(Link::try_from).collect()
}

/// Stores a new, pending link.
pub async fn insert(
    connection: &mut PgConnection,
    link: &Link,
    token: &SecretHash,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO consent_broker.links
            (id, app_id, organization_id, token_hash, hint, label, created_by, created_at, expires_at, state, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', $10)",
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
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The link with this id.
pub async fn by_id(executor: impl PgExecutor<'_>, id: LinkId) -> Result<Option<Link>, sqlx::Error> {
    select_links!("WHERE id = $1", id.uuid())
        .fetch_optional(executor)
        .await?
        .map(Link::try_from)
        .transpose()
}

/// The link whose token has this hash. Looking a hash of 256 random bits up in an index tells a
/// caller nothing about the hashes beside it.
pub async fn by_token(
    executor: impl PgExecutor<'_>,
    token: &SecretHash,
) -> Result<Option<Link>, sqlx::Error> {
    select_links!("WHERE token_hash = $1", &token.0[..])
        .fetch_optional(executor)
        .await?
        .map(Link::try_from)
        .transpose()
}

/// The link as it is once whoever is using it has finished; nobody else changes it until the
/// transaction ends.
pub async fn lock(connection: &mut PgConnection, id: LinkId) -> Result<Option<Link>, sqlx::Error> {
    select_links!("WHERE id = $1 FOR UPDATE", id.uuid())
        .fetch_optional(connection)
        .await?
        .map(Link::try_from)
        .transpose()
}

/// The unused links of an app, locked in one order.
pub async fn lock_open_of_app(
    connection: &mut PgConnection,
    app: AppId,
) -> Result<Vec<Link>, sqlx::Error> {
    all(select_links!(
        "WHERE app_id = $1 AND state IN ('pending', 'opened') ORDER BY id FOR UPDATE",
        app.uuid()
    )
    .fetch_all(connection)
    .await?)
}

/// Some unused links whose time has run out, locked; those that are being used are left for later.
pub async fn lock_due(
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
pub async fn of_app(
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
           AND ($4::uuid IS NULL OR id < $4)
         ORDER BY id DESC LIMIT $5",
        app.uuid(),
        state.map(LinkStateName::as_str),
        now,
        before.map(LinkId::uuid),
        limit,
    )
    .fetch_all(executor)
    .await?)
}

/// Notes the first opening. False if the link is not pending (any more).
pub async fn open(
    connection: &mut PgConnection,
    id: LinkId,
    by: PersonId,
    at: DateTime<Utc>,
    version: Version,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE consent_broker.links SET state = 'opened', opened_at = $2, opened_by = $3, version = $4
         WHERE id = $1 AND state = 'pending' AND expires_at > $2",
        id.uuid(),
        at,
        by.uuid(),
        version.number(),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Uses the link up to approve. False if it is not unused and unexpired.
pub async fn use_to_grant(
    connection: &mut PgConnection,
    id: LinkId,
    by: PersonId,
    at: DateTime<Utc>,
    granted: &[AccountId],
    already_granted: &[AccountId],
    version: Version,
) -> Result<bool, sqlx::Error> {
    let uuids = |ids: &[AccountId]| ids.iter().map(|id| id.uuid()).collect::<Vec<_>>();
    let done = sqlx::query!(
        "UPDATE consent_broker.links
         SET state = 'granted', ended_at = $2, ended_by = $3, granted_accounts = $4, already_granted_accounts = $5,
             version = $6
         WHERE id = $1 AND state IN ('pending', 'opened') AND expires_at > $2",
        id.uuid(),
        at,
        by.uuid(),
        &uuids(granted),
        &uuids(already_granted),
        version.number(),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Uses the link up to deny. False if it is not unused and unexpired.
pub async fn use_to_deny(
    connection: &mut PgConnection,
    id: LinkId,
    by: PersonId,
    at: DateTime<Utc>,
    version: Version,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE consent_broker.links SET state = 'denied', ended_at = $2, ended_by = $3, version = $4
         WHERE id = $1 AND state IN ('pending', 'opened') AND expires_at > $2",
        id.uuid(),
        at,
        by.uuid(),
        version.number(),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends the link before its use: on request of a person, or with its app. False if it was used.
pub async fn revoke(
    connection: &mut PgConnection,
    id: LinkId,
    requested_by: Option<PersonId>,
    at: DateTime<Utc>,
    version: Version,
) -> Result<bool, sqlx::Error> {
    let reason = if requested_by.is_some() { EndReason::Requested } else { EndReason::AppArchived };
    let done = sqlx::query!(
        "UPDATE consent_broker.links
         SET state = 'revoked', ended_at = $2, ended_by = $3, revocation_reason = $4, version = $5
         WHERE id = $1 AND state IN ('pending', 'opened')",
        id.uuid(),
        at,
        requested_by.map(PersonId::uuid),
        reason.as_str(),
        version.number(),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Records that the link's time ran out. False if it was used, or has time left.
pub async fn expire(
    connection: &mut PgConnection,
    id: LinkId,
    at: DateTime<Utc>,
    version: Version,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE consent_broker.links SET state = 'expired', ended_at = $2, version = $3
         WHERE id = $1 AND state IN ('pending', 'opened') AND expires_at <= $2",
        id.uuid(),
        at,
        version.number(),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
