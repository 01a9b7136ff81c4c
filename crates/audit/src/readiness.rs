//! Readiness: what is missing or unconfirmed for too long, and what contradicts the record.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use contract::Environment;
use service::Health;
use sqlx::PgPool;

use crate::store::{awaited_parts, checkpoints, confirmation, conflicts, gaps};

/// A gap that is older than this makes the service unready: it is not filling by itself.
const GAPS_PATIENCE: Duration = Duration::from_mins(1);

/// The same for a part of an event: its producer was asked more than once by then.
const PARTS_PATIENCE: Duration = Duration::from_mins(5);

/// The same for a producer that does not say whether what is recorded is its own.
const CONFIRMATION_PATIENCE: Duration = Duration::from_mins(5);

/// The same for an entry that no checkpoint covers, beyond the time for which one is served at least.
const CHECKPOINTS_PATIENCE: Duration = Duration::from_mins(1);

/// For so long a batch that could not be recorded is told: while it fails it comes again every second, here or at
/// another replica, which this one would not hear of.
const FAILURES_TOLD: Duration = Duration::from_secs(10);

/// How recording goes. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recording(Arc<Mutex<Option<(Instant, String)>>>);

impl Recording {
    /// What came of a batch.
    pub(crate) fn tell(&self, failure: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            failure.map(|reason| (Instant::now(), reason));
    }

    fn check(&self) -> Result<(), String> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((at, reason)) if at.elapsed() < FAILURES_TOLD => Err(reason.clone()),
            _ => Ok(()),
        }
    }

    /// Adds it to `/readyz`.
    pub(crate) fn add_check(&self, health: &Health) {
        let recording = self.clone();
        health.probe("recording", move || std::future::ready(recording.check()));
    }
}

/// Adds the checks of the database to `/readyz`.
pub(crate) fn add_checks(health: &Health, pool: &PgPool, env: &Environment) {
    let database = pool.clone();
    health.probe("conflicts", move || {
        let pool = database.clone();
        passes(async move {
            let mut conn = pool.acquire().await?;
            let count = conflicts::count_unacknowledged(&mut conn).await?;
            Ok((count > 0)
                .then(|| format!("{count} events contradict the record or are unknown to their producer; see audit.conflicts")))
        })
    });
    let (database, clock) = (pool.clone(), env.clone());
    health.probe("gaps", move || {
        let (pool, env) = (database.clone(), clock.clone());
        passes(async move {
            let mut conn = pool.acquire().await?;
            let count = gaps::count_older_than(&mut conn, env.now() - GAPS_PATIENCE).await?;
            Ok((count > 0)
                .then(|| format!("{count} streams have gaps that do not fill; see audit.gaps")))
        })
    });
    let (database, clock) = (pool.clone(), env.clone());
    health.probe("confirmation", move || {
        let (pool, env) = (database.clone(), clock.clone());
        passes(async move {
            let mut conn = pool.acquire().await?;
            let since = env.now() - CONFIRMATION_PATIENCE;
            let waiting = confirmation::waiting_since_before(&mut conn, since).await?;
            Ok((!waiting.is_empty()).then(|| {
                format!("{} does not say whether what is recorded is its own", waiting.join(", "))
            }))
        })
    });
    let (database, clock) = (pool.clone(), env.clone());
    health.probe("awaited-parts", move || {
        let (pool, env) = (database.clone(), clock.clone());
        passes(async move {
            let mut conn = pool.acquire().await?;
            let since = env.now() - PARTS_PATIENCE;
            let count = awaited_parts::count_older_than(&mut conn, since).await?;
            Ok((count > 0).then(|| {
                format!("{count} contexts or details were asked for and do not come; see audit.awaited_parts")
            }))
        })
    });
}

/// Adds that whatever is recorded is soon under a checkpoint, each of which is served for so long at least.
pub(crate) fn add_check_of_checkpoints(
    health: &Health,
    pool: &PgPool,
    env: &Environment,
    interval: TimeDelta,
) {
    let (pool, env) = (pool.clone(), env.clone());
    health.probe("checkpoints", move || {
        let (pool, env) = (pool.clone(), env.clone());
        passes(async move {
            let mut conn = pool.acquire().await?;
            let since = env.now() - interval - CHECKPOINTS_PATIENCE;
            let uncovered = checkpoints::uncovered_since_before(&mut *conn, since).await?;
            Ok(uncovered.map(|count| {
                format!("{count} entries wait for a checkpoint that covers them, for too long")
            }))
        })
    });
}

/// A check that fails when there is something to tell.
async fn passes(finding: impl Future<Output = sqlx::Result<Option<String>>>) -> Result<(), String> {
    match finding.await {
        Ok(None) => Ok(()),
        Ok(Some(finding)) => Err(finding),
        Err(error) => Err(error.to_string()),
    }
}
