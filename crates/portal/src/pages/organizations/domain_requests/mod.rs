//! What an organization has asked for of the domains that are given on request, and what became of it.

pub(crate) mod create;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::OrganizationId;
use serde::Deserialize;

use super::addresses::{domain_requests as address, listed};
use super::head::{Head, Tab};
use crate::api::catalogue::Catalogue;
use crate::api::domain_requests::{self, DomainRequest, DomainRequestState, DomainRequests};
use crate::api::people::{self, Me, Membership, OrganizationOperation};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::parts::switcher::Switcher;
use crate::portal::Portal;
use crate::respond;
use crate::signed_in::SignedIn;
use crate::texts::Texts;
use crate::times::Time;

#[derive(Template)]
#[template(path = "pages/organizations/domain_requests/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    switcher: Option<Switcher<'a>>,
    head: Head,
    may_ask: bool,
    was_asked: bool,
    rows: Vec<Row<'a>>,
    next: Option<String>,
}

struct Row<'a> {
    domain: Named,
    reason: &'a str,
    asked: Time,
    state: DomainRequestState,
    answered: Option<Time>,
    answer: Option<&'a str>,
}

/// A level of a domain, in words.
pub(in crate::pages::organizations) struct Named {
    pub(in crate::pages::organizations) title: String,
    pub(in crate::pages::organizations) level: Option<String>,
    pub(in crate::pages::organizations) service: Option<String>,
}

/// Which requests.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    pub(in crate::pages::organizations) cursor: Option<String>,
    /// There, when one was just made.
    pub(in crate::pages::organizations) asked: Option<String>,
}

/// `GET /organizations/{id}/domain-requests`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<OrganizationId>,
    Query(asked): Query<Asked>,
) -> Response {
    let found = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        portal.catalogue.read(&browser, &token),
        domain_requests::list(&portal.api, &browser, &token, id, asked.cursor.as_deref()),
    );
    match found {
        Ok((me, catalogue, requests)) => match me.in_organization(id) {
            Some(here) => draw(&portal, &browser, &me, here, &catalogue, &requests, &asked),
            None => Failed::not_found(&portal, &browser),
        },
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    here: &Membership,
    catalogue: &Catalogue,
    requests: &DomainRequests,
    asked: &Asked,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Organization);
    let t = frame.t;
    let page = Page {
        title: &t.organization_domains(),
        switcher: Switcher::of(t, me, here, address),
        head: Head::of(t, here, Tab::Domains),
        may_ask: here.allows(OrganizationOperation::RequestDomain),
        was_asked: asked.asked.is_some(),
        rows: requests.items.iter().map(|one| Row::of(one, catalogue, &frame)).collect(),
        next: requests
            .next_cursor
            .as_deref()
            .map(|cursor| listed(address(here.organization_id), Some(cursor))),
        frame,
    };
    respond::page(StatusCode::OK, browser.language, &page)
}

impl<'a> Row<'a> {
    fn of(request: &'a DomainRequest, catalogue: &Catalogue, frame: &Frame<'_>) -> Self {
        Self {
            domain: Named::of(frame.t, catalogue, &request.domain),
            reason: &request.reason,
            asked: frame.time(request.created_at),
            state: request.state,
            answered: request.answered_at.map(|at| frame.time(at)),
            answer: request.answer_reason.as_deref(),
        }
    }
}

impl Named {
    /// Of `<service>/<domain>:<level>`. What has left the catalogue keeps its bare name.
    pub(in crate::pages::organizations) fn of(
        t: &Texts,
        catalogue: &Catalogue,
        name: &str,
    ) -> Self {
        let parts = name.split_once('/').and_then(|(service, rest)| {
            let (domain, level) = rest.split_once(':')?;
            let service = catalogue.services.get(service)?;
            Some((service, service.domains.get(domain)?, level))
        });
        let Some((service, domain, level)) = parts else {
            return Self { title: name.to_owned(), level: None, service: None };
        };
        let level = match level {
            "read" => t.level_read(),
            "manage" => t.level_manage(),
            other => other.to_owned(),
        };
        let title = domain.title.clone();
        Self { title, level: Some(level), service: Some(service.title.clone()) }
    }
}
