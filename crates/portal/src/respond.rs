//! Answers: pages, and what stands in their place.

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::{
    CONTENT_LANGUAGE, CONTENT_TYPE, HeaderValue, LOCATION, REFERRER_POLICY, SET_COOKIE, VARY,
};
use axum::response::{IntoResponse, Response};
use service::Problem;

use crate::portal::Portal;
use crate::texts::Language;

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
