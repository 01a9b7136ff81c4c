//! How many requests are worked on at a time (concurrency limiting).
//!
//! A request has a turn while it is worked on, not while it waits for its body: else whoever sends half of one,
//! often enough, would have all turns.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Problem;

/// The turn of one request. Dropping it makes room.
#[derive(Debug)]
pub(crate) struct Turn {
    capacity: Arc<Semaphore>,
    permit: Mutex<Option<OwnedSemaphorePermit>>,
    lost: OnceLock<Lost>,
}

/// Why a request cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Lost {
    /// There are too many others.
    #[error("too many requests at a time")]
    Overloaded,
    /// Its body does not come.
    #[error("the body came too slowly")]
    TooSlow,
}

impl Turn {
    /// A turn, if there is one.
    pub(crate) fn take(capacity: &Arc<Semaphore>) -> Result<Self, Lost> {
        let capacity = Arc::clone(capacity);
        let permit = Arc::clone(&capacity).try_acquire_owned().map_err(|_| Lost::Overloaded)?;
        Ok(Self { capacity, permit: Mutex::new(Some(permit)), lost: OnceLock::new() })
    }

    /// Lets others go first.
    pub(crate) fn pause(&self) {
        self.permit.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Goes on, if there is room again.
    pub(crate) fn resume(&self) -> Result<(), Lost> {
        let mut permit = self.permit.lock().unwrap_or_else(PoisonError::into_inner);
        if permit.is_none() {
            let again = Arc::clone(&self.capacity).try_acquire_owned();
            *permit = Some(again.map_err(|_| self.lose(Lost::Overloaded))?);
        }
        Ok(())
    }

    /// Whether its request waits for its body.
    pub(crate) fn is_paused(&self) -> bool {
        self.permit.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Ends it. The first reason counts.
    pub(crate) fn lose(&self, reason: Lost) -> Lost {
        *self.lost.get_or_init(|| reason)
    }

    /// Why it ended before its request did.
    pub(crate) fn lost(&self) -> Option<Lost> {
        self.lost.get().copied()
    }
}

impl From<Lost> for Problem {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Overloaded => Self::unavailable("overloaded", "Too many requests at a time."),
            Lost::TooSlow => Self::new(
                StatusCode::REQUEST_TIMEOUT,
                "body-too-slow",
                "The body did not come in time.",
            )
            // The rest of the body may still come: nothing else can be read here (RFC 9110 section 15.5.9).
            .with_header(CONNECTION, HeaderValue::from_static("close")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paused_turn_is_anybodys() {
        let capacity = Arc::new(Semaphore::new(1));
        let paused = Turn::take(&capacity).unwrap();
        assert_eq!(Turn::take(&capacity).unwrap_err(), Lost::Overloaded);
        paused.pause();
        let other = Turn::take(&capacity).unwrap();
        assert_eq!(paused.resume(), Err(Lost::Overloaded));
        assert_eq!(paused.lost(), Some(Lost::Overloaded));
        drop(other);
        let mut again = Turn::take(&capacity).unwrap();
        again.pause();
        again.resume().unwrap();
        again.resume().unwrap();
        assert_eq!((again.lost(), capacity.available_permits()), (None, 0));
        again = paused;
        drop(again);
        assert_eq!(capacity.available_permits(), 1);
    }
}
