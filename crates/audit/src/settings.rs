//! What can be set.

use serde::{Deserialize, Serialize};

/// The settings of audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Once so many events are at hand they are recorded, in one transaction; a message (of up to 512) is
    /// not divided.
    pub max_batch: usize,
    /// How often, in seconds, producers are asked whether events were lost on the way.
    pub reconcile_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_batch: 1_000, reconcile_seconds: 5 }
    }
}
