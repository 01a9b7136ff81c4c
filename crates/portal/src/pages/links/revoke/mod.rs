//! Before a link is revoked: what that ends, and what goes on.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::{AppId, LinkId};

use super::row::Row;
use crate::api::links::{self, Link};
use crate::api::people::{self, Me};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/links/revoke/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    app: AppId,
    link: Row,
}

/// `GET /apps/{id}/links/{link}/revoke`
pub(crate) async fn ask(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path((app, id)): Path<(AppId, LinkId)>,
) -> Response {
    let read = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        links::get(&portal.api, &browser, &token, app, id),
    );
    match read {
        Ok((me, link)) => draw(&portal, &browser, &me, &link),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /apps/{id}/links/{link}/revoke`
pub(crate) async fn revoke(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path((app, id)): Path<(AppId, LinkId)>,
) -> Response {
    match links::revoke(&portal.api, &browser, &token, id).await {
        Ok(()) => see_other(&format!("/apps/{app}/links")),
        // It was used or it expired meanwhile: its page says so.
        Err(ApiError::Refused(Refused {
            status: StatusCode::CONFLICT | StatusCode::GONE, ..
        })) => see_other(&format!("/apps/{app}/links/{id}")),
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

pub(super) fn draw(portal: &Portal, browser: &Browser, me: &Me, link: &Link) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let row = Row::of(link, &frame, browser.now);
    // Nothing is left to be asked.
    if !row.may_revoke {
        return see_other(&format!("/apps/{}/links/{}", link.app_id, link.id));
    }
    let title = frame.t.links_revoke_question(row.name(frame.t));
    let page = Page { frame, title: &title, app: link.app_id, link: row };
    respond::page(StatusCode::OK, browser.language, &page)
}
