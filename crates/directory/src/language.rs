//! The languages in which mail is written.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A language in which people are written to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Language {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

impl Language {
    /// The primary language subtag (RFC 5646 section 2.2.1), as it is stored.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
        }
    }

    /// The language of this subtag.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "en" => Some(Self::En),
            "fr" => Some(Self::Fr),
            _ => None,
        }
    }
}
