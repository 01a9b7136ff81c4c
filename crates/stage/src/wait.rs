//! Waiting on a condition with a deadline, never for a time.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

/// How long anything may take to come true.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// What was waited for and did not come: for how long, and the last reason why not.
#[derive(Debug, thiserror::Error)]
#[error("{what}: not after {} s: {why}", patience.as_secs())]
pub struct TooLate {
    what: String,
    patience: Duration,
    why: String,
}

/// What one look tells: what was waited for, or why it is not there yet.
pub trait Look {
    /// What was waited for.
    type Found;

    /// What was found, or why nothing was.
    fn found(self) -> Result<Self::Found, String>;
}

impl Look for bool {
    type Found = ();

    fn found(self) -> Result<(), String> {
        if self { Ok(()) } else { Err("it is not so".to_owned()) }
    }
}

impl<T> Look for Option<T> {
    type Found = T;

    fn found(self) -> Result<T, String> {
        self.ok_or_else(|| "it is not there".to_owned())
    }
}

impl<T, E: Display> Look for Result<T, E> {
    type Found = T;

    fn found(self) -> Result<T, String> {
        self.map_err(|why| why.to_string())
    }
}

/// Looks until there is what is waited for.
///
/// # Panics
/// When it is not there in time, with the last reason why not.
pub async fn eventually<L: Look>(what: &str, look: impl AsyncFnMut() -> L) -> L::Found {
    within(PATIENCE, what, look).await.unwrap_or_else(|late| panic!("{late}"))
}

/// The same within a time of the caller's.
///
/// # Errors
/// When it is not there in time, with the last reason why not.
pub async fn within<L: Look>(
    patience: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> L,
) -> Result<L::Found, TooLate> {
    let deadline = Instant::now() + patience;
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match look().await.found() {
            Ok(found) => return Ok(found),
            Err(why) if Instant::now() > deadline => {
                return Err(TooLate { what: what.to_owned(), patience, why });
            }
            Err(_) => {}
        }
    }
}
