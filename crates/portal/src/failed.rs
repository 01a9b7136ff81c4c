//! What is shown when a page cannot be.

use axum::http::header::SET_COOKIE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::interrupted::Ended;
use crate::pages::problem;
use crate::portal::Portal;
use crate::respond::see_other;
use crate::then;

/// What is shown when a page cannot be.
pub(crate) struct Failed;

impl Failed {
    /// Somebody has to sign in first: a page is asked for again afterwards, a form is not sent by itself.
    pub(crate) fn signed_out(portal: &Portal, browser: &Browser, method: &Method) -> Response {
        let mut response = if *method == Method::GET || *method == Method::HEAD {
            see_other(&then::sign_in_address(&browser.path))
        } else {
            let mut unsigned = StatusCode::UNAUTHORIZED.into_response();
            // The layer around all pages draws the sign-in, and keeps the form.
            unsigned.extensions_mut().insert(Ended);
            unsigned
        };
        response.headers_mut().append(SET_COOKIE, portal.cookie.clear());
        response
    }

    /// There is no such thing, or not for them.
    pub(crate) fn not_found(portal: &Portal, browser: &Browser) -> Response {
        problem::not_found(portal, browser)
    }

    /// A form that is not what its page sends.
    pub(crate) fn unreadable(portal: &Portal, browser: &Browser) -> Response {
        problem::unreadable(portal, browser, StatusCode::BAD_REQUEST)
    }

    /// What a page says when the API did not give what it needs.
    pub(crate) fn page(
        portal: &Portal,
        browser: &Browser,
        method: &Method,
        error: &ApiError,
    ) -> Response {
        match error {
            ApiError::SignedOut => Self::signed_out(portal, browser, method),
            ApiError::Unavailable(reason) => {
                tracing::warn!(reason, "a page was not made: the API is not available");
                problem::unavailable(portal, browser, method)
            }
            ApiError::Refused(Refused { status: StatusCode::NOT_FOUND, .. }) => {
                problem::not_found(portal, browser)
            }
            ApiError::Refused(refused) => problem::refused(portal, browser, refused),
            ApiError::Ours(error) => {
                tracing::error!(error, "a page was not made");
                problem::ours(portal, browser)
            }
        }
    }
}
