//! When keys were last used, and apps got tokens: noted in memory, written now and then, exact to a minute. It is shown
//! to the key's owners and decides nothing, so it is no event and may be lost with the process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use contract::{AppId, KeyId};
use eventstore::inactivity::unless_inactive;
use sqlx::PgPool;

use crate::client::Client;
use crate::store::{activity, clients};

/// How often it is written.
pub(crate) const FLUSH: Duration = Duration::from_secs(2);
/// A use this soon after the stored one is not worth a write.
const WORTH_IT: TimeDelta = TimeDelta::minutes(1);

/// The uses that were not written yet.
#[derive(Debug, Default)]
pub(crate) struct LastUse(Mutex<HashMap<KeyId, Use>>);

/// A use of a key.
#[derive(Debug, Clone, Copy)]
struct Use {
    app: AppId,
    at: DateTime<Utc>,
}

impl LastUse {
    /// Notes that a client got a token, unless that is no news: whether it was noted.
    pub(crate) fn note(&self, client: &Client, now: DateTime<Utc>) -> bool {
        let news = client.last_used_at.is_none_or(|stored| now - stored >= WORTH_IT);
        if news {
            self.lock().insert(client.key_id, Use { app: client.app_id, at: now });
        }
        news
    }

    /// Writes what was noted. What cannot be written is forgotten: the next use after a minute notes it again.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn flush(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let noted = std::mem::take(&mut *self.lock());
        if noted.is_empty() {
            return Ok(());
        }
        // In one order on every replica: nobody waits for somebody who waits for them.
        let mut of_apps = BTreeMap::new();
        for used in noted.values() {
            let last = of_apps.entry(used.app.uuid()).or_insert(used.at);
            *last = used.at.max(*last);
        }
        let (ids, times): (Vec<_>, Vec<_>) =
            noted.into_iter().map(|(id, used)| (id.uuid(), used.at)).unzip();
        unless_inactive(clients::save_last_use(pool, &ids, &times)).await??;
        let (apps, times): (Vec<_>, Vec<_>) = of_apps.into_iter().unzip();
        unless_inactive(activity::save_last_tokens(pool, &apps, &times)).await?
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<KeyId, Use>> {
        // Times in a map are whole whenever a panic strikes.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
