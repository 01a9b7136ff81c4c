//! An app: what it is, how it is doing, and what is to be done next.
//!
//! `suspension` and `archive` ask before it stops, for a while or for good; `redirect_uris` is where its authorization
//! codes may be sent.

pub(crate) mod archive;
mod health;
mod next;
pub(crate) mod redirect_uris;
#[cfg(debug_assertions)]
pub(crate) mod samples;
pub(crate) mod suspension;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::AppId;
use contract::rpc::AppState;

use self::health::Health;
use self::next::Next;
use crate::api::apps::{self, App, AppInFull, AppOperation};
use crate::api::context::AppContext;
use crate::api::{keys, people};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::parts::app_head::{AppHead, Tab};
use crate::parts::chip::Chip;
use crate::parts::copy::Copy;
use crate::parts::domains::{self, Allowed};
use crate::parts::method;
use crate::parts::states::StateOf;
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;
use crate::times::Time;

#[derive(Template)]
#[template(path = "pages/app/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    head: AppHead<'a>,
    app: &'a App,
    next: Option<Next>,
    id: Copy<'a>,
    state: StateOf,
    state_what: String,
    method: String,
    service: String,
    since: Chip,
    allowed: Vec<Allowed>,
    health: &'a Health,
    last_token: Option<Time>,
    as_of: Time,
    has_redirect_uris: bool,
}

/// `GET /apps/{id}`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
) -> Response {
    let asked = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        apps::in_full(&portal.api, &browser, &token, id),
        keys::activity(&portal.api, &browser, &token, id),
        portal.catalogue.read(&browser, &token),
    );
    let failed = |error| Failed::page(&portal, &browser, &Method::GET, &error);
    let (me, found, activity, catalogue) = match asked {
        Ok(answers) => answers,
        Err(error) => return failed(error),
    };
    let AppInFull { app, redirect_uris, record } = found;
    // A draft goes on in the wizard.
    if app.allowed.contains(&AppOperation::Edit) {
        return see_other(&format!("/apps/{id}/details"));
    }
    match activity.consents() {
        Ok(consents) => {
            let health = Health { activity, consents, redirect_uris, record };
            draw(&portal, &browser, &AppContext { me, app, catalogue }, &health)
        }
        Err(error) => failed(error),
    }
}

fn draw(portal: &Portal, browser: &Browser, context: &AppContext, health: &Health) -> Response {
    let AppContext { me, app, catalogue } = context;
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let t = frame.t;
    let service = catalogue.title_of(app.service.as_deref(), t);
    let id = app.id.to_string();
    let page = Page {
        title: &app.name,
        head: AppHead::new(t, app, service.clone(), Tab::Overview),
        app,
        next: next::step(app, health),
        id: Copy { t, id: "app-id", label: t.app_id(), hint: None, value: &id },
        state: StateOf::new(t, app.state),
        state_what: match app.state {
            AppState::Draft => t.app_state_draft(),
            AppState::Active => t.app_state_active(),
            AppState::Suspended => t.app_state_suspended(),
            AppState::Archived => t.app_state_archived(),
        },
        method: method::name(t, app.authentication_method),
        service,
        since: Chip {
            t,
            position: health.record.and_then(|place| place.position),
            event: health.record.map(|place| place.event_id),
            at: frame.time(app.activated_at.unwrap_or(app.created_at)),
        },
        allowed: domains::in_words(t, catalogue, app.service.as_deref(), &app.domains),
        health,
        last_token: health.activity.last_token_at.map(|at| frame.time(at)),
        as_of: frame.time(browser.now),
        has_redirect_uris: app.has_redirect_uris(),
        frame,
    };
    respond::page(StatusCode::OK, browser.language, &page)
}

impl Page<'_> {
    fn may(&self, operation: AppOperation) -> bool {
        self.app.allowed.contains(&operation)
    }
}
