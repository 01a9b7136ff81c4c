//! Clock and randomness, handed in: code that decides never reads them from the world by itself,
//! so that tests own both.

use std::fmt;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Duration, SubsecRound, Utc};
use uuid::Builder;

use crate::ids::Id;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// Gives random bytes fit for secrets.
pub trait Entropy: Send + Sync {
    /// Fills the slice with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// What a service takes from the world: the time and randomness.
#[derive(Clone)]
pub struct Environment {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

impl Environment {
    /// An environment of these parts.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy }
    }

    /// The machine's clock and the operating system's randomness.
    pub fn system() -> Self {
        Self::new(Arc::new(SystemClock), Arc::new(SystemEntropy))
    }

    /// The operating system's randomness with this clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self::new(clock, Arc::new(SystemEntropy))
    }

    /// Now, to the microsecond: what Postgres keeps, so that a time reads back as it was written.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }

    /// Random bytes, fit for secrets.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// A new id: a UUIDv7 of now (RFC 9562 section 5.7).
    pub fn new_id<I: Id>(&self) -> I {
        let millis = u64::try_from(self.clock.now().timestamp_millis()).unwrap_or(0);
        I::from_uuid(Builder::from_unix_timestamp_millis(millis, &self.bytes::<10>()).into_uuid())
    }
}

struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes)
            .expect("the operating system's random source works once the system is up");
    }
}

/// A clock that stands still until it is moved: for tests, and for replaying a time.
#[derive(Debug)]
pub struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    /// A clock that shows this time.
    pub fn starting_at(time: DateTime<Utc>) -> Self {
        Self(Mutex::new(time))
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        *self.lock() += by;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, DateTime<Utc>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::EventId;

    #[test]
    fn ids_carry_the_clocks_time_and_never_repeat() {
        let time = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let environment = Environment::with_clock(Arc::new(ManualClock::starting_at(time)));
        let one: EventId = environment.new_id();
        let two: EventId = environment.new_id();
        assert_ne!(one, two);
        assert_eq!(one.uuid().get_version_num(), 7);
        assert_eq!(one.uuid().get_timestamp().unwrap().to_unix().0, 1_700_000_000);
    }
}
