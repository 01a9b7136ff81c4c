//! What an installation says of its portal.

use serde::{Deserialize, Serialize};

/// The settings `[portal]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The name of the product, as pages and their titles say it.
    pub product_name: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { product_name: "Mandate".to_owned() }
    }
}
