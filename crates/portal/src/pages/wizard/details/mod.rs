//! What account owners will see of the app: of one that is not there yet, and of a draft.

#[cfg(debug_assertions)]
pub(crate) mod samples;

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::{AppId, OrganizationId};
use serde::Deserialize;

use crate::api::apps::{self, AppOperation, Details};
use crate::api::people::{self, Me};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::faults::Faults;
use crate::layout::Frame;
use crate::parts::field::Field;
use crate::parts::pattern::Pattern;
use crate::parts::rail::{Rail, Step};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/wizard/details/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    rail: Rail,
    action: &'a str,
    organization: Option<OrganizationId>,
    name: Field<'a>,
    description: Field<'a>,
    picture: Pattern,
    /// Whose app it is, where that is known.
    owner: Option<&'a str>,
}

/// What is typed. Both can be empty where somebody just begins.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Typed {
    pub(crate) organization: Option<OrganizationId>,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    /// Whether it goes on, or later.
    next: Option<String>,
}

impl Typed {
    /// The description, if there is one.
    pub(crate) fn description(&self) -> Option<&str> {
        Some(self.description.trim()).filter(|text| !text.is_empty())
    }
}

/// `GET /apps/new`
pub(crate) async fn begin(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Query(typed): Query<Typed>,
) -> Response {
    // Nothing is asked but whether the session lives: who may not sees it before having typed.
    match people::me(&portal.api, &browser, &token).await {
        Ok(me) => {
            let owner = owner(&me, typed.organization);
            draw(&portal, &browser, StatusCode::OK, None, owner, &typed, &Faults::default())
        }
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `GET /apps/{id}/details`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
) -> Response {
    let asked = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        apps::get(&portal.api, &browser, &token, id),
    );
    match asked {
        // What was activated can never be edited: its page says what it is.
        Ok((_, app)) if !app.allowed.contains(&AppOperation::Edit) => {
            see_other(&format!("/apps/{id}"))
        }
        Ok((me, app)) => {
            let owner = owner(&me, Some(app.organization_id));
            let description = app.description.unwrap_or_default();
            let typed = Typed { name: app.name, description, ..Typed::default() };
            draw(&portal, &browser, StatusCode::OK, Some(id), owner, &typed, &Faults::default())
        }
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /apps/{id}/details`
pub(crate) async fn save(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
    Form(typed): Form<Typed>,
) -> Response {
    let details = Details { name: &typed.name, description: typed.description() };
    match apps::change(&portal.api, &browser, &token, id, &details).await {
        Ok(_) if typed.next.is_some() => see_other("/apps"),
        Ok(_) => see_other(&format!("/apps/{id}/picture/edit")),
        Err(ApiError::Refused(refused)) if !refused.errors.is_empty() => {
            refused_fields(&portal, &browser, Some(id), &typed, &refused)
        }
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

/// The same page with what is wrong beside the fields, and all that was typed in them.
pub(crate) fn refused_fields(
    portal: &Portal,
    browser: &Browser,
    app: Option<AppId>,
    typed: &Typed,
    refused: &Refused,
) -> Response {
    let faults = Faults::of(browser.language.texts(), refused);
    draw(portal, browser, refused.status, app, None, typed, &faults)
}

/// The name of the organization that it is made in: the only one, if none was chosen.
fn owner(me: &Me, organization: Option<OrganizationId>) -> Option<&str> {
    let found = match (organization, me.memberships.as_slice()) {
        (Some(wanted), all) => all.iter().find(|membership| membership.organization_id == wanted),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    found.map(|membership| membership.organization_name.as_str())
}

/// Draws it for a draft, or for an app that is not there yet.
pub(crate) fn draw(
    portal: &Portal,
    browser: &Browser,
    status: StatusCode,
    app: Option<AppId>,
    owner: Option<&str>,
    typed: &Typed,
    faults: &Faults,
) -> Response {
    let frame = Frame::anonymous(portal, browser);
    let t = frame.t;
    let (title, action) = (
        t.wizard_details_question(),
        app.map_or_else(|| "/apps/new/method".to_owned(), |app| format!("/apps/{app}/details")),
    );
    let page = Page {
        title: &title,
        rail: Rail::at(t, Step::Details, app),
        action: &action,
        organization: typed.organization,
        name: Field {
            name: "name",
            label: t.wizard_name(),
            optional: None,
            hint: Some(t.wizard_name_hint()),
            value: &typed.name,
            max: 100,
            rows: 1,
            error: faults.on("name"),
        },
        description: Field {
            name: "description",
            label: t.wizard_description(),
            optional: Some(t.wizard_optional()),
            hint: Some(t.wizard_description_hint()),
            value: &typed.description,
            max: 255,
            rows: 3,
            error: faults.on("description"),
        },
        picture: Pattern::of(&app.map(|id| id.to_string()).unwrap_or_default()),
        owner,
        frame,
    };
    respond::page(status, browser.language, &page)
}
