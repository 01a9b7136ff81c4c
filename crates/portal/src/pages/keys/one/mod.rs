//! One key: its facts, and its name, which can change.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::{AppId, ClientId};
use serde::Deserialize;

use super::row::Row;
use crate::api::ApiError;
use crate::api::events::{self, Events};
use crate::api::keys::{self, Key};
use crate::api::people::{self, Me};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::faults::Faults;
use crate::layout::{Frame, Place};
use crate::parts::chip::Chip;
use crate::parts::copy::Copy;
use crate::parts::field::Field;
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/keys/one/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    app: AppId,
    key: Row,
    /// Where in the log it was made, and where it ended.
    created: Option<Chip>,
    ended: Option<Chip>,
    client_id: Copy<'a>,
    name: Option<Field<'a>>,
}

/// What ends a key, or sets its end.
const ENDINGS: [&str; 3] = ["key.deleted", "key.expired", "key.leaked"];

/// A key, and what has happened to it as far as that is known.
pub(super) struct Told {
    pub(super) key: Key,
    pub(super) events: Events,
}

/// The new name.
#[derive(Debug, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    pub(super) name: String,
}

/// `GET /apps/{id}/keys/{client_id}`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path((app, id)): Path<(AppId, ClientId)>,
) -> Response {
    let stream = format!("key/{}", id.key_id());
    let read = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        keys::find(&portal.api, &browser, &token, app, id),
        // A key is to be had while the log is not.
        async {
            Ok::<_, ApiError>(events::of_stream(&portal.api, &browser, &token, &stream).await.ok())
        },
    );
    match read {
        Ok((me, key, events)) => {
            let typed = Typed { name: key.name.clone() };
            let told = Told { key, events: events.unwrap_or_default() };
            draw(&portal, &browser, &me, (StatusCode::OK, app), &told, &typed, &Faults::default())
        }
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /apps/{id}/keys/{client_id}`
pub(crate) async fn rename(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path((app, id)): Path<(AppId, ClientId)>,
    Form(typed): Form<Typed>,
) -> Response {
    let failed = |error| Failed::page(&portal, &browser, &Method::POST, &error);
    let refused = match keys::rename(&portal.api, &browser, &token, id, &typed.name).await {
        Ok(_) => return see_other(&format!("/apps/{app}/keys")),
        Err(ApiError::Refused(refused)) if refused.status == StatusCode::CONFLICT => {
            return see_other(&format!("/apps/{app}/keys/{id}"));
        }
        Err(ApiError::Refused(refused)) if !refused.errors.is_empty() => refused,
        Err(error) => return failed(error),
    };
    let read = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        keys::find(&portal.api, &browser, &token, app, id),
    );
    match read {
        Ok((me, key)) => {
            let faults = Faults::of(browser.language.texts(), &refused);
            let told = Told { key, events: Events::default() };
            draw(&portal, &browser, &me, (refused.status, app), &told, &typed, &faults)
        }
        Err(error) => failed(error),
    }
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    (status, app): (StatusCode, AppId),
    Told { key, events }: &Told,
    typed: &Typed,
    faults: &Faults,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let t = frame.t;
    let row = Row::of(key, &frame);
    let name = row.may_rename().then(|| Field {
        name: "name",
        label: t.wizard_name(),
        optional: None,
        hint: Some(t.keys_name_hint()),
        value: &typed.name,
        max: 100,
        rows: 1,
        error: faults.on("name"),
    });
    let client_id = key.client_id.to_string();
    let page = Page {
        title: &key.name,
        app,
        created: events.newest(&["key.created"]).map(|event| Chip::of(&frame, event)),
        ended: events.newest(&ENDINGS).map(|event| Chip::of(&frame, event)),
        key: row,
        client_id: Copy {
            t,
            id: "client-id",
            label: t.keys_client_id(),
            hint: None,
            value: &client_id,
        },
        name,
        frame,
    };
    respond::page(status, browser.language, &page)
}
