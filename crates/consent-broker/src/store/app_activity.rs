//! How apps use their grants, and how many links and grants they have.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use contract::ids::{AppId, OrganizationId};
use contract::rpc::{ConsentCounts, LiveGrants};
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

/// So many grants are counted at most.
const MOST_COUNTED: i64 = 10_000;

/// Grants that end within so many days end soon.
const SOON: TimeDelta = TimeDelta::days(30);

/// How many links and grants an app has, as of now.
pub(crate) async fn count(
    executor: impl PgExecutor<'_>,
    app: AppId,
    as_of: AsOf<'_>,
) -> Result<ConsentCounts, sqlx::Error> {
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
        as_of.now + SOON,
        Json(as_of.lifetimes()) as _,
        MOST_COUNTED + 1,
    )
    .fetch_one(executor)
    .await?;
    Ok(ConsentCounts {
        open_links: counted.open_links,
        live_grants: counted.live_grants.min(MOST_COUNTED),
        more_grants: counted.live_grants > MOST_COUNTED,
        grants_ending_soon: counted.ending_soon,
    })
}

/// How many grants an app has, and whose app it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GrantCount {
    /// Whose app it is.
    pub(crate) organization_id: OrganizationId,
    /// Grants that are live.
    pub(crate) live: LiveGrants,
}

/// So many grants of each of many apps are counted at most.
const MOST_COUNTED_EACH: i64 = 1_000;

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
        let app_id = AppId::from_uuid(row.id);
        let live = LiveGrants {
            app_id,
            live_grants: row.live_grants.min(MOST_COUNTED_EACH),
            more_grants: row.live_grants > MOST_COUNTED_EACH,
        };
        (app_id, GrantCount { organization_id, live })
    });
    Ok(counted.collect())
}
