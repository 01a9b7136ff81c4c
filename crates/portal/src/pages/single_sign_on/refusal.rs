//! What is said when it does not work.

use axum::http::StatusCode;

use crate::api::{ApiError, Refused};
use crate::texts::Texts;

/// The problem's code when the organization's provider does not answer.
const PROVIDER_UNAVAILABLE: &str = "identity-provider-unavailable";

/// Why it could not be begun; nothing, where that is no matter of this page.
pub(super) fn not_begun(t: &Texts, error: &ApiError) -> Option<(StatusCode, String)> {
    provider_or_limit(t, error).or_else(|| match error {
        ApiError::Refused(Refused { status: StatusCode::NOT_FOUND, .. }) => {
            Some((StatusCode::UNPROCESSABLE_ENTITY, t.sso_no_provider()))
        }
        ApiError::Refused(refused) => Some((refused.status, t.reset_no_email())),
        _ => None,
    })
}

/// Why it could not be completed. The API has one answer for all that was wrong with it, which may be no more than that
/// it took too long: nothing is said of whom the provider knows.
pub(super) fn not_completed(t: &Texts, error: &ApiError) -> Option<(StatusCode, String)> {
    provider_or_limit(t, error).or_else(|| match error {
        ApiError::Refused(refused) => Some((refused.status, t.sso_not_accepted())),
        _ => None,
    })
}

/// What can be in the way of both. That the provider does not answer is told from that we do not.
fn provider_or_limit(t: &Texts, error: &ApiError) -> Option<(StatusCode, String)> {
    match error {
        ApiError::Refused(Refused { status, retry_after, .. })
            if *status == StatusCode::TOO_MANY_REQUESTS =>
        {
            let minutes = retry_after.unwrap_or(60).div_ceil(60);
            Some((*status, t.sign_in_locked(minutes)))
        }
        ApiError::Unavailable(code) if code == PROVIDER_UNAVAILABLE => {
            Some((StatusCode::SERVICE_UNAVAILABLE, t.sso_unavailable()))
        }
        _ => None,
    }
}
