//! What an installation says of its portal.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What whoever comes to a new installation is told, where they would sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newcomer {
    /// The demo was played: its people can sign in.
    Demo,
    /// Nobody can sign in yet.
    Nobody,
}

/// The settings `[portal]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The name of the product, as pages and their titles say it.
    pub product_name: String,
    /// A logo in place of ours: a file, SVG or PNG, of at most 64 KiB.
    pub logo: Option<PathBuf>,
    /// Colours of one's own: a file of CSS, of at most 32 KiB, that comes after ours and sets its tokens.
    pub stylesheet: Option<PathBuf>,
    /// Where `mandate serve portal` reaches the API. It believes the browser's address only if the
    /// portal is one of its `http.trusted_proxies`. Unused where services and portal are one process.
    pub api_url: String,
    /// What newcomers are told, until somebody has signed in. Not to be set.
    #[serde(skip)]
    pub newcomer: Option<Newcomer>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            product_name: "Mandate".to_owned(),
            logo: None,
            stylesheet: None,
            api_url: String::new(),
            newcomer: None,
        }
    }
}
