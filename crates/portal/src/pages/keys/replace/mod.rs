//! A new key in the place of another: when the old one ends, and when the new one does.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use chrono::SecondsFormat;
use contract::ids::{AppId, ClientId};
use serde::Deserialize;

use super::create::{Said, expires, said};
use super::made;
use super::row::Row;
use crate::api::ApiError;
use crate::api::apps::{self, App};
use crate::api::keys::{self, Key};
use crate::api::people::{self, Me};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::parts::moment::{Kind, Moment};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/keys/replace/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    app: &'a App,
    old: Row,
    /// Makes the key once, however often the form is sent.
    key: &'a str,
    ends: &'a str,
    at: Moment<'a>,
    expires: Moment<'a>,
    error: Option<String>,
}

/// What is chosen.
#[derive(Debug, Deserialize)]
pub(crate) struct Typed {
    pub(super) key: String,
    /// When the old key ends: `grace`, `now`, or `at` a time.
    #[serde(default)]
    pub(super) ends: String,
    #[serde(default)]
    pub(super) at: String,
    /// The day on which the new key ends, if it does.
    #[serde(default)]
    pub(super) expires: String,
}

/// `GET /apps/{id}/keys/{client_id}/replace`
pub(crate) async fn ask(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path((app, id)): Path<(AppId, ClientId)>,
) -> Response {
    let read = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        apps::get(&portal.api, &browser, &token, app),
        keys::find(&portal.api, &browser, &token, app, id),
    );
    match read {
        Ok((me, app, key)) => {
            let typed = Typed {
                key: browser.facts.request_id.clone(),
                ends: "grace".to_owned(),
                at: String::new(),
                expires: String::new(),
            };
            draw(&portal, &browser, &me, StatusCode::OK, (&app, &key), &typed, &Said::default())
        }
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /apps/{id}/keys/{client_id}/replace`: the answer is the page with the secret, which no other page has.
pub(crate) async fn replace(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path((app, id)): Path<(AppId, ClientId)>,
    Form(typed): Form<Typed>,
) -> Response {
    let failed = |error| Failed::page(&portal, &browser, &Method::POST, &error);
    // First all that can fail without a loss: the secret is told once.
    let read = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        apps::get(&portal.api, &browser, &token, app),
        keys::find(&portal.api, &browser, &token, app, id),
    );
    let (me, app, key) = match read {
        Ok(read) => read,
        Err(error) => return failed(error),
    };
    let again =
        |status, said: &Said| draw(&portal, &browser, &me, status, (&app, &key), &typed, said);
    let t = browser.language.texts();
    let mut unread = Said::default();
    let old_ends = match (typed.ends.as_str(), Kind::Minute.read(&typed.at)) {
        ("at", Some(at)) => at.to_rfc3339_opts(SecondsFormat::Secs, true),
        ("at", None) => {
            unread.faults.set("old_ends", t.keys_no_minute());
            String::new()
        }
        (other, _) => other.to_owned(),
    };
    let expires = Kind::Day.read(&typed.expires);
    if expires.is_none() && !typed.expires.trim().is_empty() {
        unread.faults.set("expires_at", t.keys_no_day());
    }
    if !unread.faults.is_empty() {
        return again(StatusCode::UNPROCESSABLE_ENTITY, &unread);
    }
    let (form, new) = (&typed.key, (old_ends.as_str(), expires));
    match keys::replace(&portal.api, &browser, &token, form, id, new).await {
        Ok(done) => made::draw(&portal, &browser, &me, &app, &done.created, Some(&done.replaced)),
        Err(ApiError::Refused(refused)) => match said(t, &refused) {
            Some(said) => again(refused.status, &said),
            // It ended meanwhile: its page says so.
            None if refused.status == StatusCode::CONFLICT => {
                see_other(&format!("/apps/{}/keys/{id}", app.id))
            }
            None => failed(ApiError::Refused(refused)),
        },
        Err(error) => failed(error),
    }
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    status: StatusCode,
    (app, old): (&App, &Key),
    typed: &Typed,
    said: &Said,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let t = frame.t;
    let row = Row::of(old, &frame);
    // There is nothing to replace any more, or not for them.
    if !row.may_replace() && status == StatusCode::OK {
        return see_other(&format!("/apps/{}/keys/{}", app.id, old.client_id));
    }
    let page = Page {
        title: &t.keys_replace_question(old.name.as_str()),
        app,
        old: row,
        key: &typed.key,
        ends: &typed.ends,
        at: Moment {
            name: "at",
            kind: Kind::Minute,
            label: t.keys_old_at(),
            optional: None,
            hint: t.keys_old_at_hint(),
            value: &typed.at,
            error: said.faults.on("old_ends"),
        },
        expires: expires(t, &typed.expires, said),
        error: said.error.clone(),
        frame,
    };
    respond::page(status, browser.language, &page)
}
