//! How apps use their grants, and how many links and grants they have.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use contract::ids::{AppId, OrganizationId};
use sqlx::PgExecutor;
use sqlx::types::Json;
use uuid::Uuid;

use crate::as_of::AsOf;

/// Notes that an app asked which accounts it reaches. Within a minute of the last time nothing is written.
pub(crate) async fn note(
    executor: impl PgExecutor<'_>,
    app: AppId,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO consent_broker.app_activity AS known (app_id, asked_at) VALUES ($1, $2)
         ON CONFLICT (app_id) DO UPDATE SET asked_at = EXCLUDED.asked_at
         WHERE known.asked_at < EXCLUDED.asked_at - interval '1 minute'",
        app.uuid(),
        now,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// When each of these apps last asked. Those that never did are left out.
pub(crate) async fn of(
    executor: impl PgExecutor<'_>,
    apps: impl Iterator<Item = AppId>,
) -> Result<BTreeMap<AppId, DateTime<Utc>>, sqlx::Error> {
    let apps: Vec<Uuid> = apps.map(AppId::uuid).collect();
    let rows = sqlx::query!(
        "SELECT app_id, asked_at FROM consent_broker.app_activity WHERE app_id = ANY($1)",
        &apps
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|row| (AppId::from_uuid(row.app_id), row.asked_at)).collect())
}

/// How many links and grants an app has. Of grants no more than so many are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Links that can still be used.
    pub(crate) open_links: i64,
    /// Grants that are live.
    pub(crate) live_grants: i64,
    /// Those of them that end soon.
    pub(crate) ending_soon: i64,
}

/// So many grants are counted at most.
pub(crate) const MOST_COUNTED: i64 = 10_000;

/// Counts them, as of now; those that end within this time do so soon.
pub(crate) async fn count(
    executor: impl PgExecutor<'_>,
    app: AppId,
    as_of: AsOf<'_>,
    soon: TimeDelta,
) -> Result<Counts, sqlx::Error> {
    let counted = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM consent_broker.links
                   WHERE app_id = $1 AND state IN ('pending', 'opened') AND expires_at > $2) AS "open_links!",
                  count(*) AS "live_grants!",
                  count(*) FILTER (WHERE ends_at <= $3) AS "ending_soon!"
           FROM (SELECT consent_broker.grant_expiry(expires_at, awaits_expiry_since, service, $4) AS ends_at
                 FROM consent_broker.grants
                 WHERE app_id = $1 AND consent_broker.grant_state(end_reason) = 'live'
                   AND consent_broker.grant_expiry(expires_at, awaits_expiry_since, service, $4) > $2
                 LIMIT $5) AS live"#,
        app.uuid(),
        as_of.now,
        as_of.now + soon,
        Json(as_of.lifetimes()) as _,
        MOST_COUNTED + 1,
    )
    .fetch_one(executor)
    .await?;
    let (open_links, live_grants) = (counted.open_links, counted.live_grants);
    Ok(Counts { open_links, live_grants, ending_soon: counted.ending_soon })
}

/// How many grants an app has. No more than so many are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GrantCount {
    /// Whose app it is.
    pub(crate) organization_id: OrganizationId,
    /// Grants that are live.
    pub(crate) live_grants: i64,
}

/// So many grants of each of many apps are counted at most.
pub(crate) const MOST_COUNTED_EACH: i64 = 1_000;

/// Counts the live grants of those of these apps that ever had links, as of now.
pub(crate) async fn count_each(
    executor: impl PgExecutor<'_>,
    apps: &[AppId],
    as_of: AsOf<'_>,
) -> Result<BTreeMap<AppId, GrantCount>, sqlx::Error> {
    let apps: Vec<Uuid> = apps.iter().map(|app| app.uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT apps.id, apps.organization_id, live.count AS "live_grants!"
           FROM consent_broker.apps CROSS JOIN LATERAL (
               SELECT count(*) FROM (
                   SELECT FROM consent_broker.grants
                   WHERE app_id = apps.id AND consent_broker.grant_state(end_reason) = 'live'
                     AND consent_broker.grant_expiry(expires_at, awaits_expiry_since, service, $3) > $2
                   LIMIT $4) AS counted) AS live
           WHERE apps.id = ANY($1)"#,
        &apps,
        as_of.now,
        Json(as_of.lifetimes()) as _,
        MOST_COUNTED_EACH + 1,
    )
    .fetch_all(executor)
    .await?;
    let counted = rows.into_iter().map(|row| {
        let organization_id = OrganizationId::from_uuid(row.organization_id);
        (AppId::from_uuid(row.id), GrantCount { organization_id, live_grants: row.live_grants })
    });
    Ok(counted.collect())
}
