//! The service that the app works with. Once saved it can never be changed.

#[cfg(debug_assertions)]
pub(crate) mod samples;

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::AppId;
use serde::Deserialize;
use serde_json::json;

use crate::api::apps::{self, AppOperation};
use crate::api::catalogue::Catalogue;
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::Frame;
use crate::parts::rail::{Rail, Step};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/wizard/service/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    rail: Rail,
    app: AppId,
    is_missing: bool,
    choices: Vec<Choice>,
}

struct Choice {
    name: String,
    title: String,
    description: String,
}

/// What is chosen.
#[derive(Debug, Deserialize)]
pub(crate) struct Chosen {
    service: Option<String>,
    /// Whether it goes on, or later.
    next: Option<String>,
}

/// `GET /apps/{id}/service`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
) -> Response {
    let asked = futures::try_join!(
        apps::get(&portal.api, &browser, &token, id),
        portal.catalogue.read(&browser, &token),
    );
    match asked {
        Ok((app, _)) if !app.allowed.contains(&AppOperation::Edit) => {
            see_other(&format!("/apps/{id}"))
        }
        Ok((app, _)) if app.service.is_some() => see_other(&format!("/apps/{id}/domains")),
        Ok((_, catalogue)) => draw(&portal, &browser, StatusCode::OK, id, catalogue, false),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /apps/{id}/service`
pub(crate) async fn save(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
    Form(Chosen { service, next }): Form<Chosen>,
) -> Response {
    let failed = |error| Failed::page(&portal, &browser, &Method::POST, &error);
    let Some(service) = service else {
        // Saved for later without a choice: there is nothing to save.
        if next.is_some() {
            return see_other("/apps");
        }
        return match portal.catalogue.read(&browser, &token).await {
            Ok(catalogue) => {
                draw(&portal, &browser, StatusCode::UNPROCESSABLE_ENTITY, id, catalogue, true)
            }
            Err(error) => failed(error),
        };
    };
    match apps::change(&portal.api, &browser, &token, id, json!({ "service": service })).await {
        Ok(_) if next.is_some() => see_other("/apps"),
        Ok(_) => see_other(&format!("/apps/{id}/domains")),
        Err(error) => failed(error),
    }
}

fn draw(
    portal: &Portal,
    browser: &Browser,
    status: StatusCode,
    app: AppId,
    catalogue: Catalogue,
    is_missing: bool,
) -> Response {
    let frame = Frame::anonymous(portal, browser);
    let title = frame.t.wizard_service_question();
    let choices = catalogue.services.into_iter().map(|(name, service)| Choice {
        name,
        title: service.title,
        description: service.description,
    });
    let page = Page {
        title: &title,
        rail: Rail::at(frame.t, Step::Service, Some(app)),
        app,
        is_missing,
        choices: choices.collect(),
        frame,
    };
    respond::page(status, browser.language, &page)
}
