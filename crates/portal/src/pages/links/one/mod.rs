//! The course of one link, with the accounts that were chosen on it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::{AppId, LinkId};
use contract::secret::SessionToken;
use serde::Deserialize;

use super::row::Row;
use crate::api::ApiError;
use crate::api::events::{self, Events};
use crate::api::links::{self, Link, LinkedAccount};
use crate::api::people::{self, Me};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::parts::chip::Chip;
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
    /// Where in the log it was made, opened, and answered or ended.
    made: Option<Chip>,
    opened: Option<Chip>,
    ended: Option<Chip>,
    accounts: &'a [LinkedAccount],
    next: Option<String>,
}

/// What ends a link.
const ENDINGS: [&str; 4] = [
    "consent-link.redeemed",
    "consent-link.denied",
    "consent-link.expired",
    "consent-link.revoked",
];

/// A link, and what is told beside it.
pub(super) struct Told {
    pub(super) link: Link,
    /// Who made it, as far as that is known.
    pub(super) maker: Option<String>,
    /// What has happened to it, as far as that is known.
    pub(super) events: Events,
    /// A page of the accounts that were chosen on it.
    pub(super) accounts: Vec<LinkedAccount>,
    /// Where the next page of them is.
    pub(super) next: Option<String>,
}

/// Which accounts.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    cursor: Option<String>,
    /// All of them, in pages, and not the first that a link brings along.
    accounts: Option<String>,
}

/// `GET /apps/{id}/links/{link}`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path((app, id)): Path<(AppId, LinkId)>,
    Query(asked): Query<Asked>,
) -> Response {
    let failed = |error| Failed::page(&portal, &browser, &Method::GET, &error);
    let mut told = match look_up(&portal, &browser, &token, (app, id), &asked).await {
        Ok(told) => told,
        Err(error) => return failed(error),
    };
    let maker = told.link.created_by;
    match people::me_and_names(&portal.api, &browser, &token, &[maker]).await {
        Ok((me, mut names)) => {
            told.maker = names.remove(&maker);
            draw(&portal, &browser, &me, &told)
        }
        Err(error) => failed(error),
    }
}

/// The link with what the log has of it, or with a page of its accounts.
async fn look_up(
    portal: &Portal,
    browser: &Browser,
    token: &SessionToken,
    (app, id): (AppId, LinkId),
    asked: &Asked,
) -> Result<Told, ApiError> {
    let address = format!("/apps/{app}/links/{id}?accounts=all");
    let link = links::get(&portal.api, browser, token, app, id);
    let none = Events::default();
    if asked.accounts.is_some() || asked.cursor.is_some() {
        let accounts = links::accounts(&portal.api, browser, token, id, asked.cursor.as_deref());
        let (link, page) = futures::try_join!(link, accounts)?;
        let next = page.next_cursor.map(|cursor| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            format!("{address}&{}", query.append_pair("cursor", &cursor).finish())
        });
        return Ok(Told { link, maker: None, events: none, accounts: page.items, next });
    }
    let stream = format!("consent-link/{id}");
    // A link is to be had while the log is not.
    let events = async {
        let told = events::of_stream(&portal.api, browser, token, &stream).await;
        Ok::<_, ApiError>(told.ok())
    };
    let (mut link, events) = futures::try_join!(link, events)?;
    let accounts = std::mem::take(&mut link.accounts);
    let all = usize::try_from(link.granted_count + link.already_granted_count);
    let next = all.is_ok_and(|all| all > accounts.len()).then_some(address);
    Ok(Told { link, maker: None, events: events.unwrap_or(none), accounts, next })
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    Told { link, maker, events, accounts, next }: &Told,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let row = Row::of(link, &frame, browser.now);
    let place = |names: &[&str]| events.newest(names).map(|event| Chip::of(&frame, event));
    let [made, opened] = [["consent-link.created"], ["consent-link.opened"]].map(|one| place(&one));
    let ended = place(&ENDINGS);
    let title = row.name(frame.t);
    let page = Page {
        frame,
        title: &title,
        app: link.app_id,
        link: row,
        maker: maker.clone(),
        made,
        opened,
        ended,
        accounts,
        next: next.clone(),
    };
    respond::page(StatusCode::OK, browser.language, &page)
}
