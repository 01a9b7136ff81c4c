//! Waiting on a condition with a deadline, never for a time.

use std::time::Duration;

use anyhow::bail;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(25);

/// Looks until there is what is waited for.
///
/// # Errors
/// When it is not there in time, with the last reason why not.
pub async fn until<T>(
    what: &str,
    patience: Duration,
    mut look: impl AsyncFnMut() -> Result<T, String>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + patience;
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match look().await {
            Ok(found) => return Ok(found),
            Err(why) if Instant::now() > deadline => {
                bail!("{what}: not after {} s: {why}", patience.as_secs())
            }
            Err(_) => {}
        }
    }
}
