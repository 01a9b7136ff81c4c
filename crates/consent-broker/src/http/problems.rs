//! Why a link cannot be used, as problems (RFC 9457).

use serde_json::json;
use service::Problem;

use crate::grant::NotRenewable;
use crate::link::Closed;
use crate::redemption::RedemptionError;

/// A link of an app that was archived: it ends with it.
pub(super) fn app_archived() -> Problem {
    Problem::gone("link-revoked", "The app was archived.")
}

/// 503: an event of the app could not be applied yet, so what may be done for it is not known.
pub(super) fn app_unknown() -> Problem {
    Problem::unavailable(
        "unavailable",
        "Not all is known of the app at the moment. Try again later.",
    )
}

/// A grant of an app that was archived: it ends with it.
pub(super) fn ended_with_app() -> Problem {
    Problem::conflict("grant-ended", "The grant ended with its app, which was archived.")
}

impl From<NotRenewable> for Problem {
    fn from(why: NotRenewable) -> Self {
        match why {
            NotRenewable::Ended { .. } => Self::conflict("grant-ended", sentence(&why)),
            NotRenewable::DoesNotEnd => Self::conflict("grant-does-not-end", sentence(&why)),
        }
    }
}

/// The error as a sentence.
fn sentence(error: &impl ToString) -> String {
    let mut detail = error.to_string();
    detail.replace_range(..1, "T");
    detail.push('.');
    detail
}

impl From<Closed> for Problem {
    fn from(closed: Closed) -> Self {
        let detail = sentence(&closed);
        let (problem, at) = match closed {
            Closed::Used { at, by } => (
                Self::conflict("link-already-used", detail)
                    .with_member("closed_by", by.to_string()),
                at,
            ),
            Closed::Expired { at } => (Self::gone("link-expired", detail), at),
            Closed::Revoked { at } => (Self::gone("link-revoked", detail), at),
        };
        problem.with_member("closed_at", json!(at))
    }
}

impl From<RedemptionError> for Problem {
    fn from(error: RedemptionError) -> Self {
        match error {
            RedemptionError::Closed(closed) => closed.into(),
            RedemptionError::AppEnded => app_archived(),
            RedemptionError::AppUnknown => app_unknown(),
            RedemptionError::ConsentsChanged => Self::conflict(
                "consents-changed",
                "A consent of these accounts was revoked at this very moment. Try again.",
            ),
            RedemptionError::Database(error) => error.into(),
            RedemptionError::Append(error) => error.into(),
        }
    }
}
