//! API tokens: what programs of one's own call with.

pub(crate) mod create;
pub(crate) mod end;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::ApiTokenId;
use serde::Deserialize;

use crate::api::api_tokens::{self, ApiToken, ApiTokens};
use crate::api::people::{self, Me};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond;
use crate::signed_in::SignedIn;
use crate::times::Time;

#[derive(Template)]
#[template(path = "pages/account/tokens/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    live: Vec<Row>,
    ended: Vec<Row>,
    /// Whether these are all: of a part, nothing can be said of the others.
    is_whole: bool,
    /// Where there are more of them.
    next: Option<String>,
}

/// A token in the list.
pub(super) struct Row {
    id: ApiTokenId,
    name: String,
    hint: String,
    created: Time,
    last_used: Option<Time>,
    /// When it ends or ended.
    ends: Option<Time>,
}

impl Row {
    pub(super) fn of(token: ApiToken, frame: &Frame<'_>) -> Self {
        let ends = token.revoked_at.or(token.expires_at);
        Self {
            id: token.id,
            name: token.name,
            hint: token.hint,
            created: frame.time(token.created_at),
            last_used: token.last_used_at.map(|at| frame.time(at)),
            ends: ends.map(|at| frame.time(at)),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct From {
    cursor: Option<String>,
}

/// `GET /account/tokens`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Query(From { cursor }): Query<From>,
) -> Response {
    let asked = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        api_tokens::list(&portal.api, &browser, &token, cursor.as_deref()),
    );
    match asked {
        Ok((me, tokens)) => draw(&portal, &browser, &me, tokens, cursor.is_none()),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    tokens: ApiTokens,
    is_first: bool,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Account);
    let (ended, live): (Vec<_>, Vec<_>) =
        tokens.items.into_iter().partition(|token| token.ended_at(browser.now).is_some());
    let next = tokens.next_cursor.map(|cursor| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("cursor", &cursor);
        format!("/account/tokens?{}", query.finish())
    });
    let page = Page {
        title: &frame.t.account_tokens(),
        live: live.into_iter().map(|token| Row::of(token, &frame)).collect(),
        ended: ended.into_iter().map(|token| Row::of(token, &frame)).collect(),
        is_whole: is_first && next.is_none(),
        next,
        frame,
    };
    respond::page(StatusCode::OK, browser.language, &page)
}
