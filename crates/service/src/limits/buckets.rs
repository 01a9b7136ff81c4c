//! Buckets for any number of keys in a fixed amount of memory.
//!
//! A key has the bucket of its hash, so keys can share one: with so many buckets that takes a flood from
//! thousands of networks, and only makes a limit stricter. The hash is keyed at random, so nobody can aim at
//! somebody's bucket.

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::marker::PhantomData;
use std::num::NonZeroU32;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

use super::Limited;

/// 8 bytes each.
const BUCKETS: usize = 1 << 16;

/// A bucket for each key.
pub(super) struct Buckets<K, C: Clock = MonotonicClock> {
    limiter: RateLimiter<u64, Hashed, C, NoOpMiddleware<C::Instant>>,
    hasher: RandomState,
    key: PhantomData<fn(K)>,
}

impl<K, C: Clock> fmt::Debug for Buckets<K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Buckets")
    }
}

/// The buckets by their keys' hashes.
struct Hashed(Box<[InMemoryState]>);

impl StateStore for Hashed {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, hash: &u64, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let bucket = usize::try_from(*hash % BUCKETS as u64).expect("it is one of the buckets");
        self.0[bucket].measure_and_replace(&NotKeyed::NonKey, f)
    }
}

impl<K: Hash> Buckets<K> {
    /// So many a minute for each key, and as many at once.
    pub(super) fn a_minute(times: u32) -> Self {
        Self::with(times, MonotonicClock)
    }
}

impl<K: Hash, C: Clock> Buckets<K, C> {
    fn with(times: u32, clock: C) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(times).unwrap_or(NonZeroU32::MIN));
        let buckets = Hashed((0..BUCKETS).map(|_| InMemoryState::default()).collect());
        Self {
            limiter: RateLimiter::new(quota, buckets, clock),
            hasher: RandomState::new(),
            key: PhantomData,
        }
    }

    /// Takes one out of the key's bucket.
    ///
    /// # Errors
    /// When it is empty.
    pub(super) fn take(&self, key: &K) -> Result<(), Limited> {
        self.limiter.check_key(&self.hasher.hash_one(key)).map_err(|not_until| {
            let now = self.limiter.clock().now();
            Limited::after(not_until.wait_time_from(now))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let clock = FakeRelativeClock::default();
        let buckets = Buckets::<u32, _>::with(3, clock.clone());
        for _ in 0..3 {
            assert_eq!(buckets.take(&1), Ok(()));
        }
        assert_eq!(buckets.take(&1), Err(Limited::after(Duration::from_secs(20))));
        assert_eq!(buckets.take(&2), Ok(()), "another key has another bucket");
        clock.advance(Duration::from_secs(20));
        assert_eq!(buckets.take(&1), Ok(()));
        assert!(buckets.take(&1).is_err());
    }

    #[test]
    fn any_number_of_keys_takes_the_same_memory_and_still_has_a_limit() {
        let buckets = Buckets::<u32, _>::with(1, FakeRelativeClock::default());
        let taken = (0..1_000_000).filter(|key| buckets.take(key).is_ok()).count();
        assert!(taken <= BUCKETS, "{taken}");
    }
}
