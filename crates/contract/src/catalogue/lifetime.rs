//! How long a consent for a service lasts.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How long a consent lasts from its approval or renewal on. Written as a number of days, or as `"none"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged, expecting = "a lifetime is a number of days, or \"none\"")]
pub enum ConsentLifetime {
    /// So many days of 24 hours.
    Days(u16),
    /// Until it is revoked.
    Unlimited(NoLifetime),
}

/// The word for a consent that does not end by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum NoLifetime {
    /// It has no lifetime.
    #[serde(rename = "none")]
    None,
}

impl ConsentLifetime {
    /// A consent that does not end by itself.
    pub const UNLIMITED: Self = Self::Unlimited(NoLifetime::None);
    /// The most days that a lifetime can have.
    pub const MOST_DAYS: u16 = 3_650;

    /// The days; none if it has no end.
    pub const fn days(self) -> Option<u16> {
        match self {
            Self::Days(days) => Some(days),
            Self::Unlimited(_) => None,
        }
    }

    /// The shorter of this one and so many days, if there are any.
    #[must_use]
    pub fn at_most(self, days: Option<u16>) -> Self {
        match (self, days) {
            (Self::Days(own), Some(days)) => Self::Days(own.min(days)),
            (Self::Unlimited(_), Some(days)) => Self::Days(days),
            (own, None) => own,
        }
    }

    /// When it is over if it begins at this moment; none if it has no end.
    pub fn end(self, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.days().map(|days| from + Duration::days(days.into()))
    }

    pub(super) const fn is_sensible(self) -> bool {
        match self {
            Self::Days(days) => days >= 1 && days <= Self::MOST_DAYS,
            Self::Unlimited(_) => true,
        }
    }
}

/// What holds where a catalogue says nothing: a year.
impl Default for ConsentLifetime {
    fn default() -> Self {
        Self::Days(365)
    }
}
