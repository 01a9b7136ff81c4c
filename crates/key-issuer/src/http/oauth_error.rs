//! The errors of the token endpoint (RFC 6749 section 5.2).

use axum::http::header::{CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use contract::facts::TokenRefusalReason;
use serde::Serialize;
use service::limits::Limited;
use utoipa::ToSchema;

use crate::issuing::NotIssued;
use crate::token_request::MalformedError;

/// An error as it is answered: nothing in it depends on which of several reasons it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OAuthError {
    /// The request cannot be read.
    InvalidRequest(MalformedError),
    /// The body is too large or broke off.
    UnreadableBody(StatusCode),
    /// Unknown client, wrong secret, ended key, stopped app: one and the same.
    InvalidClient,
    /// A scope that the app does not have.
    InvalidScope,
    /// An app that was registered for another grant.
    UnauthorizedClient,
    /// A grant that is not offered.
    UnsupportedGrantType,
    /// Too many requests: the next may come after so many seconds.
    SlowDown(u64),
    /// It is not known whether the client may, or the token could not be recorded.
    TemporarilyUnavailable,
}

/// An error of the token endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthError)]
pub(super) struct OAuthErrorBody {
    /// The error's code.
    #[schema(example = "invalid_client")]
    error: &'static str,
    /// An explanation for people.
    error_description: String,
}

impl From<TokenRefusalReason> for OAuthError {
    fn from(reason: TokenRefusalReason) -> Self {
        match reason {
            TokenRefusalReason::UnsupportedGrantType => Self::UnsupportedGrantType,
            TokenRefusalReason::UnauthorizedClient => Self::UnauthorizedClient,
            TokenRefusalReason::InvalidScope => Self::InvalidScope,
            TokenRefusalReason::InvalidRequest => Self::InvalidRequest(MalformedError::NotAForm),
            TokenRefusalReason::UnknownClient
            | TokenRefusalReason::WrongSecret
            | TokenRefusalReason::KeyEnded
            | TokenRefusalReason::AppSuspended
            | TokenRefusalReason::AppArchived
            | TokenRefusalReason::NoAuthentication => Self::InvalidClient,
        }
    }
}

impl From<NotIssued> for OAuthError {
    fn from(reason: NotIssued) -> Self {
        match reason {
            NotIssued::Refused(reason) => reason.into(),
            NotIssued::RateLimited(rate) => Limited::after(rate.resets_in).into(),
            NotIssued::Unavailable => Self::TemporarilyUnavailable,
        }
    }
}

impl From<MalformedError> for OAuthError {
    fn from(error: MalformedError) -> Self {
        match error {
            MalformedError::NoAuthentication => Self::InvalidClient,
            error => Self::InvalidRequest(error),
        }
    }
}

impl From<Limited> for OAuthError {
    fn from(limited: Limited) -> Self {
        Self::SlowDown(limited.seconds())
    }
}

impl OAuthError {
    /// Whether the caller is refused, rather than put off.
    pub(super) fn is_refusal(self) -> bool {
        !matches!(self, Self::SlowDown(_) | Self::TemporarilyUnavailable)
    }

    fn parts(self) -> (StatusCode, &'static str, String) {
        match self {
            Self::InvalidRequest(error) => {
                (StatusCode::BAD_REQUEST, "invalid_request", error.to_string())
            }
            Self::UnreadableBody(status) => {
                (status, "invalid_request", "the body cannot be read".to_owned())
            }
            Self::InvalidClient => (
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                "client authentication failed".to_owned(),
            ),
            Self::InvalidScope => (
                StatusCode::BAD_REQUEST,
                "invalid_scope",
                "a requested scope is not one of the app's".to_owned(),
            ),
            Self::UnauthorizedClient => (
                StatusCode::BAD_REQUEST,
                "unauthorized_client",
                "the app was registered for another grant".to_owned(),
            ),
            Self::UnsupportedGrantType => (
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "only client_credentials is offered".to_owned(),
            ),
            // The code of RFC 8628 section 3.5, the only one registered for this endpoint that says so.
            Self::SlowDown(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "slow_down",
                "too many requests: see Retry-After".to_owned(),
            ),
            Self::TemporarilyUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "tokens cannot be issued at the moment".to_owned(),
            ),
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let (status, error, error_description) = self.parts();
        let mut response =
            (status, axum::Json(OAuthErrorBody { error, error_description })).into_response();
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        if status == StatusCode::UNAUTHORIZED {
            // Always, not only when Basic was used: RFC 9110 section 15.5.2 wants a challenge with
            // each 401, and so all refusals look the same.
            headers.insert(
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"mandate\", charset=\"UTF-8\""),
            );
        }
        match self {
            Self::TemporarilyUnavailable => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Self::SlowDown(seconds) => {
                headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            _ => {}
        }
        response
    }
}
