//! Answers: pages, and what stands in their place.

use askama::Template;
use axum::http::header::{
    CONTENT_LANGUAGE, CONTENT_TYPE, HeaderValue, LOCATION, REFERRER_POLICY, SET_COOKIE, VARY,
};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use service::Problem;

use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::pages::{problem, sign_in};
use crate::router::Portal;
use crate::texts::Language;
use crate::then;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// A page with this status.
pub(crate) fn page(status: StatusCode, language: Language, page: &impl Template) -> Response {
    let text = match page.render() {
        Ok(text) => text,
        Err(error) => return Problem::internal(error).into_response(),
    };
    let tag = HeaderValue::from_static(language.tag());
    let vary = HeaderValue::from_static("accept-language, cookie");
    (status, [(CONTENT_TYPE, HTML), (CONTENT_LANGUAGE, tag), (VARY, vary)], text).into_response()
}

/// A page with a secret in its address tells nobody where one came from. On http that would take away what tells our own
/// forms from others' (the Fetch standard's `Origin`, there being no `Sec-Fetch-Site`); it is told to ourselves there.
pub(crate) fn private(portal: &Portal, mut response: Response) -> Response {
    if portal.cookie.is_secure() {
        let policy = HeaderValue::from_static("no-referrer");
        response.headers_mut().insert(REFERRER_POLICY, policy);
    }
    response
}

/// To another page of ours, read with GET (RFC 9110 section 15.4.4).
pub(crate) fn see_other(path: &str) -> Response {
    match HeaderValue::from_str(path) {
        Ok(path) => (StatusCode::SEE_OTHER, [(LOCATION, path)]).into_response(),
        Err(error) => Problem::internal(error).into_response(),
    }
}

/// The same with a cookie.
pub(crate) fn see_other_with(path: &str, cookie: HeaderValue) -> Response {
    let mut response = see_other(path);
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}

/// What is shown when a page cannot be.
pub(crate) struct Failed;

impl Failed {
    /// Somebody has to sign in first: a page is asked for again afterwards, a form is not sent by itself.
    pub(crate) fn signed_out(portal: &Portal, browser: &Browser, method: &Method) -> Response {
        let mut response = if *method == Method::GET || *method == Method::HEAD {
            see_other(&then::sign_in_address(&browser.path))
        } else {
            sign_in::ended(portal, browser)
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
