//! A new password for who has lost theirs: asked for by email, chosen behind the link that comes.

#[cfg(debug_assertions)]
pub(crate) mod samples;

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use crate::api::{ApiError, mailed};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::faults::Faults;
use crate::layout::{Frame, Place};
use crate::outcome::{outcome, spent};
use crate::portal::Portal;
use crate::respond::{self, private};

#[derive(Template)]
#[template(path = "pages/password_reset/ask.html")]
struct Ask<'a> {
    frame: Frame<'a>,
    title: &'a str,
    email: &'a str,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/password_reset/choose.html")]
struct Choose<'a> {
    frame: Frame<'a>,
    title: &'a str,
    link: &'a str,
    error: Option<&'a str>,
}

/// Whose password.
#[derive(Debug, Deserialize)]
pub(crate) struct Email {
    #[serde(default)]
    email: String,
}

/// The new one.
#[derive(Deserialize)]
pub(crate) struct Password {
    #[serde(default)]
    password: String,
}

/// `GET /reset-password`
pub(crate) async fn ask(State(portal): State<Arc<Portal>>, browser: Browser) -> Response {
    draw_ask(&portal, &browser, StatusCode::OK, "", None)
}

/// `POST /reset-password`: the answer is the same whether or not somebody has this email.
pub(crate) async fn send(
    State(portal): State<Arc<Portal>>,
    browser: Browser,
    Form(Email { email }): Form<Email>,
) -> Response {
    let t = browser.language.texts();
    match mailed::ask_for_reset(&portal.api, &browser, &email).await {
        Ok(()) => sent(&portal, &browser),
        Err(ApiError::Refused(refused)) if refused.status == StatusCode::TOO_MANY_REQUESTS => {
            let minutes = refused.retry_after.unwrap_or(60).div_ceil(60);
            draw_ask(&portal, &browser, refused.status, &email, Some(t.sign_in_locked(minutes)))
        }
        Err(ApiError::Refused(refused)) if !refused.errors.is_empty() => {
            let error = Some(t.reset_no_email());
            draw_ask(&portal, &browser, refused.status, &email, error)
        }
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

/// `GET /reset-password/{token}`
pub(crate) async fn choose(
    State(portal): State<Arc<Portal>>,
    browser: Browser,
    Path(link): Path<String>,
) -> Response {
    draw_choose(&portal, &browser, StatusCode::OK, &link, None)
}

/// `POST /reset-password/{token}`
pub(crate) async fn reset(
    State(portal): State<Arc<Portal>>,
    browser: Browser,
    Path(link): Path<String>,
    Form(Password { password }): Form<Password>,
) -> Response {
    let t = browser.language.texts();
    match mailed::reset(&portal.api, &browser, &link, &password).await {
        Ok(()) => done(&portal, &browser),
        Err(ApiError::Refused(refused)) if !refused.errors.is_empty() => {
            let faults = Faults::of(t, &refused);
            draw_choose(&portal, &browser, refused.status, &link, faults.on("password"))
        }
        Err(ApiError::Refused(refused)) => {
            spent(&portal, &browser, &refused).unwrap_or_else(|| {
                Failed::page(&portal, &browser, &Method::POST, &ApiError::Refused(refused))
            })
        }
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

fn draw_ask(
    portal: &Portal,
    browser: &Browser,
    status: StatusCode,
    email: &str,
    error: Option<String>,
) -> Response {
    let frame = Frame::anonymous(portal, browser);
    let page = Ask { title: &frame.t.reset_title(), email, error, frame };
    respond::page(status, browser.language, &page)
}

fn draw_choose(
    portal: &Portal,
    browser: &Browser,
    status: StatusCode,
    link: &str,
    error: Option<&str>,
) -> Response {
    let frame = Frame::anonymous(portal, browser);
    let page = Choose { title: &frame.t.reset_choose(), link, error, frame };
    private(portal, respond::page(status, browser.language, &page))
}

fn sent(portal: &Portal, browser: &Browser) -> Response {
    let t = browser.language.texts();
    let words = (&*t.reset_sent(), &*t.reset_sent_what());
    outcome(portal, browser, StatusCode::OK, words, ("/sign-in", t.reset_to_sign_in()))
}

fn done(portal: &Portal, browser: &Browser) -> Response {
    let t = browser.language.texts();
    let words = (&*t.reset_done(), &*t.reset_done_what());
    outcome(portal, browser, StatusCode::OK, words, ("/sign-in", t.reset_to_sign_in()))
}
