//! Attempts to sign in, counted by subject: a keyed hash of an email, a network, or both.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::sign_in_limits::{Hash, Waits};

/// At most so many are deleted by one statement.
const SWEPT_AT_ONCE: i64 = 10_000;

/// Counts an attempt. If it came too early it is not counted: when the next may come.
pub(crate) async fn count(
    conn: &mut PgConnection,
    subject: &Hash,
    waits: Waits,
    now: DateTime<Utc>,
) -> sqlx::Result<Result<(), DateTime<Utc>>> {
    // Who comes to a row that another has just counted in sees what that one wrote; and as long as nobody has to
    // wait, it does not matter whose clock was read first.
    let counted = sqlx::query!(
        r#"INSERT INTO directory.sign_in_attempts AS a (subject, attempts, last_at, allowed_at)
           VALUES ($1, 1, $2::timestamptz, $2::timestamptz + CASE WHEN $3::integer > 1 THEN 0 ELSE 1 END * interval '1 second')
           ON CONFLICT (subject) DO UPDATE SET
               last_at = $2,
               (attempts, allowed_at) = (
                   SELECT made, $2::timestamptz + interval '1 second'
                          * CASE WHEN made < $3 THEN 0 ELSE least($4::float8, 2 ^ least(made - $3, 30)) END
                   FROM (SELECT CASE WHEN a.last_at < $5::timestamptz THEN 1 ELSE a.attempts + 1 END AS made) AS counted)
           WHERE a.attempts < $3 OR a.allowed_at <= $2
           RETURNING attempts"#,
        subject.as_slice(),
        now,
        waits.free,
        f64::from(waits.longest_seconds),
        now - waits.forgotten_after(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    if counted.is_some() {
        return Ok(Ok(()));
    }
    let allowed_at = sqlx::query_scalar!(
        "SELECT allowed_at FROM directory.sign_in_attempts WHERE subject = $1",
        subject.as_slice(),
    )
    .fetch_optional(conn)
    .await?;
    // Somebody signed in meanwhile, and it was forgiven: it may be tried again at once.
    Ok(Err(allowed_at.unwrap_or(now).max(now + TimeDelta::seconds(1))))
}

/// Forgets what was counted of this subject.
pub(crate) async fn forget(executor: impl PgExecutor<'_>, subject: &Hash) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM directory.sign_in_attempts WHERE subject = $1", subject.as_slice())
        .execute(executor)
        .await?;
    Ok(())
}

/// Takes back one attempt of this subject: it was none of those that are counted.
pub(crate) async fn take_back(
    executor: impl PgExecutor<'_>,
    subject: &Hash,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH only_one AS (
             DELETE FROM directory.sign_in_attempts WHERE subject = $1 AND attempts = 1)
         UPDATE directory.sign_in_attempts SET attempts = attempts - 1, allowed_at = $2
         WHERE subject = $1 AND attempts > 1",
        subject.as_slice(),
        now,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Deletes those of before this time, some at a time: whether there may be more.
pub(crate) async fn sweep(
    executor: impl PgExecutor<'_>,
    before: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let swept = sqlx::query!(
        "DELETE FROM directory.sign_in_attempts
         WHERE last_at < $1 AND subject IN (
             SELECT subject FROM directory.sign_in_attempts WHERE last_at < $1 ORDER BY last_at LIMIT $2)",
        before,
        SWEPT_AT_ONCE,
    )
    .execute(executor)
    .await?;
    Ok(i64::try_from(swept.rows_affected()).is_ok_and(|rows| rows == SWEPT_AT_ONCE))
}
