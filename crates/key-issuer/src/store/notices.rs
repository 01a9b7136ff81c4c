//! What was told before keys expire, and when it is told next.

use chrono::{DateTime, Utc};
use contract::{KeyId, OrganizationId};
use eventstore::rows::exactly_one;
use sqlx::{PgConnection, PgExecutor};

/// A key of which something is due to be told.
pub(crate) struct Due {
    /// The key.
    pub key_id: KeyId,
    /// The organization that develops its app.
    pub organization_id: OrganizationId,
    /// So many days before its expiry it was told last.
    pub told: Option<u16>,
}

/// Finds and holds some keys of which something is due to be told. Those that another replica holds are left to it.
pub(crate) async fn lock_due(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Due>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT k.key_id, a.organization_id,
                  (SELECT min(n.days) FROM key_issuer.key_notices n WHERE n.key_id = k.key_id) AS "told?"
           FROM key_issuer.keys k JOIN key_issuer.apps a USING (app_id)
           WHERE k.notice_at <= $1 AND k.expires_at > $1 AND k.deleted_at IS NULL AND k.expired_at IS NULL
             AND a.state <> 'archived'
           ORDER BY k.notice_at LIMIT $2
           FOR UPDATE OF k SKIP LOCKED"#,
        now,
        limit,
    )
    .fetch_all(connection)
    .await?;
    let due = rows.into_iter().map(|row| Due {
        key_id: KeyId::from_uuid(row.key_id),
        organization_id: OrganizationId::from_uuid(row.organization_id),
        told: row.told.and_then(|days| days.try_into().ok()),
    });
    Ok(due.collect())
}

/// Notes what was told. Told twice, it fails.
pub(crate) async fn insert(
    executor: impl PgExecutor<'_>,
    key: KeyId,
    days: u16,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO key_issuer.key_notices (key_id, days, noticed_at) VALUES ($1, $2, $3)",
        key.uuid(),
        i16::try_from(days).unwrap_or(i16::MAX),
        now,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Notes when something is told next of a key that is held.
pub(crate) async fn save_next(
    executor: impl PgExecutor<'_>,
    key: KeyId,
    notice_at: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    let saved = sqlx::query!(
        "UPDATE key_issuer.keys SET notice_at = $2 WHERE key_id = $1",
        key.uuid(),
        notice_at,
    )
    .execute(executor)
    .await?;
    exactly_one(&saved)
}

/// Notes that these are the days now: false if they were before. Whoever notes others waits for the end of the
/// transaction.
pub(crate) async fn change_days(
    executor: impl PgExecutor<'_>,
    days: &[i16],
) -> Result<bool, sqlx::Error> {
    let changed = sqlx::query!(
        "UPDATE key_issuer.notice_days SET days = $1 WHERE single AND days <> $1",
        days,
    )
    .execute(executor)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// Computes for all keys that will expire when it is told next, as [`Key::notice_at`](crate::key::Key::notice_at) does.
pub(crate) async fn recompute(
    executor: impl PgExecutor<'_>,
    days: &[i16],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE key_issuer.keys k
         SET notice_at = (
             SELECT min(k.expires_at - make_interval(hours => d.days * 24))
             FROM unnest($1::smallint[]) AS d (days)
             WHERE k.expires_at - make_interval(hours => d.days * 24) > k.created_at
               AND d.days < coalesce((SELECT min(n.days) FROM key_issuer.key_notices n WHERE n.key_id = k.key_id), 32767))
         WHERE k.expires_at > $2 AND k.deleted_at IS NULL AND k.expired_at IS NULL",
        days,
        now,
    )
    .execute(executor)
    .await?;
    Ok(())
}
