//! What an app's page shows of its requests for tokens: noted in memory, written now and then. It decides nothing, so it
//! is no event and may be lost with the process. When an app last got a token, see [`crate::last_use`].

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use contract::AppId;
use eventstore::inactivity::unless_inactive;
use sqlx::PgPool;

use crate::store::activity::{self, HourOfRefusals};

/// The refused requests that were not written yet, by app and hour: not more than there are apps.
#[derive(Debug, Default)]
pub(crate) struct RefusalCounts(Mutex<HashMap<(AppId, DateTime<Utc>), Count>>);

#[derive(Debug, Clone, Copy)]
struct Count {
    refusals: i64,
    last_at: DateTime<Utc>,
}

/// Refused requests are counted by the hour, and shown for a day.
const SHOWN: TimeDelta = TimeDelta::hours(24);

/// The first hour of which refused requests are shown at this time: from 24 to 25 hours are.
pub(crate) fn first_hour(now: DateTime<Utc>) -> DateTime<Utc> {
    hour_of(now - SHOWN)
}

/// The hour in which a time is.
fn hour_of(time: DateTime<Utc>) -> DateTime<Utc> {
    time.duration_trunc(TimeDelta::hours(1)).unwrap_or(time)
}

impl RefusalCounts {
    /// Counts a refused request in the name of an app.
    pub(crate) fn note(&self, app: AppId, now: DateTime<Utc>) {
        let mut counts = self.lock();
        let count =
            counts.entry((app, hour_of(now))).or_insert(Count { refusals: 0, last_at: now });
        count.refusals += 1;
        count.last_at = count.last_at.max(now);
    }

    /// Writes what was counted. What cannot be written is forgotten.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn flush(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let counted = std::mem::take(&mut *self.lock());
        if counted.is_empty() {
            return Ok(());
        }
        let mut hours: Vec<HourOfRefusals> = counted
            .into_iter()
            .map(|((app, hour), Count { refusals, last_at })| HourOfRefusals {
                app,
                hour,
                refusals,
                last_at,
            })
            .collect();
        // In one order on every replica: nobody waits for somebody who waits for them.
        hours.sort_by_key(|hour| (hour.app, hour.hour));
        unless_inactive(activity::add_refusals(pool, &hours)).await?
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(AppId, DateTime<Utc>), Count>> {
        // Numbers in a map are whole whenever a panic strikes.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
