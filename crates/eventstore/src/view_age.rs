//! Staleness: how old the view is that a projection keeps.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// How long ago nothing was missing in a projection, for sure. Clones share it.
#[derive(Debug, Clone)]
pub struct ViewAge(Arc<watch::Sender<Option<Known>>>);

#[derive(Debug, Clone, Copy)]
struct Known {
    age: Duration,
    at: Instant,
}

impl Default for ViewAge {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl ViewAge {
    pub(crate) fn set(&self, age: Duration) {
        self.0.send_replace(Some(Known { age, at: Instant::now() }));
    }

    /// Its age. `None` as long as the database was not asked.
    pub fn get(&self) -> Option<Duration> {
        let known = *self.0.borrow();
        known.map(|known| known.age.saturating_add(known.at.elapsed()))
    }

    /// Whether it is known to be at most so old.
    pub fn is_within(&self, limit: Duration) -> bool {
        self.get().is_some_and(|age| age <= limit)
    }

    /// Waits until the database was asked.
    pub async fn known(&self) {
        // It cannot be closed: this value holds its sender.
        let _ = self.0.subscribe().wait_for(Option::is_some).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_view_ages_until_it_is_compared_again_and_an_unknown_one_is_too_old() {
        let age = ViewAge::default();
        assert!(!age.is_within(Duration::MAX));
        age.set(Duration::from_secs(5));
        age.known().await;
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(age.get(), Some(Duration::from_secs(15)));
        assert!(age.is_within(Duration::from_secs(15)) && !age.is_within(Duration::from_secs(14)));
        age.set(Duration::ZERO);
        assert!(age.is_within(Duration::ZERO));
    }
}
