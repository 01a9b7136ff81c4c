//! How slow a caller may be who sends a body or reads an answer (minimum data rate).

use std::time::Duration;

/// The least pace: so many bytes a second, after a grace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// For what takes long for reasons of the network's.
    pub(crate) grace: Duration,
    /// At least 1.
    pub(crate) bytes_per_second: u64,
}

impl Pace {
    /// How long so many bytes may take.
    pub(crate) fn time_for(self, bytes: u64) -> Duration {
        let rate = self.bytes_per_second.max(1);
        let millis = bytes.saturating_mul(1000) / rate;
        self.grace.saturating_add(Duration::from_millis(millis))
    }
}
