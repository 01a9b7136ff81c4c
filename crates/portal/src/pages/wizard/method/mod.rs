//! How the app will authenticate. With this it is a draft, since it can never be changed.

#[cfg(debug_assertions)]
pub(crate) mod samples;

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::rpc::AuthenticationMethod;
use serde::Deserialize;

use super::details::{self, Typed};
use crate::api::apps::{self, NewApp};
use crate::api::{ApiError, people};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::faults::Faults;
use crate::layout::Frame;
use crate::parts::rail::{Rail, Step};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;
use crate::texts::Texts;

#[derive(Template)]
#[template(path = "pages/wizard/method/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    rail: Rail,
    /// Makes the app once, however often the form is sent.
    key: &'a str,
    typed: &'a Typed,
    back: String,
    is_missing: bool,
    choices: [Choice; 2],
}

struct Choice {
    value: &'static str,
    name: String,
    whom: String,
    properties: [String; 4],
}

/// What is sent.
#[derive(Debug, Deserialize)]
pub(crate) struct Chosen {
    key: String,
    method: Option<AuthenticationMethod>,
    #[serde(flatten)]
    typed: Typed,
}

/// `GET /apps/new/method`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Query(typed): Query<Typed>,
) -> Response {
    if let Err(error) = people::me(&portal.api, &browser, &token).await {
        return Failed::page(&portal, &browser, &Method::GET, &error);
    }
    if typed.name.trim().is_empty() {
        let mut faults = Faults::default();
        faults.set("name", browser.language.texts().fault_required());
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return details::draw(&portal, &browser, status, None, None, &typed, &faults);
    }
    let key = browser.facts.request_id.clone();
    draw(&portal, &browser, StatusCode::OK, &key, &typed, false)
}

/// `POST /apps/new/method`
pub(crate) async fn create(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Form(Chosen { key, method, typed }): Form<Chosen>,
) -> Response {
    let Some(authentication_method) = method else {
        return draw(&portal, &browser, StatusCode::UNPROCESSABLE_ENTITY, &key, &typed, true);
    };
    let app = NewApp {
        organization_id: typed.organization,
        name: &typed.name,
        description: typed.description(),
        authentication_method,
    };
    match apps::create(&portal.api, &browser, &token, &key, &app).await {
        Ok(app) => see_other(&format!("/apps/{}/picture/edit", app.id)),
        Err(ApiError::Refused(refused)) if !refused.errors.is_empty() => {
            details::refused_fields(&portal, &browser, None, &typed, &refused)
        }
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

fn draw(
    portal: &Portal,
    browser: &Browser,
    status: StatusCode,
    key: &str,
    typed: &Typed,
    is_missing: bool,
) -> Response {
    let frame = Frame::anonymous(portal, browser);
    let t = frame.t;
    let title = t.wizard_method_question();
    let page = Page {
        title: &title,
        rail: Rail::at(t, Step::Method, None),
        key,
        typed,
        back: back(typed),
        is_missing,
        choices: choices(t),
        frame,
    };
    respond::page(status, browser.language, &page)
}

/// The page before, with what was typed there.
fn back(typed: &Typed) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some(organization) = typed.organization {
        query.append_pair("organization", &organization.to_string());
    }
    query.append_pair("name", &typed.name).append_pair("description", &typed.description);
    format!("/apps/new?{}", query.finish())
}

fn choices(t: &Texts) -> [Choice; 2] {
    [
        Choice {
            value: "authorization_code",
            name: t.method_authorization_code(),
            whom: t.wizard_code_whom(),
            properties: [
                t.wizard_code_links(),
                t.wizard_code_made(),
                t.wizard_code_limits(),
                t.wizard_code_return(),
            ],
        },
        Choice {
            value: "client_credentials",
            name: t.method_client_credentials(),
            whom: t.wizard_credentials_whom(),
            properties: [
                t.wizard_credentials_links(),
                t.wizard_credentials_made(),
                t.wizard_credentials_limits(),
                t.wizard_credentials_return(),
            ],
        },
    ]
}
