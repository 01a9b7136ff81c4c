//! Your sessions: where one is signed in, and ending that.

#[cfg(debug_assertions)]
pub(crate) mod samples;

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::SessionId;
use serde::Deserialize;

use crate::api::people::{self, Me};
use crate::api::sessions::{self, Session};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::parts::device;
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;
use crate::times::Time;

#[derive(Template)]
#[template(path = "pages/sessions/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    sessions: Vec<Row>,
}

struct Row {
    id: SessionId,
    device: Option<String>,
    current: bool,
    since: Time,
    last_used: Time,
    ends: Time,
}

/// Which session ends: one, or all others.
#[derive(Debug, Deserialize)]
pub(crate) struct Ending {
    session: Option<SessionId>,
}

/// `GET /sessions`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
) -> Response {
    let asked = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        sessions::list(&portal.api, &browser, &token),
    );
    match asked {
        Ok((me, sessions)) => draw(&portal, &browser, &me, sessions),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

fn draw(portal: &Portal, browser: &Browser, me: &Me, sessions: Vec<Session>) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Sessions);
    let sessions = sessions.into_iter().map(|session| Row {
        id: session.id,
        device: session.user_agent.map(|agent| device::name(frame.t, &agent)),
        current: session.current,
        since: frame.time(session.created_at),
        last_used: frame.time(session.last_used_at),
        ends: frame.time(session.expires_at),
    });
    let title = frame.t.sessions_title();
    let sessions = sessions.collect();
    let page = Page { frame, title: &title, sessions };
    respond::page(StatusCode::OK, browser.language, &page)
}

/// `POST /sessions/end`
pub(crate) async fn end(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Form(ending): Form<Ending>,
) -> Response {
    let ended = match ending.session {
        Some(id) => sessions::end(&portal.api, &browser, &token, id).await,
        None => sessions::end_others(&portal.api, &browser, &token).await,
    };
    match ended {
        Ok(()) => see_other("/sessions"),
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}
