//! When the private NATS server is restarted.
//!
//! nats-server remembers that it could not write (seen with 2.15): after its disk was full it takes nothing more into
//! that stream until it is started again, however much room there is. It says nothing to whoever publishes.

use std::time::Duration;

use tokio::time::Instant;

/// A relay that has been stalled for so long is not helped by waiting: two turns fail in this time.
const HOPELESS: Duration = Duration::from_secs(10);

/// How soon a restart that did not help is followed by another; then twice as late each time.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// As long as less is free on the disk, a restart cannot help.
const ROOM: u64 = 8 << 20;

/// Decides on restarts.
#[derive(Debug, Default)]
pub(crate) struct Restarts {
    /// How many there were since the relays last published, and when.
    last: Option<(u32, Instant)>,
}

impl Restarts {
    /// Whether one is due, now that a relay has been stalled for so long. It then counts as made.
    pub(crate) fn is_due(
        &mut self,
        stalled: Option<Duration>,
        free_space: impl FnOnce() -> u64,
    ) -> bool {
        let Some(stalled) = stalled else {
            self.last = None;
            return false;
        };
        let pause = self.last.map_or(Duration::ZERO, |(count, at)| {
            let pause =
                FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(count - 1)).min(LONGEST_PAUSE);
            pause.saturating_sub(at.elapsed())
        });
        if stalled < HOPELESS || pause > Duration::ZERO || free_space() < ROOM {
            return false;
        }
        let count = self.last.map_or(0, |(count, _)| count);
        self.last = Some((count.saturating_add(1), Instant::now()));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENOUGH: fn() -> u64 = || ROOM;

    #[tokio::test(start_paused = true)]
    async fn a_restart_is_due_after_some_failed_turns_and_ever_later_if_it_does_not_help() {
        let mut restarts = Restarts::default();
        assert!(!restarts.is_due(Some(HOPELESS / 2), ENOUGH));
        assert!(restarts.is_due(Some(HOPELESS), ENOUGH));
        assert!(!restarts.is_due(Some(2 * HOPELESS), ENOUGH));
        tokio::time::advance(FIRST_PAUSE).await;
        assert!(restarts.is_due(Some(4 * HOPELESS), ENOUGH));
        tokio::time::advance(FIRST_PAUSE).await;
        assert!(!restarts.is_due(Some(7 * HOPELESS), ENOUGH));
        tokio::time::advance(FIRST_PAUSE).await;
        assert!(restarts.is_due(Some(10 * HOPELESS), ENOUGH));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_helped_is_forgotten() {
        let mut restarts = Restarts::default();
        assert!(restarts.is_due(Some(HOPELESS), ENOUGH));
        assert!(!restarts.is_due(None, ENOUGH));
        assert!(restarts.is_due(Some(HOPELESS), ENOUGH));
    }

    #[tokio::test(start_paused = true)]
    async fn as_long_as_the_disk_is_full_there_is_none() {
        let mut restarts = Restarts::default();
        assert!(!restarts.is_due(Some(HOPELESS), || ROOM - 1));
        assert!(restarts.is_due(Some(HOPELESS), ENOUGH));
    }
}
