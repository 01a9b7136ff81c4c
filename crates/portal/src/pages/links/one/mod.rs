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
use crate::api::names;
use crate::api::people::{self, Me};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond;
use crate::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/links/one/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    app: AppId,
    link: Row,
    /// Who made it, as far as that is known.
    maker: Option<String>,
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
    let failed = |error| Failed::page(&portal, &browser, &Method::GET, &error);
    let (me, link, accounts) = match read {
        Ok(read) => read,
        Err(error) => return failed(error),
    };
    match names::of_people(&portal.api, &browser, &token, &[link.created_by]).await {
        Ok(mut names) => {
            let maker = names.remove(&link.created_by);
            draw(&portal, &browser, &me, &link, maker, &accounts)
        }
        Err(error) => failed(error),
    }
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    link: &Link,
    maker: Option<String>,
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
    let page = Page {
        frame,
        title: &title,
        app: link.app_id,
        link: row,
        maker,
        accounts: &accounts.items,
        next,
    };
    respond::page(StatusCode::OK, browser.language, &page)
}
