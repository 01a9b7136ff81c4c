//! Your account: what you are called, in which language you are written to, and what else is yours.

pub(crate) mod password;
#[cfg(debug_assertions)]
pub(crate) mod samples;
pub(crate) mod tokens;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_DISPOSITION;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use serde::Deserialize;

use crate::api::ApiError;
use crate::api::people::{self, Me};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::faults::Faults;
use crate::layout::{Frame, Place};
use crate::parts::field::Field;
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;
use crate::texts::Language;

#[derive(Template)]
#[template(path = "pages/account/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    email: &'a str,
    name: Field<'a>,
    language: &'a str,
    language_error: Option<&'a str>,
    /// What was just done, in words.
    done: Option<String>,
}

/// What is typed.
#[derive(Debug, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    language: String,
}

/// What was just done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Done {
    Saved,
    Password,
    /// Something that an address says that is not one of ours.
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
pub(crate) struct After {
    done: Option<Done>,
}

/// `GET /account`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Query(After { done }): Query<After>,
) -> Response {
    match people::me(&portal.api, &browser, &token).await {
        Ok(me) => {
            let typed = Typed { name: me.name.clone(), language: me.language.clone() };
            draw(&portal, &browser, &me, StatusCode::OK, &typed, &Faults::default(), done)
        }
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /account`
pub(crate) async fn save(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Form(typed): Form<Typed>,
) -> Response {
    let failed = |error| Failed::page(&portal, &browser, &Method::POST, &error);
    let edited = people::edit(&portal.api, &browser, &token, &typed.name, &typed.language).await;
    let refused = match edited {
        Ok(()) => return see_other("/account?done=saved"),
        Err(ApiError::Refused(refused)) if !refused.errors.is_empty() => refused,
        Err(error) => return failed(error),
    };
    match people::me(&portal.api, &browser, &token).await {
        Ok(me) => {
            let faults = Faults::of(browser.language.texts(), &refused);
            draw(&portal, &browser, &me, refused.status, &typed, &faults, None)
        }
        Err(error) => failed(error),
    }
}

/// `GET /account/data.json`: all that is held on the person, as a file.
pub(crate) async fn data(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
) -> Response {
    match people::export(&portal.api, &browser, &token).await {
        Ok(data) => ([(CONTENT_DISPOSITION, "attachment; filename=\"my-data.json\"")], Json(data))
            .into_response(),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    status: StatusCode,
    typed: &Typed,
    faults: &Faults,
    done: Option<Done>,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Account);
    let t = frame.t;
    let page = Page {
        title: &t.your_account(),
        email: &me.email,
        name: Field {
            name: "name",
            label: t.account_name(),
            optional: None,
            hint: Some(t.account_name_hint()),
            value: &typed.name,
            max: 200,
            rows: 1,
            error: faults.on("name"),
        },
        language: &typed.language,
        language_error: faults.on("language"),
        done: match done {
            Some(Done::Saved) => Some(t.account_saved()),
            Some(Done::Password) => Some(t.account_password_changed()),
            Some(Done::Other) | None => None,
        },
        frame,
    };
    respond::page(status, browser.language, &page)
}
