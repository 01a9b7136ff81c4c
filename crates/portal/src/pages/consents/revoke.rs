//! What ends when a consent is revoked, or all of an app; and then ending it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::{AppId, GrantId};

use super::own;
use crate::api::ApiError;
use crate::api::consents::{self, Consent, ConsentState, Consents, Receipt};
use crate::api::people::{self, Me};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/consents/revoke.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    action: String,
    stops: String,
    goes_on: String,
    organization: String,
    contact: Option<String>,
    button: String,
}

/// `GET /consents/{id}/revoke`
pub(crate) async fn ask(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<GrantId>,
) -> Response {
    let found = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        consents::receipt(&portal.api, &browser, &token, id),
    );
    match found {
        // It has ended already: its receipt says so.
        Ok((_, receipt)) if receipt.state.name != ConsentState::Live => {
            see_other(&format!("/consents/{id}/receipt"))
        }
        Ok((me, receipt)) => draw(&portal, &browser, &me, &receipt),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /consents/{id}/revoke`
pub(crate) async fn revoke(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<GrantId>,
) -> Response {
    match consents::revoke(&portal.api, &browser, &token, id).await {
        Ok(()) => see_other("/consents"),
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

/// `GET /consents/apps/{id}/revoke`
pub(crate) async fn ask_app(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(app): Path<AppId>,
) -> Response {
    let id = app.to_string();
    let filter = [("app_id", id.as_str()), ("state", ConsentState::Live.name()), ("limit", "200")];
    let found = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        consents::list(&portal.api, &browser, &token, &filter),
    );
    match found {
        Ok((me, Consents { items, next_cursor })) => {
            let own = own(items);
            match own.first() {
                Some(first) => {
                    draw_app(&portal, &browser, &me, first, own.len(), next_cursor.is_some())
                }
                None => see_other("/consents"),
            }
        }
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /consents/apps/{id}/revoke`
pub(crate) async fn revoke_app(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(app): Path<AppId>,
) -> Response {
    match consents::revoke_app(&portal.api, &browser, &token, app).await {
        Ok(()) => see_other("/consents"),
        // All of them have ended meanwhile.
        Err(ApiError::Refused(refused)) if refused.status == StatusCode::NOT_FOUND => {
            see_other("/consents")
        }
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

pub(super) fn draw(portal: &Portal, browser: &Browser, me: &Me, receipt: &Receipt) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::MyConsents);
    let t = frame.t;
    let parties = &receipt.parties;
    let app = parties.app.name.clone().unwrap_or_else(|| parties.app.id.to_string());
    let account = parties.account.name.clone().unwrap_or_else(|| parties.account.id.to_string());
    let title = t.revoke_title(account.as_str(), app.as_str());
    let page = Page {
        title: &title,
        action: format!("/consents/{}/revoke", receipt.record_id),
        stops: t.revoke_stops(app.as_str(), account.as_str()),
        goes_on: t.revoke_goes_on(app.as_str()),
        organization: parties.organization.name.clone().unwrap_or_default(),
        contact: parties.organization.contact_email.clone(),
        button: t.revoke_button(account.as_str()),
        frame,
    };
    respond::page(StatusCode::OK, browser.language, &page)
}

pub(super) fn draw_app(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    first: &Consent,
    count: usize,
    more: bool,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::MyConsents);
    let t = frame.t;
    let app = first.app.name.clone().unwrap_or_else(|| first.app.id.to_string());
    let title = t.revoke_app_title(app.as_str());
    let page = Page {
        title: &title,
        action: format!("/consents/apps/{}/revoke", first.app.id),
        stops: if more {
            t.revoke_app_stops_more(app.as_str(), frame.grouped(count))
        } else {
            t.revoke_app_stops(count, app.as_str(), frame.grouped(count))
        },
        goes_on: t.revoke_app_goes_on(),
        organization: first.app.organization_name.clone().unwrap_or_default(),
        contact: first.app.contact_email.clone(),
        button: t.revoke_app_button(app.as_str()),
        frame,
    };
    respond::page(StatusCode::OK, browser.language, &page)
}
