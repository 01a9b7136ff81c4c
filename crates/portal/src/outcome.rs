//! Pages that say what came of something, where there is nothing else to show.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use crate::api::Refused;
use crate::browser::Browser;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond::{self, private};
use crate::texts::Texts;

#[derive(Template)]
#[template(path = "layout/outcome.html")]
struct Outcome<'a> {
    frame: Frame<'a>,
    title: &'a str,
    what: &'a str,
    /// Where it goes on, and what that is called.
    onward: (&'a str, String),
}

/// A page that says what came of a link.
pub(crate) fn outcome(
    portal: &Portal,
    browser: &Browser,
    status: StatusCode,
    (title, what): (&str, &str),
    onward: (&str, String),
) -> Response {
    let frame = Frame::anonymous(portal, browser);
    let page = Outcome { frame, title, what, onward };
    private(portal, respond::page(status, browser.language, &page))
}

/// Why nothing can be done with a link any more, if it is that.
pub(crate) fn spent(portal: &Portal, browser: &Browser, refused: &Refused) -> Option<Response> {
    let t = browser.language.texts();
    let (title, what) = words(t, refused)?;
    let onward = ("/", t.problem_home());
    Some(outcome(portal, browser, refused.status, (&title, &what), onward))
}

fn words(t: &Texts, refused: &Refused) -> Option<(String, String)> {
    Some(match refused.status {
        StatusCode::NOT_FOUND => (t.mailed_unknown(), t.mailed_unknown_what()),
        StatusCode::CONFLICT => (t.mailed_used(), t.mailed_used_what()),
        StatusCode::GONE => (t.mailed_expired(), t.mailed_expired_what()),
        StatusCode::TOO_MANY_REQUESTS => (t.mailed_too_many(), t.mailed_too_many_what()),
        _ => return None,
    })
}
