//! What the link in a mail is for is used once, and before its time runs out: the refusals that all such things
//! have in common.

use chrono::{DateTime, Utc};

/// Why what a mailed link is for cannot be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkRefusal {
    /// It was done.
    Used {
        /// When.
        at: DateTime<Utc>,
    },
    /// Its time has run out.
    Expired {
        /// When.
        at: DateTime<Utc>,
    },
    /// What it would change has changed since.
    Outdated,
}

/// Whether it can be used now: at the moment of its expiry it is expired.
pub(crate) fn usable(
    used_at: Option<DateTime<Utc>>,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), LinkRefusal> {
    match used_at {
        Some(at) => Err(LinkRefusal::Used { at }),
        None if now >= expires_at => Err(LinkRefusal::Expired { at: expires_at }),
        None => Ok(()),
    }
}
