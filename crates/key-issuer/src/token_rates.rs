//! How many tokens an app may ask for in a minute (rule 31): fixed windows, over all replicas.
//!
//! The allowance of the minute is in PostgreSQL. Each replica takes parts of it, which become smaller as it is
//! used up, and hands them out from memory: at the usual limit an eighth of the tokens costs a statement, at a
//! high one hardly any. So no more than the limit get through, however many replicas there are; some fewer can
//! if one replica was handed what only others could have used.
//!
//! It counts what the right secret asked for. What others get wrong costs an app nothing.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use contract::AppId;
use eventstore::availability;
use quick_cache::sync::Cache;
use sqlx::PgPool;

use crate::store::token_rates::{self, Share};

/// At most so many apps are remembered, some hundred bytes each. One that was forgotten loses what it had.
const REMEMBERED: usize = 100_000;

/// The allowances of apps.
pub(crate) struct TokenRates {
    limit: u32,
    allowances: Cache<AppId, Arc<Allowance>>,
}

/// What this replica knows of an app's allowance.
#[derive(Default)]
struct Allowance {
    minute: Mutex<Option<Minute>>,
    /// One asks for more, for all who wait. When that failed last.
    asking: tokio::sync::Mutex<Option<Instant>>,
}

/// A minute's allowance, as far as this replica was told.
#[derive(Debug, Clone, Copy)]
struct Minute {
    ends: Instant,
    /// What this replica may still hand out.
    held: u32,
    /// What is left for whoever asks.
    left: u32,
}

/// How an app stands to its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenRate {
    /// How many more requests this minute has, at most.
    pub(crate) remaining: u32,
    /// When the minute ends.
    pub(crate) resets_in: Duration,
}

/// No token is issued for now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAllowance {
    /// The minute's allowance is used up.
    #[error("the app's rate limit is reached")]
    UsedUp(TokenRate),
    /// It is not known whether there is any left.
    #[error("the rate limit cannot be counted: {0}")]
    Unknown(String),
}

impl TokenRates {
    /// So many a minute for each app.
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit, allowances: Cache::new(REMEMBERED) }
    }

    /// How many a minute.
    pub(crate) fn limit(&self) -> u32 {
        self.limit
    }

    /// Takes one request out of an app's allowance.
    ///
    /// # Errors
    /// When there is none left, or that is not known.
    pub(crate) async fn take(&self, pool: &PgPool, app: AppId) -> Result<TokenRate, NoAllowance> {
        let known =
            self.allowances.get_or_insert_with(&app, || Ok::<_, Infallible>(Arc::default()));
        let Ok(allowance) = known;
        let began = Instant::now();
        if let Some(taken) = allowance.take(began) {
            return taken;
        }
        let mut asking = allowance.asking.lock().await;
        if asking.is_some_and(|failed| failed >= began) {
            // Those who waited do not each wait for a database that is away.
            return Err(NoAllowance::Unknown("it was asked for a moment ago".to_owned()));
        }
        loop {
            // Somebody else may have asked meanwhile; and others may have used up what was just handed over.
            if let Some(taken) = allowance.take(Instant::now()) {
                return taken;
            }
            let asked = Instant::now();
            let share = token_rates::take(pool, app, self.limit).await.map_err(|error| {
                *asking = Some(Instant::now());
                availability::notice(&error);
                NoAllowance::Unknown(error.to_string())
            })?;
            *allowance.lock() = Some(Minute::of(share, asked));
        }
    }
}

impl Allowance {
    /// Takes one of what this replica holds. None: ask for more.
    fn take(&self, now: Instant) -> Option<Result<TokenRate, NoAllowance>> {
        let mut minute = self.lock();
        let minute = minute.as_mut().filter(|minute| now < minute.ends)?;
        minute.take(now)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Minute>> {
        // Numbers are whole whenever a panic strikes.
        self.minute.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Minute {
    /// `asked` is when the share was asked for: the minute ends no later than counted from there.
    fn of(share: Share, asked: Instant) -> Self {
        Self { ends: asked + share.ends_in, held: share.granted, left: share.left }
    }

    fn take(&mut self, now: Instant) -> Option<Result<TokenRate, NoAllowance>> {
        let resets_in = self.ends - now;
        if let Some(held) = self.held.checked_sub(1) {
            self.held = held;
            return Some(Ok(TokenRate { remaining: held.saturating_add(self.left), resets_in }));
        }
        let used_up = TokenRate { remaining: 0, resets_in };
        (self.left == 0).then_some(Err(NoAllowance::UsedUp(used_up)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn what_is_held_is_handed_out_then_asked_for_then_used_up() {
        let now = Instant::now();
        let share = Share { granted: 1, left: 1, ends_in: seconds(40) };
        let allowance = Allowance::default();
        assert!(allowance.take(now).is_none(), "nothing is known yet");
        *allowance.lock() = Some(Minute::of(share, now));
        let rate = allowance.take(now + seconds(10)).unwrap().unwrap();
        assert_eq!(rate, TokenRate { remaining: 1, resets_in: seconds(30) });
        assert!(allowance.take(now).is_none(), "there is more for whoever asks");
        let last = Share { granted: 0, left: 0, ends_in: seconds(40) };
        *allowance.lock() = Some(Minute::of(last, now));
        let refused = allowance.take(now + seconds(39)).unwrap().unwrap_err();
        assert!(matches!(refused, NoAllowance::UsedUp(rate) if rate.resets_in == seconds(1)));
        assert!(allowance.take(now + seconds(40)).is_none(), "another minute has begun");
    }
}
