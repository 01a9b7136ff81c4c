//! A domain on request is asked for, with a reason.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::catalogue::Level;
use contract::ids::OrganizationId;
use serde::Deserialize;

use super::super::addresses::domain_requests as address;
use super::Named;
use crate::api::catalogue::{Catalogue, LevelEntry};
use crate::api::people::{self, Me, Membership, OrganizationOperation};
use crate::api::{ApiError, Refused, domain_requests, organizations};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::faults::Faults;
use crate::layout::{Frame, Place};
use crate::parts::field::Field;
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;
use crate::texts::Texts;

#[derive(Template)]
#[template(path = "pages/organizations/domain_requests/create.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    organization: OrganizationId,
    /// Whether they may; else the page says who.
    may_ask: bool,
    /// Asks once, however often the form is sent.
    key: &'a str,
    choices: Vec<Choice>,
    domain_error: Option<&'a str>,
    reason: Field<'a>,
    error: Option<String>,
}

/// A domain that can be asked for.
struct Choice {
    value: String,
    name: String,
    is_chosen: bool,
}

/// What is typed.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    pub(in crate::pages::organizations) key: String,
    #[serde(default)]
    pub(in crate::pages::organizations) domain: String,
    #[serde(default)]
    pub(in crate::pages::organizations) reason: String,
}

/// `GET /organizations/{id}/domain-requests/new`
pub(crate) async fn ask(
    State(portal): State<Arc<Portal>>,
    signed_in: SignedIn,
    Path(id): Path<OrganizationId>,
    Query(typed): Query<Typed>,
) -> Response {
    let typed = Typed { key: signed_in.browser.facts.request_id.clone(), ..typed };
    let none = Faults::default();
    answer(&portal, &signed_in, &Method::GET, StatusCode::OK, id, &typed, &none, None).await
}

/// `POST /organizations/{id}/domain-requests/new`
pub(crate) async fn create(
    State(portal): State<Arc<Portal>>,
    signed_in: SignedIn,
    Path(id): Path<OrganizationId>,
    Form(typed): Form<Typed>,
) -> Response {
    let SignedIn { browser, token } = &signed_in;
    let t = browser.language.texts();
    let Typed { key, domain, reason } = &typed;
    let made =
        domain_requests::ask(&portal.api, browser, token, key, id, domain, reason.trim()).await;
    let (status, faults, error) = match made {
        Ok(()) => return see_other(&format!("{}?asked=yes", address(id))),
        Err(ApiError::Refused(refused)) if !refused.errors.is_empty() => {
            (refused.status, Faults::of(t, &refused), None)
        }
        Err(ApiError::Refused(refused)) => {
            let Some(error) = why_not(t, &refused) else {
                let error = ApiError::Refused(refused);
                return Failed::page(&portal, browser, &Method::POST, &error);
            };
            (refused.status, Faults::default(), Some(error))
        }
        Err(error) => return Failed::page(&portal, browser, &Method::POST, &error),
    };
    answer(&portal, &signed_in, &Method::POST, status, id, &typed, &faults, error).await
}

/// A refusal in words, if there are some for it.
pub(in crate::pages::organizations) fn why_not(t: &Texts, refused: &Refused) -> Option<String> {
    match refused.code.as_str() {
        "domain-requested-already" => Some(t.domain_request_already()),
        "domain-enabled-already" => Some(t.domain_request_enabled_already()),
        "domain-not-on-request" => Some(t.domain_request_not_needed()),
        _ => None,
    }
}

#[expect(clippy::too_many_arguments, reason = "what one page shows")]
async fn answer(
    portal: &Portal,
    SignedIn { browser, token }: &SignedIn,
    method: &Method,
    status: StatusCode,
    id: OrganizationId,
    typed: &Typed,
    faults: &Faults,
    error: Option<String>,
) -> Response {
    let found = futures::try_join!(
        people::me(&portal.api, browser, token),
        portal.catalogue.read(browser, token),
        organizations::get(&portal.api, browser, token, id),
    );
    let (me, catalogue, organization) = match found {
        Ok(found) => found,
        Err(error) => return Failed::page(portal, browser, method, &error),
    };
    let enabled = organization.enabled_domains.as_slice();
    match me.in_organization(id) {
        Some(here) => {
            draw(portal, browser, &me, here, status, &catalogue, enabled, typed, faults, error)
        }
        None => Failed::not_found(portal, browser),
    }
}

#[expect(clippy::too_many_arguments, reason = "what one page shows")]
pub(in crate::pages::organizations) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    here: &Membership,
    status: StatusCode,
    catalogue: &Catalogue,
    enabled: &[String],
    typed: &Typed,
    faults: &Faults,
    error: Option<String>,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Organization);
    let t = frame.t;
    let page = Page {
        title: &t.organization_ask_domain(),
        organization: here.organization_id,
        may_ask: here.allows(OrganizationOperation::RequestDomain),
        key: &typed.key,
        choices: choices(t, catalogue, enabled, &typed.domain),
        domain_error: faults.on("domain"),
        reason: Field {
            name: "reason",
            label: t.domain_request_reason(),
            optional: None,
            hint: Some(t.domain_request_reason_hint()),
            value: &typed.reason,
            max: 1000,
            rows: 4,
            error: faults.on("reason"),
        },
        error,
        frame,
    };
    respond::page(status, browser.language, &page)
}

/// What is on request and not enabled, of all services.
fn choices(t: &Texts, catalogue: &Catalogue, enabled: &[String], chosen: &str) -> Vec<Choice> {
    let mut found = Vec::new();
    for (service_name, service) in &catalogue.services {
        for (domain_name, domain) in &service.domains {
            for (level, entry) in [(Level::Read, &domain.read), (Level::Manage, &domain.manage)] {
                let value = format!("{service_name}/{domain_name}:{level}");
                let on_request = entry.as_ref().is_some_and(|entry: &LevelEntry| entry.on_request);
                if !on_request || enabled.contains(&value) {
                    continue;
                }
                let Named { title, level, .. } = Named::of(t, catalogue, &value);
                let level = level.unwrap_or_default();
                let name = t.domain_request_choice(title, level, service.title.as_str());
                found.push(Choice { is_chosen: value == chosen, value, name });
            }
        }
    }
    found
}
