//! What an installation can set about consent.

use serde::{Deserialize, Serialize};

/// The settings of this service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where people reach the installation: links begin with it. When it is left empty, the binary
    /// puts the address there that it listens on.
    pub public_base_url: String,
    /// How many days a link lives, and the most its maker can ask for.
    pub link_lifetime_days: i64,
    /// How many seconds pass between two looks for links whose time has run out. It only tells how
    /// soon the expiry becomes an event: the link itself is refused from the very moment.
    pub expiry_sweep_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { public_base_url: String::new(), link_lifetime_days: 30, expiry_sweep_seconds: 30 }
    }
}
