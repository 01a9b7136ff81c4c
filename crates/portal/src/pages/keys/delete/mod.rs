//! Before a key is deleted: what stops, and when.

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
use crate::api::keys::{self, Key};
use crate::api::people::{self, Me};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/keys/delete/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    app: AppId,
    key: Row,
}

/// When it ends.
#[derive(Debug, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    ends: String,
}

/// `GET /apps/{id}/keys/{client_id}/delete`
pub(crate) async fn ask(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path((app, id)): Path<(AppId, ClientId)>,
) -> Response {
    let read = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        keys::find(&portal.api, &browser, &token, app, id),
    );
    match read {
        Ok((me, key)) => draw(&portal, &browser, &me, app, &key),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /apps/{id}/keys/{client_id}/delete`
pub(crate) async fn delete(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path((app, id)): Path<(AppId, ClientId)>,
    Form(typed): Form<Typed>,
) -> Response {
    match keys::delete(&portal.api, &browser, &token, id, typed.ends == "now").await {
        Ok(_) => see_other(&format!("/apps/{app}/keys")),
        // It was deleted or it expired meanwhile: its page says so.
        Err(ApiError::Refused(refused)) if refused.status == StatusCode::CONFLICT => {
            see_other(&format!("/apps/{app}/keys/{id}"))
        }
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

pub(super) fn draw(portal: &Portal, browser: &Browser, me: &Me, app: AppId, key: &Key) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let row = Row::of(key, &frame);
    // Nothing is left to be asked.
    if !row.may_delete() {
        return see_other(&format!("/apps/{app}/keys/{}", key.client_id));
    }
    let title = frame.t.keys_delete_question(key.name.as_str());
    let page = Page { frame, title: &title, app, key: row };
    respond::page(StatusCode::OK, browser.language, &page)
}
