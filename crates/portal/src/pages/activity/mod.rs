//! What has happened to an app and by it, as the log tells it.

#[cfg(debug_assertions)]
pub(crate) mod samples;
mod sentence;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::{AppId, PersonId};
use serde::Deserialize;

use self::sentence::sentence;
use crate::api::context::AppContext;
use crate::api::events::{self, Events};
use crate::api::{apps, people};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::parts::app_head::{AppHead, Tab};
use crate::parts::chip::Chip;
use crate::portal::Portal;
use crate::respond;
use crate::signed_in::SignedIn;

/// What changes who may do what. Between such events a busy app has thousands of tokens.
const CHANGES: &str = "mandate.app.*,mandate.key.*,mandate.consent-link.*,mandate.consent.*";

#[derive(Template)]
#[template(path = "pages/activity/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    head: AppHead<'a>,
    app: AppId,
    all: bool,
    rows: Vec<Row>,
    next: Option<String>,
}

struct Row {
    said: String,
    actor: String,
    chip: Chip,
}

/// Which events.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    cursor: Option<String>,
    /// Not only what changes something.
    all: Option<String>,
}

/// `GET /apps/{id}/activity`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
    Query(asked): Query<Asked>,
) -> Response {
    let failed = |error| Failed::page(&portal, &browser, &Method::GET, &error);
    let all = asked.all.is_some();
    let (types, cursor) = ((!all).then_some(CHANGES), asked.cursor.as_deref());
    let read = futures::try_join!(
        apps::get(&portal.api, &browser, &token, id),
        portal.catalogue.read(&browser, &token),
        events::of_app(&portal.api, &browser, &token, id, types, cursor),
    );
    let (app, catalogue, events) = match read {
        Ok(read) => read,
        Err(error) => return failed(error),
    };
    let actors: BTreeSet<_> =
        events.items.iter().filter_map(|item| person(&item.event.actor)).collect();
    let actors: Vec<_> = actors.into_iter().collect();
    match people::me_and_names(&portal.api, &browser, &token, &actors).await {
        Ok((me, names)) => {
            draw(&portal, &browser, &AppContext { me, app, catalogue }, &events, &names, all)
        }
        Err(error) => failed(error),
    }
}

fn draw(
    portal: &Portal,
    browser: &Browser,
    context: &AppContext,
    events: &Events,
    names: &BTreeMap<PersonId, String>,
    all: bool,
) -> Response {
    let AppContext { me, app, catalogue } = context;
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let t = frame.t;
    let rows = events.items.iter().map(|item| Row {
        said: sentence(t, item),
        actor: match (item.event.actor.as_str(), person(&item.event.actor)) {
            (_, Some(id)) if id == me.id => t.activity_you(),
            (_, Some(id)) => names.get(&id).cloned().unwrap_or_else(|| t.activity_somebody()),
            (actor, None) if actor.starts_with("app/") => t.activity_the_app(),
            (actor, None) if actor.starts_with("system/") => frame.product.to_owned(),
            _ => t.activity_anonymous(),
        },
        chip: Chip::of(&frame, item),
    });
    let service = catalogue.title_of(app.service.as_deref(), t);
    let rows = rows.collect();
    let page = Page {
        title: &t.app_activity_of(app.name.as_str()),
        head: AppHead::new(t, app, service, Tab::Activity),
        app: app.id,
        all,
        rows,
        next: events.next_cursor.as_deref().map(|cursor| older(app.id, all, cursor)),
        frame,
    };
    respond::page(StatusCode::OK, browser.language, &page)
}

fn older(app: AppId, all: bool, cursor: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if all {
        query.append_pair("all", "shown");
    }
    format!("/apps/{app}/activity?{}", query.append_pair("cursor", cursor).finish())
}

/// The person who caused an event.
fn person(actor: &str) -> Option<PersonId> {
    actor.strip_prefix("user/").and_then(|id| id.parse().ok())
}
