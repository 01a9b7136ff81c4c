//! Waiting on a condition with a deadline, never for a time.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

/// How long anything may take to come true.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(25);

/// Looks until there is what is waited for.
///
/// # Panics
/// When it is not there in time, with the last reason why not.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + PATIENCE;
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match look().await {
            Ok(found) => return found,
            Err(why) if Instant::now() > deadline => {
                panic!("{what}: not after {} s: {why}", PATIENCE.as_secs())
            }
            Err(_) => {}
        }
    }
}
