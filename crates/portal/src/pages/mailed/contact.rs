//! The contact address of an organization, confirmed by whoever reads its mail.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;

use crate::api::{ApiError, mailed};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::outcome::{outcome, spent};
use crate::portal::Portal;
use crate::respond::{self, private};

#[derive(Template)]
#[template(path = "pages/mailed/contact.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    link: &'a str,
}

/// `GET /confirm-contact/{token}`
pub(crate) async fn ask(
    State(portal): State<Arc<Portal>>,
    browser: Browser,
    Path(link): Path<String>,
) -> Response {
    draw(&portal, &browser, &link)
}

/// `POST /confirm-contact/{token}`
pub(crate) async fn confirm(
    State(portal): State<Arc<Portal>>,
    browser: Browser,
    Path(link): Path<String>,
) -> Response {
    match mailed::confirm_contact(&portal.api, &browser, &link).await {
        Ok(confirmed) => done(&portal, &browser, &confirmed.organization_name),
        Err(ApiError::Refused(refused)) => {
            spent(&portal, &browser, &refused).unwrap_or_else(|| {
                Failed::page(&portal, &browser, &Method::POST, &ApiError::Refused(refused))
            })
        }
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

pub(super) fn draw(portal: &Portal, browser: &Browser, link: &str) -> Response {
    let frame = Frame::anonymous(portal, browser);
    let page = Page { title: &frame.t.contact_title(), link, frame };
    private(portal, respond::page(StatusCode::OK, browser.language, &page))
}

pub(super) fn done(portal: &Portal, browser: &Browser, organization: &str) -> Response {
    let t = browser.language.texts();
    let words = (&*t.contact_done(), &*t.contact_done_what(organization));
    outcome(portal, browser, StatusCode::OK, words, ("/", t.problem_home()))
}
