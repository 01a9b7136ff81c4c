//! Where an app's authorization codes may be sent, and whether PKCE is required of whoever asks for one.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::{AppId, RedirectUriId};
use serde::Deserialize;

use crate::api::apps::{self, App, AppOperation};
use crate::api::people::{self, Me};
use crate::api::redirect_uris::{self, RedirectUris};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::faults::Faults;
use crate::layout::{Frame, Place};
use crate::parts::field::Field;
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;
use crate::texts::Texts;

/// The most characters of an address that the field takes.
const LONGEST: u32 = 2048;

#[derive(Template)]
#[template(path = "pages/app/redirect_uris/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    app: &'a App,
    uris: &'a RedirectUris,
    /// Adds the address once, however often the form is sent.
    key: &'a str,
    uri: Option<Field<'a>>,
    may_remove: bool,
    may_change_pkce: bool,
}

/// What is typed.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Typed {
    pub(super) key: String,
    #[serde(default)]
    pub(super) uri: String,
}

/// Whether PKCE is required from now on.
#[derive(Debug, Deserialize)]
pub(crate) struct Pkce {
    required: bool,
}

/// `GET /apps/{id}/redirect-uris`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
) -> Response {
    let read = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        apps::get(&portal.api, &browser, &token, id),
        redirect_uris::list(&portal.api, &browser, &token, id),
    );
    match read {
        Ok((me, app, uris)) => {
            let typed = Typed { key: browser.facts.request_id.clone(), uri: String::new() };
            draw(&portal, &browser, &me, (StatusCode::OK, &app), &uris, &typed, &Faults::default())
        }
        Err(error) => elsewhere(&portal, &browser, &Method::GET, id, &error),
    }
}

/// `POST /apps/{id}/redirect-uris`
pub(crate) async fn add(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
    Form(typed): Form<Typed>,
) -> Response {
    let uri = typed.uri.trim();
    let added = redirect_uris::add(&portal.api, &browser, &token, &typed.key, id, uri).await;
    let refused = match added {
        Ok(()) => return see_other(&format!("/apps/{id}/redirect-uris")),
        Err(ApiError::Refused(refused)) => refused,
        Err(error) => return Failed::page(&portal, &browser, &Method::POST, &error),
    };
    let Some(faults) = said(browser.language.texts(), &refused) else {
        let error = ApiError::Refused(refused);
        return elsewhere(&portal, &browser, &Method::POST, id, &error);
    };
    let read = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        apps::get(&portal.api, &browser, &token, id),
        redirect_uris::list(&portal.api, &browser, &token, id),
    );
    match read {
        Ok((me, app, uris)) => {
            draw(&portal, &browser, &me, (refused.status, &app), &uris, &typed, &faults)
        }
        Err(error) => elsewhere(&portal, &browser, &Method::POST, id, &error),
    }
}

/// `POST /apps/{id}/redirect-uris/{uri}/remove`: it can be added again.
pub(crate) async fn remove(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path((id, uri)): Path<(AppId, RedirectUriId)>,
) -> Response {
    match redirect_uris::remove(&portal.api, &browser, &token, id, uri).await {
        Ok(()) => see_other(&format!("/apps/{id}/redirect-uris")),
        Err(error) => elsewhere(&portal, &browser, &Method::POST, id, &error),
    }
}

/// `POST /apps/{id}/pkce`
pub(crate) async fn require_pkce(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
    Form(Pkce { required }): Form<Pkce>,
) -> Response {
    match redirect_uris::require_pkce(&portal.api, &browser, &token, id, required).await {
        Ok(_) => see_other(&format!("/apps/{id}/redirect-uris")),
        Err(error) => elsewhere(&portal, &browser, &Method::POST, id, &error),
    }
}

/// An app that has no such addresses, or has ended, has a page that says so.
fn elsewhere(
    portal: &Portal,
    browser: &Browser,
    method: &Method,
    id: AppId,
    error: &ApiError,
) -> Response {
    match error {
        ApiError::Refused(Refused { status: StatusCode::CONFLICT, .. }) => {
            see_other(&format!("/apps/{id}"))
        }
        error => Failed::page(portal, browser, method, error),
    }
}

/// What the form says of a refusal, if it is one that can be mended there.
pub(super) fn said(t: &Texts, refused: &Refused) -> Option<Faults> {
    let sentence = match refused.code.as_str() {
        _ if !refused.errors.is_empty() => {
            return Some(Faults::of(t, refused).in_words("uri", t.uris_wrong()));
        }
        "redirect-uri-registered" => t.uris_registered(),
        "too-many-redirect-uris" => t.uris_too_many(),
        _ => return None,
    };
    let mut faults = Faults::default();
    faults.set("uri", sentence);
    Some(faults)
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    (status, app): (StatusCode, &App),
    uris: &RedirectUris,
    typed: &Typed,
    faults: &Faults,
) -> Response {
    if !app.has_redirect_uris() {
        return see_other(&format!("/apps/{}", app.id));
    }
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let may = |operation| app.allowed.contains(&operation);
    let uri = may(AppOperation::AddRedirectUri).then(|| Field {
        name: "uri",
        label: frame.t.uris_uri(),
        optional: None,
        hint: Some(frame.t.uris_uri_hint()),
        value: &typed.uri,
        max: LONGEST,
        rows: 1,
        error: faults.on("uri"),
    });
    let page = Page {
        title: &frame.t.uris_title(),
        app,
        uris,
        key: &typed.key,
        uri,
        may_remove: may(AppOperation::RemoveRedirectUri),
        may_change_pkce: may(AppOperation::ChangePkce),
        frame,
    };
    respond::page(status, browser.language, &page)
}
