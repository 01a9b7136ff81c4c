//! The revocation of a link or a grant: its end before its time. Pure.

use chrono::{DateTime, Utc};
use contract::facts::ConsentEndReason;
use contract::ids::PersonId;

/// When, by whom and why something was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Revocation {
    /// From when it counts no more.
    pub(crate) at: DateTime<Utc>,
    /// Who asked for it; none when a service of ours did it.
    pub(crate) by: Option<PersonId>,
    /// Why.
    pub(crate) reason: ConsentEndReason,
}

impl Revocation {
    /// On request of this person.
    pub(crate) const fn requested(by: PersonId, at: DateTime<Utc>) -> Self {
        Self { at, by: Some(by), reason: ConsentEndReason::Requested }
    }

    /// With the app.
    pub(crate) const fn app_archived(at: DateTime<Utc>) -> Self {
        Self { at, by: None, reason: ConsentEndReason::AppArchived }
    }
}
