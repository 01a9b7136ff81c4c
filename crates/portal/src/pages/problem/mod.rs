//! What went wrong, whether anything was changed, and what to do.

#[cfg(debug_assertions)]
pub(crate) mod samples;

use askama::Template;
use axum::http::{Method, StatusCode};
use axum::response::Response;

use crate::api::Refused;
use crate::browser::Browser;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond;

#[derive(Template)]
#[template(path = "pages/problem/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    what: &'a str,
    /// The page to try again, if that can help.
    again: Option<&'a str>,
    code: &'a str,
    request_id: &'a str,
}

fn answer(
    portal: &Portal,
    browser: &Browser,
    status: StatusCode,
    (title, what): (&str, &str),
    again: bool,
    code: &str,
) -> Response {
    let page = Page {
        frame: Frame::anonymous(portal, browser),
        title,
        what,
        again: again.then_some(&browser.path),
        code,
        request_id: &browser.facts.request_id,
    };
    respond::page(status, browser.language, &page)
}

/// There is nothing at this address.
pub(crate) fn not_found(portal: &Portal, browser: &Browser) -> Response {
    let t = browser.language.texts();
    let words = (&*t.problem_not_found(), &*t.problem_not_found_what());
    answer(portal, browser, StatusCode::NOT_FOUND, words, false, "not-found")
}

/// The API does not answer.
pub(crate) fn unavailable(portal: &Portal, browser: &Browser, method: &Method) -> Response {
    let t = browser.language.texts();
    // What was sent may have arrived all the same.
    let what = if *method == Method::POST {
        t.problem_unavailable_perhaps()
    } else {
        t.problem_unavailable_what()
    };
    let words = (&*t.problem_unavailable(), &*what);
    answer(portal, browser, StatusCode::SERVICE_UNAVAILABLE, words, true, "unavailable")
}

/// A mistake of ours.
pub(crate) fn ours(portal: &Portal, browser: &Browser) -> Response {
    let t = browser.language.texts();
    let words = (&*t.problem_ours(), &*t.problem_ours_what());
    answer(portal, browser, StatusCode::INTERNAL_SERVER_ERROR, words, true, "internal")
}

/// A form that another site sent.
pub(crate) fn cross_site(portal: &Portal, browser: &Browser) -> Response {
    let t = browser.language.texts();
    let words = (&*t.problem_cross_site(), &*t.problem_cross_site_what());
    answer(portal, browser, StatusCode::FORBIDDEN, words, false, "cross-site")
}

/// A form that is not what its page sends.
pub(crate) fn unreadable(portal: &Portal, browser: &Browser, status: StatusCode) -> Response {
    let t = browser.language.texts();
    let words = (&*t.problem_unreadable(), &*t.problem_unreadable_what());
    answer(portal, browser, status, words, false, "unreadable")
}

/// The API refused what was asked, for a reason that the page has no words of its own for.
pub(crate) fn refused(portal: &Portal, browser: &Browser, refused: &Refused) -> Response {
    let t = browser.language.texts();
    let words = (&*t.problem_refused(), &*t.problem_refused_what());
    answer(portal, browser, refused.status, words, false, &refused.code)
}
