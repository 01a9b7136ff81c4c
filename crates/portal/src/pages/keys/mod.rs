//! The keys of an app.
//!
//! `create` and `replace` answer with the secret of a new key, which `made` shows, once. `one` is a key with its name,
//! which can change; `delete` asks before one ends. `row` is what all of them say of a key.

pub(crate) mod create;
pub(crate) mod delete;
mod made;
pub(crate) mod one;
pub(crate) mod replace;
mod row;
#[cfg(debug_assertions)]
pub(crate) mod samples;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use chrono::TimeDelta;
use contract::ids::AppId;
use serde::Deserialize;

use self::row::Row;
use crate::api::apps::AppOperation;
use crate::api::context::{self, AppContext};
use crate::api::keys::{self, KeyCounts, Keys};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::parts::app_head::{AppHead, Tab};
use crate::portal::Portal;
use crate::respond;
use crate::signed_in::SignedIn;

/// A leak is pointed out for so long.
const LEAK_IS_NEWS: TimeDelta = TimeDelta::days(30);

/// So many of the keys that ended are shown.
const ENDED_SHOWN: usize = 20;

#[derive(Template)]
#[template(path = "pages/keys/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    head: AppHead<'a>,
    app: AppId,
    counts: KeyCounts,
    /// Those that work.
    keys: Vec<Row>,
    /// The last of those that ended, of so many, and whether there are more.
    ended: Vec<Row>,
    all_ended: usize,
    is_cut: bool,
    /// Which of those that ended was reported lately.
    leaked: Option<usize>,
    may_create: bool,
    next: Option<String>,
}

/// Which keys.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    cursor: Option<String>,
}

/// `GET /apps/{id}/keys`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
    Query(asked): Query<Asked>,
) -> Response {
    let read = futures::try_join!(
        context::read(&portal, &browser, &token, id),
        keys::list(&portal.api, &browser, &token, id, asked.cursor.as_deref()),
    );
    match read {
        Ok((context, keys)) => draw(&portal, &browser, &context, &keys),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

fn draw(portal: &Portal, browser: &Browser, context: &AppContext, found: &Keys) -> Response {
    let AppContext { me, app, catalogue } = context;
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let rows = found.items.iter().map(|key| Row::of(key, &frame));
    let (keys, mut ended): (Vec<_>, Vec<_>) = rows.partition(|row| row.works);
    let all_ended = ended.len();
    ended.truncate(ENDED_SHOWN);
    let reported = |row: &Row| row.leaked_at.is_some_and(|at| browser.now - at < LEAK_IS_NEWS);
    let next = found.next_cursor.as_deref().map(|cursor| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        format!("/apps/{}/keys?{}", app.id, query.append_pair("cursor", cursor).finish())
    });
    let service = catalogue.title_of(app.service.as_deref(), frame.t);
    let page = Page {
        title: &frame.t.app_keys_of(app.name.as_str()),
        head: AppHead::new(frame.t, app, service, Tab::Keys),
        app: app.id,
        counts: found.counts,
        leaked: ended.iter().position(reported),
        keys,
        is_cut: ended.len() < all_ended,
        ended,
        all_ended,
        may_create: app.allowed.contains(&AppOperation::CreateKey),
        next,
        frame,
    };
    respond::page(StatusCode::OK, browser.language, &page)
}

impl Page<'_> {
    /// Whether it has as many keys as it may.
    fn is_full(&self) -> bool {
        self.counts.live >= self.counts.most
    }

    fn leaked(&self) -> Option<&Row> {
        self.leaked.and_then(|index| self.ended.get(index))
    }

    fn ending(&self) -> Option<&Row> {
        self.keys.iter().find(|key| key.ends_soon)
    }
}
