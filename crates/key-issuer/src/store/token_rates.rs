//! What replicas have taken of each app's allowance of tokens in the current minute.

use std::time::Duration;

use contract::AppId;
use sqlx::PgExecutor;

/// A part of an app's allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    /// So many requests this replica may let through; none, when the allowance is used up.
    pub(crate) granted: u32,
    /// So many are left for whoever asks next.
    pub(crate) left: u32,
    /// When the minute ends.
    pub(crate) ends_in: Duration,
}

/// Takes a part of what is left of an app's allowance of `limit`: less, the less there is, so that no replica
/// holds what another could use. The minutes are the server's, and so the same for all replicas.
pub(crate) async fn take(
    executor: impl PgExecutor<'_>,
    app: AppId,
    limit: u32,
) -> sqlx::Result<Share> {
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    // A minute that began after this one's is one that somebody asked in who overtook us. One that lies
    // further ahead was begun by a server whose clock was wrong.
    let row = sqlx::query!(
        r#"INSERT INTO key_issuer.token_rates AS r (app_id, window_start, taken, granted)
           VALUES ($1, date_trunc('minute', now()), greatest(1, $2::integer / 8), greatest(1, $2::integer / 8))
           ON CONFLICT (app_id) DO UPDATE SET
               (window_start, taken, granted) = (
                   SELECT CASE WHEN same THEN r.window_start ELSE EXCLUDED.window_start END,
                          CASE WHEN same THEN r.taken + share ELSE EXCLUDED.taken END,
                          CASE WHEN same THEN share ELSE EXCLUDED.granted END
                   FROM (SELECT r.window_start BETWEEN EXCLUDED.window_start
                                               AND EXCLUDED.window_start + interval '2 minutes' AS same,
                                CASE WHEN r.taken < $2 THEN greatest(1, ($2 - r.taken) / 8) ELSE 0 END AS share
                        ) AS asked)
           RETURNING granted, greatest(0, $2 - taken) AS "left!",
               extract(epoch FROM window_start + interval '1 minute' - clock_timestamp())::float8
                   AS "ends_in!""#,
        app.uuid(),
        limit,
    )
    .fetch_one(executor)
    .await?;
    let count = |number: i32| u32::try_from(number).unwrap_or(0);
    Ok(Share {
        granted: count(row.granted),
        left: count(row.left),
        ends_in: Duration::try_from_secs_f64(row.ends_in).unwrap_or(Duration::ZERO),
    })
}
