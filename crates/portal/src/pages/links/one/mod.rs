//! The course of one link, with the accounts that were chosen on it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::{AppId, LinkId};
use serde::Deserialize;

use super::row::Row;
use crate::api::links::{self, Link, LinkedAccount, LinkedAccounts};
use crate::api::people::{self, Me};
use crate::browser::Browser;
use crate::layout::{Frame, Place};
use crate::respond::{self, Failed};
use crate::router::Portal;
use crate::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/links/one/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    app: AppId,
    link: Row,
    accounts: &'a [LinkedAccount],
    next: Option<String>,
}

/// Which accounts.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    cursor: Option<String>,
}

/// `GET /apps/{id}/links/{link}`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path((app, id)): Path<(AppId, LinkId)>,
    Query(asked): Query<Asked>,
) -> Response {
    let read = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        links::get(&portal.api, &browser, &token, app, id),
        links::accounts(&portal.api, &browser, &token, id, asked.cursor.as_deref()),
    );
    match read {
        Ok((me, link, accounts)) => draw(&portal, &browser, &me, &link, &accounts),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    link: &Link,
    accounts: &LinkedAccounts,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let row = Row::of(link, &frame, browser.now);
    let next = accounts.next_cursor.as_deref().map(|cursor| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let query = query.append_pair("cursor", cursor).finish();
        format!("/apps/{}/links/{}?{query}", link.app_id, link.id)
    });
    let title = row.name(frame.t);
    let page =
        Page { frame, title: &title, app: link.app_id, link: row, accounts: &accounts.items, next };
    respond::page(StatusCode::OK, browser.language, &page)
}
