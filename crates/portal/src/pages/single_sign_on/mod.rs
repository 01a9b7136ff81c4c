//! Signing in at an organization's provider of identities.
//!
//! Its start is a form, whose answer is a page of ours with a link and a refresh to the provider: browsers hold the
//! policy for forms (`form-action`) against the redirect after one as well. What the sign-in is completed with waits in
//! a cookie meanwhile.

mod refusal;
#[cfg(debug_assertions)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
mod waiting;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use crate::api::ApiError;
use crate::api::sign_ins::{self, Returned};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::interrupted::{Kept, resumed};
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond::{self, see_other_with};
use crate::then::{self, Then};
use refusal::{not_begun, not_completed};
use waiting::Waiting;

#[derive(Template)]
#[template(path = "pages/single_sign_on/ask.html")]
struct Ask<'a> {
    frame: Frame<'a>,
    title: &'a str,
    email: &'a str,
    then: &'a Then,
    /// The form that was being filled in when the session ended.
    kept: Option<&'a Kept>,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/single_sign_on/go.html")]
struct Go<'a> {
    frame: Frame<'a>,
    title: &'a str,
    url: &'a str,
    host: String,
}

/// Who signs in.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    email: String,
    #[serde(default)]
    then: Then,
    /// Where the form goes that is to be drawn again, and its fields.
    kept_path: Option<String>,
    #[serde(default)]
    kept: String,
}

impl Typed {
    fn kept(&self) -> Option<Kept> {
        let path = self.kept_path.clone()?;
        Some(Kept { path, fields: self.kept.clone() })
    }
}

/// What the page asks with.
#[derive(Debug, Clone, Copy)]
struct Shown<'a> {
    email: &'a str,
    then: &'a Then,
    kept: Option<&'a Kept>,
}

/// What the provider sends back.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Back {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
}

/// `GET /sign-in/organization`
pub(crate) async fn ask(
    State(portal): State<Arc<Portal>>,
    browser: Browser,
    Query(typed): Query<Typed>,
) -> Response {
    let shown = Shown { email: &typed.email, then: &typed.then, kept: None };
    draw(&portal, &browser, StatusCode::OK, shown, None)
}

/// `POST /sign-in/organization`
pub(crate) async fn begin(
    State(portal): State<Arc<Portal>>,
    browser: Browser,
    Form(typed): Form<Typed>,
) -> Response {
    let t = browser.language.texts();
    let kept = typed.kept();
    let shown = Shown { email: &typed.email, then: &typed.then, kept: kept.as_ref() };
    // From the sign-in in place of a form, whose button takes the form along.
    if typed.email.trim().is_empty() {
        return draw(&portal, &browser, StatusCode::OK, shown, None);
    }
    let form = match kept.as_ref().map(Kept::as_cookie) {
        Some(None) => {
            let without = Shown { kept: None, ..shown };
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return draw(&portal, &browser, status, without, Some(t.sso_too_long()));
        }
        form => form.flatten().unwrap_or_default(),
    };
    match sign_ins::begin(&portal.api, &browser, &typed.email).await {
        Ok(begun) => {
            let then = typed.then.clone();
            let waiting = Waiting { id: begun.sign_in_id, binding: begun.binding, then };
            let cookie = portal.cookie.set_waiting(&waiting.write());
            let (Some(cookie), Some(form)) = (cookie, portal.cookie.set_kept(&form)) else {
                return Failed::page(&portal, &browser, &Method::POST, &ApiError::no_header());
            };
            let mut response = go(&portal, &browser, &begun.authorization_url);
            response.headers_mut().append(SET_COOKIE, cookie);
            response.headers_mut().append(SET_COOKIE, form);
            response
        }
        Err(error) => match not_begun(t, &error) {
            Some((status, words)) => draw(&portal, &browser, status, shown, Some(words)),
            None => Failed::page(&portal, &browser, &Method::POST, &error),
        },
    }
}

/// `GET /sign-in/return`: back from the provider.
pub(crate) async fn back(
    State(portal): State<Arc<Portal>>,
    browser: Browser,
    headers: HeaderMap,
    Query(Back { code, state, iss }): Query<Back>,
) -> Response {
    let t = browser.language.texts();
    let waiting = portal.cookie.waiting(&headers).and_then(Waiting::read);
    let kept = portal.cookie.kept(&headers).and_then(Kept::of_cookie);
    let refused = |(status, words), then: &Then| {
        let shown = Shown { email: "", then, kept: kept.as_ref() };
        let mut response = draw(&portal, &browser, status, shown, Some(words));
        response.headers_mut().append(SET_COOKIE, portal.cookie.clear_waiting());
        response
    };
    let Some(Waiting { id, binding, then }) = waiting else {
        let none = (StatusCode::UNPROCESSABLE_ENTITY, t.sso_begin_again());
        return refused(none, &Then::default());
    };
    // Without a code the provider says that it did not accept them, or that they went back.
    let (Some(code), Some(state)) = (code, state) else {
        return refused((StatusCode::UNPROCESSABLE_ENTITY, t.sso_not_signed_in()), &then);
    };
    let returned = Returned { code: &code, state: &state, iss: iss.as_deref() };
    match sign_ins::complete(&portal.api, &browser, id, &binding, returned).await {
        Ok(token) => {
            portal.is_lived_in.store(true, Ordering::Relaxed);
            match portal.cookie.set(&token) {
                Some(cookie) => {
                    let mut response = see_other_with(&then::cookie_check_address(&then), cookie);
                    response.headers_mut().append(SET_COOKIE, portal.cookie.clear_waiting());
                    let forgotten = portal.cookie.set_kept("");
                    response
                        .headers_mut()
                        .extend(forgotten.map(|forgotten| (SET_COOKIE, forgotten)));
                    // The layer around all pages draws the form again.
                    response.extensions_mut().extend(resumed(kept));
                    response
                }
                None => Failed::page(&portal, &browser, &Method::GET, &ApiError::no_header()),
            }
        }
        Err(error) => match not_completed(t, &error) {
            Some(words) => refused(words, &then),
            None => Failed::page(&portal, &browser, &Method::GET, &error),
        },
    }
}

fn draw(
    portal: &Portal,
    browser: &Browser,
    status: StatusCode,
    Shown { email, then, kept }: Shown<'_>,
    error: Option<String>,
) -> Response {
    let frame = Frame::anonymous(portal, browser);
    let page = Ask { title: &frame.t.sso_title(), email, then, kept, error, frame };
    respond::page(status, browser.language, &page)
}

fn go(portal: &Portal, browser: &Browser, url: &str) -> Response {
    let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    draw_going(portal, browser, url, host.unwrap_or_default())
}

fn draw_going(portal: &Portal, browser: &Browser, url: &str, host: String) -> Response {
    let frame = Frame::anonymous(portal, browser);
    let page = Go { title: &frame.t.sso_going(), url, host, frame };
    respond::page(StatusCode::OK, browser.language, &page)
}
