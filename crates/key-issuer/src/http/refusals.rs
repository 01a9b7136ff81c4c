//! Problem details of what a key refuses.

use axum::http::header::RETRY_AFTER;
use chrono::{DateTime, SecondsFormat, Utc};
use service::Problem;

use crate::key::{CreationRefusal, KeyRefusal};
use crate::key_name::InvalidKeyName;
use crate::key_replacement::ReplacementRefusal;

impl From<KeyRefusal> for Problem {
    fn from(refusal: KeyRefusal) -> Self {
        let slug = match refusal {
            KeyRefusal::Deleted { .. } => "key-deleted",
            KeyRefusal::Expired { .. } => "key-expired",
        };
        Self::conflict(slug, refusal.to_string())
    }
}

/// Why no key was made at this moment. When the next may be made stands in the sentence, and in
/// `Retry-After` if it comes by itself.
pub(super) fn of_creation(refusal: CreationRefusal, now: DateTime<Utc>) -> Problem {
    match refusal {
        CreationRefusal::TooMany(full) => {
            let problem = Problem::conflict("too-many-keys", full.to_string());
            let wait = full.room_at().map(|at| (at - now).as_seconds_f64().ceil().max(1.0));
            match wait.and_then(|seconds| seconds.to_string().parse().ok()) {
                Some(seconds) => problem.with_header(RETRY_AFTER, seconds),
                None => problem,
            }
        }
        CreationRefusal::ExpiryInThePast => {
            Problem::invalid_field("expires_at", "must be in the future")
        }
    }
}

/// Why no key was replaced at this moment.
pub(super) fn of_replacement(refusal: ReplacementRefusal, now: DateTime<Utc>) -> Problem {
    match refusal {
        ReplacementRefusal::Key(refusal) => refusal.into(),
        ReplacementRefusal::Creation(refusal) => of_creation(refusal, now),
        ReplacementRefusal::EndInThePast => {
            Problem::invalid_field("old_ends", "must be in the future")
        }
        ReplacementRefusal::EndTooLate { latest } => {
            let latest = latest.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            Problem::invalid_field("old_ends", format!("must be {latest} at the latest"))
        }
    }
}

impl From<InvalidKeyName> for Problem {
    fn from(error: InvalidKeyName) -> Self {
        Self::invalid_field("name", error.to_string())
    }
}
