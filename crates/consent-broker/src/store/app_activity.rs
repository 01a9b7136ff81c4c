//! How apps use their grants, and how many links and grants they have.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use contract::ids::AppId;
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
