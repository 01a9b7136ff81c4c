//! The directory's settings.

use serde::{Deserialize, Serialize};

use crate::password::PasswordSettings;

/// The directory's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How passwords are hashed.
    pub passwords: PasswordSettings,
    /// The largest file that is imported at a time, in bytes.
    pub import_max_bytes: usize,
    /// The most lines that are imported at a time.
    pub import_max_lines: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            passwords: PasswordSettings::default(),
            import_max_bytes: 2 * 1024 * 1024,
            import_max_lines: 10_000,
        }
    }
}
