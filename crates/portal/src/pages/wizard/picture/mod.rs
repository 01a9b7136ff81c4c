//! The picture of a draft: the owner's own, or the pattern that is drawn from its id.

#[cfg(debug_assertions)]
pub(crate) mod samples;

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use contract::ids::AppId;

use crate::api::apps::{self, App, AppOperation};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::Frame;
use crate::multipart::{Multipart, Unreadable};
use crate::parts::pattern::Pattern;
use crate::parts::rail::{Rail, Step};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;
use crate::texts::Texts;

#[derive(Template)]
#[template(path = "pages/wizard/picture/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    rail: Rail,
    app: &'a App,
    /// In place of a picture.
    pattern: Pattern,
    may_remove: bool,
    error: Option<String>,
}

/// `GET /apps/{id}/picture/edit`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
) -> Response {
    match apps::get(&portal.api, &browser, &token, id).await {
        Ok(app) if !app.allowed.contains(&AppOperation::PutImage) => {
            see_other(&format!("/apps/{id}"))
        }
        Ok(app) => draw(&portal, &browser, StatusCode::OK, &app, None),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /apps/{id}/picture/edit`: goes on without one, too.
pub(crate) async fn save(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let t = browser.language.texts();
    let failed = |error| Failed::page(&portal, &browser, &Method::POST, &error);
    let (status, error) = match Multipart::read(&headers, body).await {
        Ok(form) => {
            let next = if form.field("next").is_some() {
                "/apps".to_owned()
            } else {
                format!("/apps/{id}/service")
            };
            let Some(file) = form.field("image") else { return see_other(&next) };
            let put = apps::put_image(&portal.api, &browser, &token, id, file.clone()).await;
            match put {
                Ok(()) => return see_other(&next),
                Err(ApiError::Refused(refused)) => match why_not(t, &refused) {
                    Some(error) => (refused.status, error),
                    None => return failed(ApiError::Refused(refused)),
                },
                Err(error) => return failed(error),
            }
        }
        Err(Unreadable::TooLarge) => (StatusCode::PAYLOAD_TOO_LARGE, t.wizard_picture_too_large()),
        Err(Unreadable::Malformed) => {
            return Failed::unreadable(&portal, &browser);
        }
    };
    match apps::get(&portal.api, &browser, &token, id).await {
        Ok(app) => draw(&portal, &browser, status, &app, Some(error)),
        Err(error) => failed(error),
    }
}

/// `POST /apps/{id}/picture/remove`: another can be given at once, so nothing is asked.
pub(crate) async fn remove(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
) -> Response {
    let page = format!("/apps/{id}/picture/edit");
    match apps::remove_image(&portal.api, &browser, &token, id).await {
        Ok(()) => see_other(&page),
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

/// What is wrong with the file, in words.
fn why_not(t: &Texts, refused: &Refused) -> Option<String> {
    match refused.code.as_str() {
        "image-too-large" | "too-large" => Some(t.wizard_picture_too_large()),
        "image-format" => Some(t.wizard_picture_format()),
        "image-too-many-pixels" => Some(t.wizard_picture_pixels()),
        "image-broken" => Some(t.wizard_picture_broken()),
        _ => None,
    }
}

fn draw(
    portal: &Portal,
    browser: &Browser,
    status: StatusCode,
    app: &App,
    error: Option<String>,
) -> Response {
    let frame = Frame::anonymous(portal, browser);
    let title = frame.t.wizard_picture_question();
    let page = Page {
        title: &title,
        rail: Rail::at(frame.t, Step::Picture, Some(app.id)),
        app,
        pattern: Pattern::of(&app.id.to_string()),
        may_remove: app.allowed.contains(&AppOperation::RemoveImage) && app.has_image,
        error,
        frame,
    };
    respond::page(status, browser.language, &page)
}
