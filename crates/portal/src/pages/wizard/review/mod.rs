//! The app as account owners will see it, what is frozen for good, and its activation.

#[cfg(debug_assertions)]
pub(crate) mod samples;

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::catalogue::Level;
use contract::ids::AppId;
use serde::Deserialize;

use crate::api::apps::{self, App, AppOperation, Preview};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::Frame;
use crate::parts::method;
use crate::parts::pattern::Pattern;
use crate::parts::rail::{Rail, Step};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/wizard/review/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    rail: Rail,
    app: &'a App,
    preview: &'a Preview,
    picture: Option<Pattern>,
    method: String,
    duration: String,
    may_activate: bool,
    refusal: Option<Refusal>,
}

/// What is typed.
#[derive(Debug, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    confirm: String,
    /// The draft is left as it is.
    next: Option<String>,
}

/// `GET /apps/{id}/review`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
) -> Response {
    match apps::with_preview(&portal.api, &browser, &token, id).await {
        Ok((app, preview)) => draw(&portal, &browser, StatusCode::OK, &app, &preview, None),
        Err(error) => elsewhere(&portal, &browser, &Method::GET, id, &error),
    }
}

/// Why it was not activated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// What was typed is not its name.
    OtherName,
    /// The organization's contact address is not confirmed.
    Unconfirmed,
}

/// `POST /apps/{id}/review`
pub(crate) async fn activate(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
    Form(typed): Form<Typed>,
) -> Response {
    if typed.next.is_some() {
        return see_other("/apps");
    }
    let (app, preview) = match apps::with_preview(&portal.api, &browser, &token, id).await {
        Ok(found) => found,
        Err(error) => return elsewhere(&portal, &browser, &Method::POST, id, &error),
    };
    if typed.confirm.trim() != app.name {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return draw(&portal, &browser, status, &app, &preview, Some(Refusal::OtherName));
    }
    match apps::activate(&portal.api, &browser, &token, id).await {
        Ok(_) => see_other(&format!("/apps/{id}")),
        Err(ApiError::Refused(Refused { status, code, .. }))
            if code == "organization-not-confirmed" =>
        {
            draw(&portal, &browser, status, &app, &preview, Some(Refusal::Unconfirmed))
        }
        Err(error) => elsewhere(&portal, &browser, &Method::POST, id, &error),
    }
}

impl Page<'_> {
    fn is_other_name(&self) -> bool {
        self.refusal == Some(Refusal::OtherName)
    }

    fn is_unconfirmed(&self) -> bool {
        self.refusal == Some(Refusal::Unconfirmed)
    }
}

/// A draft that lacks something has no preview yet: first what it lacks. One that is none has a page of its own.
fn elsewhere(
    portal: &Portal,
    browser: &Browser,
    method: &Method,
    id: AppId,
    error: &ApiError,
) -> Response {
    match error {
        ApiError::Refused(Refused { status: StatusCode::CONFLICT, .. }) => {
            see_other(&format!("/apps/{id}/domains"))
        }
        error => Failed::page(portal, browser, method, error),
    }
}

fn draw(
    portal: &Portal,
    browser: &Browser,
    status: StatusCode,
    app: &App,
    preview: &Preview,
    refusal: Option<Refusal>,
) -> Response {
    let frame = Frame::anonymous(portal, browser);
    let t = frame.t;
    let title = t.wizard_review_question();
    let page = Page {
        title: &title,
        rail: Rail::at(t, Step::Review, Some(app.id)),
        app,
        preview,
        picture: (!app.has_image).then(|| Pattern::of(&app.id.to_string())),
        method: method::name(t, app.authentication_method),
        duration: match preview.lifetime_days {
            Some(days) => t.wizard_lasts(days),
            None => t.wizard_lasts_for_ever(),
        },
        may_activate: app.allowed.contains(&AppOperation::Activate),
        refusal,
        frame,
    };
    respond::page(status, browser.language, &page)
}
