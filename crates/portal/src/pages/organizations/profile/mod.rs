//! What an organization tells of itself: of one that is not there yet, and anew.

mod fields;
mod typed;

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::OrganizationId;

use self::fields::{Fields, Kind, kinds};
pub(super) use self::typed::Typed;
use super::addresses::address;
use crate::api::organizations::{self, Profile};
use crate::api::people::{self, Me, OrganizationOperation};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::faults::Faults;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;
use crate::texts::Texts;

#[derive(Template)]
#[template(path = "pages/organizations/profile/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    lead: String,
    button: String,
    /// Which one is changed, if it is there already.
    organization: Option<OrganizationId>,
    /// Makes it once, however often the form is sent.
    key: &'a str,
    kinds: Vec<Kind>,
    kind_error: Option<&'a str>,
    fields: Fields<'a>,
    error: Option<String>,
}

/// What is wrong with what was typed.
#[derive(Debug, Default)]
pub(super) struct Wrong {
    pub(super) faults: Faults,
    pub(super) error: Option<String>,
}

/// `GET /organizations/new`
pub(crate) async fn begin(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
) -> Response {
    let typed = Typed { key: browser.facts.request_id.clone(), ..Typed::default() };
    match people::me(&portal.api, &browser, &token).await {
        Ok(me) => draw(&portal, &browser, &me, StatusCode::OK, None, &typed, Wrong::default()),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /organizations/new`
pub(crate) async fn create(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Form(typed): Form<Typed>,
) -> Response {
    let country = typed.country();
    let profile = Profile { language: Some(browser.language.tag()), ..typed.profile(&country) };
    let made = organizations::create(&portal.api, &browser, &token, &typed.key, &profile).await;
    match made {
        Ok(made) => see_other(&address(made.id)),
        Err(error) => refuse(&portal, SignedIn { browser, token }, None, &typed, error).await,
    }
}

/// `GET /organizations/{id}/edit`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<OrganizationId>,
) -> Response {
    let found = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        organizations::get(&portal.api, &browser, &token, id),
    );
    match found {
        Ok((me, organization)) => match me.in_organization(id) {
            Some(here) if here.allows(OrganizationOperation::Edit) => {
                let typed = Typed::of(organization);
                draw(&portal, &browser, &me, StatusCode::OK, Some(id), &typed, Wrong::default())
            }
            Some(_) => see_other(&address(id)),
            None => Failed::not_found(&portal, &browser),
        },
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /organizations/{id}/edit`
pub(crate) async fn save(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<OrganizationId>,
    Form(typed): Form<Typed>,
) -> Response {
    let country = typed.country();
    let profile = typed.profile(&country);
    match organizations::edit(&portal.api, &browser, &token, id, &profile).await {
        Ok(()) => see_other(&address(id)),
        Err(error) => refuse(&portal, SignedIn { browser, token }, Some(id), &typed, error).await,
    }
}

/// The same page with what is wrong, and all that was typed.
async fn refuse(
    portal: &Portal,
    SignedIn { browser, token }: SignedIn,
    id: Option<OrganizationId>,
    typed: &Typed,
    error: ApiError,
) -> Response {
    let failed = |error| Failed::page(portal, &browser, &Method::POST, &error);
    let t = browser.language.texts();
    let ApiError::Refused(refused) = error else { return failed(error) };
    let wrong = Wrong { faults: Faults::of(t, &refused), error: why_not(t, &refused) };
    if refused.errors.is_empty() && wrong.error.is_none() {
        return failed(ApiError::Refused(refused));
    }
    match people::me(&portal.api, &browser, &token).await {
        Ok(me) => draw(portal, &browser, &me, refused.status, id, typed, wrong),
        Err(error) => failed(error),
    }
}

/// A refusal in words, if there are some for it.
pub(super) fn why_not(t: &Texts, refused: &Refused) -> Option<String> {
    match refused.code.as_str() {
        "too-many-unconfirmed-organizations" => Some(t.organization_too_many_unconfirmed()),
        "too-many-requests" => Some(t.organization_confirmation_too_often()),
        _ => None,
    }
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    status: StatusCode,
    organization: Option<OrganizationId>,
    typed: &Typed,
    wrong: Wrong,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Organization);
    let t = frame.t;
    let Wrong { faults, error } = wrong;
    let (title, lead, button) = match organization {
        None => (t.organization_new(), t.organization_new_lead(), t.organization_new()),
        Some(_) => (t.organization_edit(), t.organization_edit_lead(), t.organization_save()),
    };
    let page = Page {
        title: &title,
        lead,
        button,
        organization,
        key: &typed.key,
        kinds: kinds(t, &typed.kind),
        kind_error: faults.on("kind"),
        fields: Fields::of(t, typed, &faults),
        error,
        frame,
    };
    respond::page(status, browser.language, &page)
}
