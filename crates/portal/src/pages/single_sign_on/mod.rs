//! Signing in at an organization's provider of identities.
//!
//! Its start is a form, whose answer is a page of ours with a link and a refresh to the provider: browsers hold the
//! policy for forms (`form-action`) against the redirect after one as well. What the sign-in is completed with waits in
//! a cookie meanwhile.

#[cfg(debug_assertions)]
pub(crate) mod samples;

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use contract::ids::SignInId;
use serde::Deserialize;

use crate::api::sign_ins::{self, Returned};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond::{self, see_other_with};
use crate::then::{self, Then};

#[derive(Template)]
#[template(path = "pages/single_sign_on/ask.html")]
struct Ask<'a> {
    frame: Frame<'a>,
    title: &'a str,
    email: &'a str,
    then: &'a Then,
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
    Query(Typed { email, then }): Query<Typed>,
) -> Response {
    draw(&portal, &browser, StatusCode::OK, &email, &then, None)
}

/// `POST /sign-in/organization`
pub(crate) async fn begin(
    State(portal): State<Arc<Portal>>,
    browser: Browser,
    Form(Typed { email, then }): Form<Typed>,
) -> Response {
    let t = browser.language.texts();
    let (status, error) = match sign_ins::begin(&portal.api, &browser, &email).await {
        Ok(begun) => {
            let waiting = format!("{}.{}.{}", begun.sign_in_id, begun.binding, then.path());
            let Some(cookie) = portal.cookie.set_waiting(&waiting) else {
                return Failed::page(&portal, &browser, &Method::POST, &ApiError::no_header());
            };
            let mut response = go(&portal, &browser, &begun.authorization_url);
            response.headers_mut().append(SET_COOKIE, cookie);
            return response;
        }
        Err(ApiError::Refused(Refused {
            status: StatusCode::TOO_MANY_REQUESTS,
            retry_after,
            ..
        })) => {
            let minutes = retry_after.unwrap_or(60).div_ceil(60);
            (StatusCode::TOO_MANY_REQUESTS, t.sign_in_locked(minutes))
        }
        Err(ApiError::Refused(Refused { status: StatusCode::NOT_FOUND, .. })) => {
            (StatusCode::UNPROCESSABLE_ENTITY, t.sso_no_provider())
        }
        Err(ApiError::Refused(refused)) => (refused.status, t.reset_no_email()),
        Err(ApiError::Unavailable(_)) => (StatusCode::SERVICE_UNAVAILABLE, t.sso_unavailable()),
        Err(error) => return Failed::page(&portal, &browser, &Method::POST, &error),
    };
    draw(&portal, &browser, status, &email, &then, Some(error))
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
    let refused = |status, error| {
        let mut response = draw(&portal, &browser, status, "", &Then::default(), Some(error));
        response.headers_mut().append(SET_COOKIE, portal.cookie.clear_waiting());
        response
    };
    let Some(Waiting { id, binding, then }) = waiting else {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, t.sso_begin_again());
    };
    // Without a code the provider says that it did not accept them, or that they went back.
    let (Some(code), Some(state)) = (code, state) else {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, t.sso_not_signed_in());
    };
    let returned = Returned { code: &code, state: &state, iss: iss.as_deref() };
    match sign_ins::complete(&portal.api, &browser, id, &binding, returned).await {
        Ok(token) => match portal.cookie.set(&token) {
            Some(cookie) => {
                let mut response = see_other_with(&then::cookie_check_address(&then), cookie);
                response.headers_mut().append(SET_COOKIE, portal.cookie.clear_waiting());
                response
            }
            None => Failed::page(&portal, &browser, &Method::GET, &ApiError::no_header()),
        },
        Err(ApiError::Refused(Refused { status: StatusCode::FORBIDDEN, .. })) => {
            refused(StatusCode::FORBIDDEN, t.sso_not_accepted())
        }
        Err(ApiError::Refused(Refused { status, .. })) => refused(status, t.sso_begin_again()),
        Err(ApiError::Unavailable(_)) => {
            refused(StatusCode::SERVICE_UNAVAILABLE, t.sso_unavailable())
        }
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// A sign-in that was begun in this browser, as its cookie has it.
#[derive(Debug, PartialEq, Eq)]
struct Waiting {
    id: SignInId,
    binding: String,
    then: Then,
}

impl Waiting {
    fn read(cookie: &str) -> Option<Self> {
        let mut parts = cookie.splitn(3, '.');
        Some(Self {
            id: parts.next()?.parse().ok()?,
            binding: parts.next()?.to_owned(),
            then: Then::from(parts.next()?.to_owned()),
        })
    }
}

fn draw(
    portal: &Portal,
    browser: &Browser,
    status: StatusCode,
    email: &str,
    then: &Then,
    error: Option<String>,
) -> Response {
    let frame = Frame::anonymous(portal, browser);
    let page = Ask { title: &frame.t.sso_title(), email, then, error, frame };
    respond::page(status, browser.language, &page)
}

fn go(portal: &Portal, browser: &Browser, url: &str) -> Response {
    let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let frame = Frame::anonymous(portal, browser);
    let page = Go { title: &frame.t.sso_going(), url, host: host.unwrap_or_default(), frame };
    respond::page(StatusCode::OK, browser.language, &page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_read_back_and_leads_nowhere_else() {
        let id = "0195b2a0-0000-7000-8000-000000000001";
        let read = Waiting::read(&format!("{id}.mandate_sib_x.//evil.example")).unwrap();
        assert_eq!((read.binding.as_str(), read.then), ("mandate_sib_x", Then::default()));
        assert_eq!(Waiting::read("nonsense"), None);
    }
}
