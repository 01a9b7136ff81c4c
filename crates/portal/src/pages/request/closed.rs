//! A link that nothing can be done with any more: why, and the one thing to do.

use std::collections::BTreeMap;

use askama::Template;
use axum::http::{Method, StatusCode};
use axum::response::Response;

use contract::secret::SessionToken;

use crate::api::people::{self, Me};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond::{self, private};
use crate::texts::Texts;
use crate::times::Time;

#[derive(Template)]
#[template(path = "pages/request/closed.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    /// When it was closed, and by whom.
    when: Option<String>,
    what: String,
    todo: String,
    /// Whether there may be something of it under My consents.
    shows_consents: bool,
}

/// What is said in place of the page.
pub(super) async fn answer(
    portal: &Portal,
    browser: &Browser,
    token: &SessionToken,
    method: &Method,
    error: &ApiError,
) -> Response {
    match error {
        ApiError::Refused(refused) => match words(browser.language.texts(), refused) {
            Some(words) => {
                let by = Vec::from_iter(refused.closed.by);
                let found = people::me_and_names(&portal.api, browser, token, &by).await;
                let (me, names) =
                    found.map_or_else(|_| (None, BTreeMap::new()), |(me, names)| (Some(me), names));
                let by = match (refused.closed.by, &me) {
                    (Some(by), Some(me)) if me.id == by => By::You,
                    (Some(by), _) => names.get(&by).map_or(By::Somebody, |name| By::Named(name)),
                    (None, _) => By::Somebody,
                };
                let when = when(browser, refused, by);
                draw(portal, browser, me.as_ref(), refused.status, words, when)
            }
            None => private(portal, Failed::page(portal, browser, method, error)),
        },
        error => private(portal, Failed::page(portal, browser, method, error)),
    }
}

/// Who used a link, as far as the reader may know.
#[derive(Debug, Clone, Copy)]
pub(super) enum By<'a> {
    You,
    Named(&'a str),
    Somebody,
}

/// When the link was closed, and by whom.
pub(super) fn when(browser: &Browser, refused: &Refused, by: By<'_>) -> Option<String> {
    let t = browser.language.texts();
    let at = Time::new(refused.closed.at?, browser.language).minute();
    Some(match (refused.code.as_str(), by) {
        ("link-already-used", By::You) => t.closed_used_by_you(at),
        ("link-already-used", By::Named(name)) => t.closed_used_by(name, at),
        ("link-already-used", By::Somebody) => t.closed_used_at(at),
        ("link-expired", _) => t.closed_expired_at(at),
        ("link-revoked", _) => t.closed_revoked_at(at),
        _ => return None,
    })
}

pub(super) struct Words {
    title: String,
    what: String,
    todo: String,
    shows_consents: bool,
}

pub(super) fn words(t: &Texts, refused: &Refused) -> Option<Words> {
    let (title, what, shows_consents) = match (refused.code.as_str(), refused.status) {
        ("link-already-used", _) => (t.closed_used(), t.closed_used_what(), true),
        ("link-expired", _) => (t.closed_expired(), t.closed_expired_what(), false),
        ("link-revoked", _) => (t.closed_revoked(), t.closed_revoked_what(), false),
        ("app-not-active", _) => (t.closed_app(), t.closed_app_what(), false),
        (_, StatusCode::NOT_FOUND) => (t.closed_unknown(), t.closed_unknown_what(), false),
        _ => return None,
    };
    Some(Words { title, what, todo: t.closed_todo(), shows_consents })
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: Option<&Me>,
    status: StatusCode,
    Words { title, what, todo, shows_consents }: Words,
    when: Option<String>,
) -> Response {
    let frame = me.map_or_else(
        || Frame::anonymous(portal, browser),
        |me| Frame::signed(portal, browser, me, Place::Elsewhere),
    );
    let page = Page { frame, title: &title, when, what, todo, shows_consents };
    private(portal, respond::page(status, browser.language, &page))
}
