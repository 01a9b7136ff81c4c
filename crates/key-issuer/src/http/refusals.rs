//! Problem details of what a key refuses.

use axum::http::header::RETRY_AFTER;
use chrono::{DateTime, SecondsFormat, Utc};
use service::{Fault, FaultCode, Problem};

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
            let fault = Fault::new(FaultCode::OutOfRange, "must be in the future");
            Problem::invalid_field("expires_at", fault)
        }
    }
}

/// Why no key was replaced at this moment.
pub(super) fn of_replacement(refusal: ReplacementRefusal, now: DateTime<Utc>) -> Problem {
    match refusal {
        ReplacementRefusal::Key(refusal) => refusal.into(),
        ReplacementRefusal::Creation(refusal) => of_creation(refusal, now),
        ReplacementRefusal::EndInThePast => {
            let fault = Fault::new(FaultCode::OutOfRange, "must be in the future");
            Problem::invalid_field("old_ends", fault)
        }
        ReplacementRefusal::EndTooLate { latest } => {
            let latest = latest.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            let message = format!("must be {latest} at the latest");
            let fault = Fault::new(FaultCode::OutOfRange, message).with("max", latest);
            Problem::invalid_field("old_ends", fault)
        }
    }
}

impl From<InvalidKeyName> for Problem {
    fn from(error: InvalidKeyName) -> Self {
        Self::invalid_field("name", error.0)
    }
}
