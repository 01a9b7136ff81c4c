//! What an app's page shows of its requests for tokens.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use contract::{AppId, OrganizationId};
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

/// At most so many rows are deleted by one statement.
const SWEPT_AT_ONCE: i64 = 1_000;

/// Refused requests in the name of an app within an hour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HourOfRefusals {
    pub app: AppId,
    pub hour: DateTime<Utc>,
    pub refusals: i64,
    pub last_at: DateTime<Utc>,
}

/// What is known of an app's requests.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Activity {
    /// When it last got a token, to the minute.
    pub last_token_at: Option<DateTime<Utc>>,
    /// How many requests were refused.
    pub refusals: i64,
    /// When one was last.
    pub last_refusal_at: Option<DateTime<Utc>>,
}

/// Adds refused requests, in this order.
pub(crate) async fn add_refusals(
    pool: &PgPool,
    hours: &[HourOfRefusals],
) -> Result<(), sqlx::Error> {
    let apps: Vec<Uuid> = hours.iter().map(|hour| hour.app.uuid()).collect();
    let starts: Vec<DateTime<Utc>> = hours.iter().map(|hour| hour.hour).collect();
    let counts: Vec<i64> = hours.iter().map(|hour| hour.refusals).collect();
    let lasts: Vec<DateTime<Utc>> = hours.iter().map(|hour| hour.last_at).collect();
    sqlx::query!(
        "INSERT INTO key_issuer.token_refusals AS known (app_id, hour, refusals, last_at)
         SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::bigint[], $4::timestamptz[])
         ON CONFLICT (app_id, hour) DO UPDATE
             SET refusals = known.refusals + excluded.refusals,
                 last_at = greatest(known.last_at, excluded.last_at)",
        &apps,
        &starts,
        &counts,
        &lasts,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Writes when apps last got a token, in this order.
pub(crate) async fn save_last_tokens(
    executor: impl PgExecutor<'_>,
    apps: &[Uuid],
    times: &[DateTime<Utc>],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO key_issuer.app_activity AS known (app_id, last_token_at)
         SELECT * FROM unnest($1::uuid[], $2::timestamptz[])
         ON CONFLICT (app_id) DO UPDATE SET last_token_at = excluded.last_token_at
             WHERE known.last_token_at < excluded.last_token_at",
        apps,
        times,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// What is known of an app's requests, of refused ones from this hour on.
pub(crate) async fn of(
    executor: impl PgExecutor<'_>,
    app: AppId,
    since: DateTime<Utc>,
) -> Result<Activity, sqlx::Error> {
    sqlx::query_as!(
        Activity,
        r#"SELECT (SELECT last_token_at FROM key_issuer.app_activity WHERE app_id = $1) AS "last_token_at?",
                  coalesce(sum(refusals), 0)::bigint AS "refusals!", max(last_at) AS "last_refusal_at?"
           FROM key_issuer.token_refusals WHERE app_id = $1 AND hour >= $2"#,
        app.uuid(),
        since,
    )
    .fetch_one(executor)
    .await
}

/// What a list of apps shows of one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Brief {
    /// Whose app it is.
    pub organization_id: OrganizationId,
    /// How many of its keys are live.
    pub live_keys: i64,
    /// When it last got a token, to the minute.
    pub last_token_at: Option<DateTime<Utc>>,
}

/// The same of those of these apps that were ever activated, as of now.
pub(crate) async fn of_many(
    executor: impl PgExecutor<'_>,
    apps: &[AppId],
    now: DateTime<Utc>,
) -> Result<BTreeMap<AppId, Brief>, sqlx::Error> {
    let apps: Vec<Uuid> = apps.iter().map(|app| app.uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT app_id, organization_id,
                  (SELECT count(*) FILTER (WHERE deleted_at IS NULL) FROM key_issuer.keys
                   WHERE keys.app_id = apps.app_id
                     AND coalesce(least(expires_at, ends_at), 'infinity') > $2) AS "live_keys!",
                  (SELECT last_token_at FROM key_issuer.app_activity
                   WHERE app_activity.app_id = apps.app_id) AS "last_token_at?"
           FROM key_issuer.apps WHERE app_id = ANY($1)"#,
        &apps,
        now,
    )
    .fetch_all(executor)
    .await?;
    let brief = rows.into_iter().map(|row| {
        let organization_id = OrganizationId::from_uuid(row.organization_id);
        let (live_keys, last_token_at) = (row.live_keys, row.last_token_at);
        (AppId::from_uuid(row.app_id), Brief { organization_id, live_keys, last_token_at })
    });
    Ok(brief.collect())
}

/// Forgets refused requests of hours before this one, some at a time: whether there may be more.
pub(crate) async fn sweep(
    executor: impl PgExecutor<'_>,
    before: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let swept = sqlx::query!(
        "DELETE FROM key_issuer.token_refusals WHERE (app_id, hour) IN (
             SELECT app_id, hour FROM key_issuer.token_refusals WHERE hour < $1 ORDER BY hour LIMIT $2)",
        before,
        SWEPT_AT_ONCE,
    )
    .execute(executor)
    .await?;
    Ok(i64::try_from(swept.rows_affected()).is_ok_and(|rows| rows == SWEPT_AT_ONCE))
}
