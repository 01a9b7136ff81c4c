//! The page that asks before an API token ends.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::ApiTokenId;

use super::Row;
use crate::api::api_tokens::{self, ApiToken};
use crate::api::people::{self, Me};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/account/tokens/end.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    token: Row,
}

/// `GET /account/tokens/{id}/end`
pub(crate) async fn ask(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<ApiTokenId>,
) -> Response {
    let asked = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        api_tokens::find(&portal.api, &browser, &token, id),
    );
    match asked {
        Ok((_, found)) if found.ended_at(browser.now).is_some() => see_other("/account/tokens"),
        Ok((me, found)) => draw(&portal, &browser, &me, found),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /account/tokens/{id}/end`
pub(crate) async fn end(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<ApiTokenId>,
) -> Response {
    match api_tokens::end(&portal.api, &browser, &token, id).await {
        Ok(()) => see_other("/account/tokens"),
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

pub(in crate::pages::account) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    token: ApiToken,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Account);
    let title = frame.t.account_token_end_question(token.name.as_str());
    let page = Page { title: &title, token: Row::of(token, &frame), frame };
    respond::page(StatusCode::OK, browser.language, &page)
}
