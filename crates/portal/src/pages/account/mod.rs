//! Your account: name, language, password, what is kept of you.

#[cfg(debug_assertions)]
pub(crate) mod samples;
pub(crate) mod tokens;

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::api::people::{self, Me};
use crate::api::{ApiError, Refused, own};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::faults::Faults;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;
use crate::texts::Language;

#[derive(Template)]
#[template(path = "pages/account/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    name: &'a str,
    email: &'a str,
    mail_language: &'a str,
    faults: &'a Faults,
    note: Option<String>,
    error: Option<String>,
}

/// What is typed of oneself.
#[derive(Debug, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    language: String,
}

/// The password until now, and the next one.
#[derive(Deserialize)]
pub(crate) struct Passwords {
    #[serde(default)]
    current_password: String,
    #[serde(default)]
    new_password: String,
}

/// What was done just now.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(crate) struct Done {
    done: Option<What>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    Saved,
    Password,
}

/// `GET /account`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Query(Done { done }): Query<Done>,
) -> Response {
    match people::me(&portal.api, &browser, &token).await {
        Ok(me) => draw(&portal, &browser, &me, StatusCode::OK, &Drawn::of(&me, done)),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /account`
pub(crate) async fn save(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Form(Typed { name, language }): Form<Typed>,
) -> Response {
    let asked = futures::join!(
        people::me(&portal.api, &browser, &token),
        own::edit(&portal.api, &browser, &token, &name, &language),
    );
    match asked {
        (_, Ok(())) => see_other("/account?done=saved"),
        (Ok(me), Err(ApiError::Refused(refused))) if !refused.errors.is_empty() => {
            let faults = Faults::of(browser.language.texts(), &refused);
            let drawn = Drawn { name: &name, faults, ..Drawn::of(&me, None) };
            draw(&portal, &browser, &me, refused.status, &drawn)
        }
        (Err(error), _) | (_, Err(error)) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

/// `POST /account/password`
pub(crate) async fn change_password(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Form(Passwords { current_password, new_password }): Form<Passwords>,
) -> Response {
    let t = browser.language.texts();
    let changed =
        own::change_password(&portal.api, &browser, &token, &current_password, &new_password).await;
    let refused = match changed {
        Ok(()) => return see_other("/account?done=password"),
        Err(ApiError::Refused(refused)) => refused,
        Err(error) => return Failed::page(&portal, &browser, &Method::POST, &error),
    };
    let me = match people::me(&portal.api, &browser, &token).await {
        Ok(me) => me,
        Err(error) => return Failed::page(&portal, &browser, &Method::POST, &error),
    };
    let mut drawn = Drawn::of(&me, None);
    match &refused {
        Refused { status: StatusCode::TOO_MANY_REQUESTS, retry_after, .. } => {
            drawn.error = Some(t.sign_in_locked(retry_after.unwrap_or(60).div_ceil(60)));
        }
        refused => {
            drawn.faults = Faults::of(t, refused);
            if drawn.faults.on("current_password").is_some() {
                drawn.faults = Faults::default();
                drawn.faults.set("current_password", t.account_wrong_password());
            }
        }
    }
    draw(&portal, &browser, &me, refused.status, &drawn)
}

/// `GET /account/export`: all that is kept of oneself.
pub(crate) async fn export(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
) -> Response {
    match own::export(&portal.api, &browser, &token).await {
        Ok((kind, bytes)) => {
            let name = HeaderValue::from_static("attachment; filename=\"my-data.json\"");
            ([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)], bytes).into_response()
        }
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

impl Page<'_> {
    fn is_written_in(&self, language: Language) -> bool {
        language.tag() == self.mail_language
    }
}

/// What the page is drawn of, beside the person.
pub(super) struct Drawn<'a> {
    pub(super) name: &'a str,
    pub(super) faults: Faults,
    pub(super) done: Option<What>,
    pub(super) error: Option<String>,
}

impl<'a> Drawn<'a> {
    pub(super) fn of(me: &'a Me, done: Option<What>) -> Self {
        Self { name: &me.name, faults: Faults::default(), done, error: None }
    }
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    status: StatusCode,
    drawn: &Drawn<'_>,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Account);
    let t = frame.t;
    let page = Page {
        title: &t.account_title(),
        name: drawn.name,
        email: &me.email,
        mail_language: &me.language,
        faults: &drawn.faults,
        note: drawn.done.map(|done| match done {
            What::Saved => t.account_saved(),
            What::Password => t.account_password_changed(),
        }),
        error: drawn.error.clone(),
        frame,
    };
    respond::page(status, browser.language, &page)
}
