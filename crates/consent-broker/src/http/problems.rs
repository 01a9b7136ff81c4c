//! Why a link cannot be used, as problems (RFC 9457).

use service::Problem;

use crate::link::Closed;
use crate::redemption::RedemptionError;

impl From<Closed> for Problem {
    fn from(closed: Closed) -> Self {
        let mut detail = closed.to_string();
        detail.replace_range(..1, "T");
        detail.push('.');
        match closed {
            Closed::Used { .. } => Self::conflict("link-already-used", detail),
            Closed::Expired { .. } => Self::gone("link-expired", detail),
            Closed::Revoked { .. } => Self::gone("link-revoked", detail),
        }
    }
}

impl From<RedemptionError> for Problem {
    fn from(error: RedemptionError) -> Self {
        match error {
            RedemptionError::Closed(closed) => closed.into(),
            RedemptionError::ConsentsChanged => Self::conflict(
                "consents-changed",
                "A consent of these accounts was revoked at this very moment. Try again.",
            ),
            RedemptionError::Database(error) => error.into(),
            RedemptionError::Append(error) => error.into(),
        }
    }
}
