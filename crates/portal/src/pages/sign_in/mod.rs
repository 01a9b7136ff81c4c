//! Signing in and out.

#[cfg(debug_assertions)]
pub(crate) mod samples;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::header::{HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use crate::api::{ApiError, Refused, sessions};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::interrupted::{Kept, resumed};
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond::{self, see_other, see_other_with};
use crate::settings::Newcomer;
use crate::signed_in::SignedIn;
use crate::then::{self, Then};

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

#[derive(Template)]
#[template(path = "pages/sign_in/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    then: &'a Then,
    email: &'a str,
    error: Option<String>,
    /// Whether a session has just ended.
    ended: bool,
    /// The form that was being filled in when it did.
    kept: Option<&'a Kept>,
    /// What whoever comes to a new installation is told.
    newcomer: Option<Newcomer>,
}

/// What is typed.
#[derive(Deserialize)]
pub(crate) struct Typed {
    email: String,
    password: String,
    #[serde(default)]
    then: Then,
    /// Where the form goes that is to be drawn again, and its fields.
    kept_path: Option<String>,
    #[serde(default)]
    kept: String,
}

/// Where it goes on.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct GoOn {
    #[serde(default)]
    then: Then,
}

/// `GET /sign-in`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    browser: Browser,
    Query(GoOn { then }): Query<GoOn>,
) -> Response {
    answer(&portal, &browser, StatusCode::OK, &then, "", None)
}

/// `POST /sign-in`
pub(crate) async fn submit(
    State(portal): State<Arc<Portal>>,
    browser: Browser,
    Form(Typed { email, password, then, kept_path, kept }): Form<Typed>,
) -> Response {
    let t = browser.language.texts();
    let kept = kept_path.map(|path| Kept { path, fields: kept });
    let (status, error) = match sessions::open(&portal.api, &browser, &email, &password).await {
        Ok(token) => {
            portal.is_lived_in.store(true, Ordering::Relaxed);
            return match portal.cookie.set(&token) {
                Some(cookie) => {
                    let mut response = see_other_with(&then::cookie_check_address(&then), cookie);
                    response.extensions_mut().extend(resumed(kept));
                    response
                }
                None => Failed::page(&portal, &browser, &Method::POST, &ApiError::no_header()),
            };
        }
        Err(ApiError::Refused(Refused {
            status: StatusCode::TOO_MANY_REQUESTS,
            retry_after,
            ..
        })) => {
            let minutes = retry_after.unwrap_or(60).div_ceil(60);
            (StatusCode::TOO_MANY_REQUESTS, t.sign_in_locked(minutes))
        }
        // One sentence for all causes: nobody learns whether an email is known.
        Err(ApiError::Refused(_)) => (StatusCode::UNAUTHORIZED, t.sign_in_wrong()),
        Err(error) => return Failed::page(&portal, &browser, &Method::POST, &error),
    };
    let shown = Shown { then: &then, email: &email, ended: kept.is_some(), kept: kept.as_ref() };
    render(&portal, &browser, status, shown, Some(error))
}

/// `GET /signed-in`: whether the cookie came back. Browsers that keep none would sign in for ever.
pub(crate) async fn check(
    State(portal): State<Arc<Portal>>,
    browser: Browser,
    headers: HeaderMap,
    Query(GoOn { then }): Query<GoOn>,
) -> Response {
    if portal.cookie.token(&headers).is_some() {
        return see_other(then.path());
    }
    let error = browser.language.texts().sign_in_no_cookie();
    answer(&portal, &browser, StatusCode::OK, &then, "", Some(error))
}

/// `POST /sign-out`: the session ends, here and everywhere.
pub(crate) async fn sign_out(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
) -> Response {
    let ended = async {
        let sessions = sessions::list(&portal.api, &browser, &token).await?;
        match sessions.into_iter().find(|session| session.current) {
            Some(session) => sessions::end(&portal.api, &browser, &token, session.id).await,
            None => Ok(()),
        }
    };
    match ended.await {
        Ok(()) | Err(ApiError::SignedOut) => {
            let mut response = see_other_with("/sign-in", portal.cookie.clear());
            // What the browser keeps of pages is shown to nobody any more (Back).
            response.headers_mut().insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"cache\""));
            response
        }
        // It still lives: whoever presses the button must not believe otherwise.
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

/// A form came without a session: nothing was done. It is to be drawn again, if it can be kept.
pub(crate) fn ended(portal: &Portal, browser: &Browser, kept: Option<&Kept>) -> Response {
    let shown = Shown { then: &Then::default(), email: "", ended: true, kept };
    render(portal, browser, StatusCode::UNAUTHORIZED, shown, None)
}

fn answer(
    portal: &Portal,
    browser: &Browser,
    status: StatusCode,
    then: &Then,
    email: &str,
    error: Option<String>,
) -> Response {
    render(portal, browser, status, Shown { then, email, ended: false, kept: None }, error)
}

/// What the page is drawn of.
struct Shown<'a> {
    then: &'a Then,
    email: &'a str,
    ended: bool,
    kept: Option<&'a Kept>,
}

fn render(
    portal: &Portal,
    browser: &Browser,
    status: StatusCode,
    Shown { then, email, ended, kept }: Shown<'_>,
    error: Option<String>,
) -> Response {
    let frame = Frame::anonymous(portal, browser);
    let title = frame.t.sign_in_title();
    let is_lived_in = portal.is_lived_in.load(Ordering::Relaxed);
    let newcomer = portal.settings.newcomer.filter(|_| !is_lived_in);
    let page = Page { frame, title: &title, then, email, error, ended, kept, newcomer };
    respond::page(status, browser.language, &page)
}
