//! My consents: every app that can act on the person's accounts, whoever granted it.

pub(crate) mod ended;
pub(crate) mod receipt;
pub(crate) mod revoke;
mod rows;
#[cfg(debug_assertions)]
pub(crate) mod samples;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::GrantId;
use serde::Deserialize;

use self::rows::{Group, Soon, by_account, by_app, soonest};
use crate::api::catalogue::Catalogue;
use crate::api::consents::{self, Consent, ConsentState, Consents};
use crate::api::people::{self, Me};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;

/// How many are on a page.
const PAGE: &str = "25";

#[derive(Template)]
#[template(path = "pages/consents/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    groups: Vec<Group>,
    order: Order,
    soon: Option<Soon>,
    next: Option<String>,
    /// What became of a renewal.
    note: Option<String>,
}

/// How they are grouped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    #[default]
    App,
    Account,
}

/// Which of them.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    by: Order,
    cursor: Option<String>,
    /// The consent that was renewed just now, or not.
    renewed: Option<Renewed>,
}

/// What came of a renewal.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Renewed {
    Yes,
    Ended,
    NotAllowed,
}

/// `GET /consents`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Query(asked): Query<Asked>,
) -> Response {
    let mut filter = vec![("state", ConsentState::Live.name()), ("limit", PAGE)];
    filter.extend(asked.cursor.as_deref().map(|cursor| ("cursor", cursor)));
    let found = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        consents::list(&portal.api, &browser, &token, &filter),
        portal.catalogue.read(&browser, &token),
    );
    match found {
        Ok((me, consents, catalogue)) => {
            draw(&portal, &browser, &me, consents, &catalogue, asked.by, asked.renewed)
        }
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// Those on the person's own accounts: who consented is told to nobody else.
pub(super) fn own(consents: Vec<Consent>) -> Vec<Consent> {
    consents.into_iter().filter(|consent| consent.granted_by.is_some()).collect()
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    Consents { items, next_cursor }: Consents,
    catalogue: &Catalogue,
    order: Order,
    renewed: Option<Renewed>,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::MyConsents);
    let t = frame.t;
    let title = t.nav_my_consents();
    let own = own(items);
    let groups = match order {
        Order::App => by_app(&frame, me, browser.now, &own, catalogue),
        Order::Account => by_account(&frame, me, browser.now, &own),
    };
    let page = Page {
        title: &title,
        groups,
        order,
        soon: soonest(&frame, browser.now, &own),
        next: next_cursor,
        note: renewed.map(|renewed| match renewed {
            Renewed::Yes => t.consents_renewed(),
            Renewed::Ended => t.consents_ended_already(),
            Renewed::NotAllowed => t.consents_may_not(),
        }),
        frame,
    };
    respond::page(StatusCode::OK, browser.language, &page)
}

/// `POST /consents/{id}/renew`
pub(crate) async fn renew(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<GrantId>,
) -> Response {
    match consents::renew(&portal.api, &browser, &token, id).await {
        Ok(()) => see_other("/consents?renewed=yes"),
        Err(ApiError::Refused(Refused { status: StatusCode::CONFLICT, .. })) => {
            see_other("/consents?renewed=ended")
        }
        Err(ApiError::Refused(Refused { status: StatusCode::FORBIDDEN, .. })) => {
            see_other("/consents?renewed=not_allowed")
        }
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

impl Page<'_> {
    fn is_by_app(&self) -> bool {
        self.order == Order::App
    }

    /// The address of the next page.
    fn more(&self, cursor: &str) -> String {
        let by = if self.is_by_app() { "app" } else { "account" };
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        format!("/consents?{}", query.append_pair("by", by).append_pair("cursor", cursor).finish())
    }
}
