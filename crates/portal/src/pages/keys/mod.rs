//! The keys of an app.

pub(crate) mod create;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::{AppId, ClientId};

use crate::api::apps::{self, AppOperation};
use crate::api::keys::{self, Key};
use crate::api::people;
use crate::layout::{Frame, Place};
use crate::parts::app_head::{AppHead, Tab};
use crate::respond::{self, Failed};
use crate::router::Portal;
use crate::signed_in::SignedIn;
use crate::texts::Language;
use crate::times::Time;

#[derive(Template)]
#[template(path = "pages/keys/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    head: AppHead<'a>,
    app: AppId,
    keys: Vec<Row>,
    may_create: bool,
}

struct Row {
    name: String,
    client_id: ClientId,
    hint: String,
    created: Time,
    last_used: Option<Time>,
    ends: Option<Time>,
}

impl Row {
    fn of(key: Key, language: Language) -> Self {
        let time = |at| Time::new(at, language);
        Self {
            name: key.name,
            client_id: key.client_id,
            hint: key.hint,
            created: time(key.created_at),
            last_used: key.last_used_at.map(time),
            ends: key.ends_at.or(key.expires_at).map(time),
        }
    }
}

/// `GET /apps/{id}/keys`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
) -> Response {
    let asked = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        apps::get(&portal.api, &browser, &token, id),
        keys::list(&portal.api, &browser, &token, id),
    );
    let (me, app, found) = match asked {
        Ok(answers) => answers,
        Err(error) => return Failed::page(&portal, &browser, &Method::GET, &error),
    };
    let frame = Frame::signed(&portal, &browser, &me, Place::MyApps);
    let service = app.service.clone().unwrap_or_default();
    let page = Page {
        title: &frame.t.app_keys_of(app.name.as_str()),
        head: AppHead::new(frame.t, &app, service, Tab::Keys),
        app: id,
        keys: found.items.into_iter().map(|key| Row::of(key, browser.language)).collect(),
        may_create: app.allowed.contains(&AppOperation::CreateKey),
        frame,
    };
    respond::page(StatusCode::OK, browser.language, &page)
}
