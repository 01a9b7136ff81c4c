//! Stalled relays: for how long JetStream has taken nothing from relays of this process, although it is there and no
//! stream is full. Whoever runs the server can do something about it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Since when relays are stalled, by their names. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Stalls(Arc<Mutex<BTreeMap<String, Instant>>>);

impl Stalls {
    /// States how a relay is.
    pub(crate) fn report(&self, relay: &str, stalled: bool) {
        let mut stalls = self.lock();
        if stalled {
            stalls.entry(relay.to_owned()).or_insert_with(Instant::now);
        } else {
            stalls.remove(relay);
        }
    }

    /// For how long the relay has been stalled that has been so the longest, if one is.
    pub fn longest(&self) -> Option<Duration> {
        self.lock().values().min().map(Instant::elapsed)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Instant>> {
        // A panic while holding it leaves whole entries: the map is still good.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_longest_stall_counts_until_that_relay_publishes() {
        let stalls = Stalls::default();
        assert_eq!(stalls.longest(), None);
        stalls.report("one", true);
        tokio::time::advance(Duration::from_secs(5)).await;
        stalls.report("one", true);
        stalls.report("two", true);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(stalls.longest(), Some(Duration::from_secs(6)));
        stalls.report("one", false);
        assert_eq!(stalls.longest(), Some(Duration::from_secs(1)));
        stalls.report("two", false);
        assert_eq!(stalls.longest(), None);
    }
}
