//! Before an app is suspended or resumed: what stops, what starts again.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::AppId;
use contract::secret::SessionToken;

use crate::api::apps::{self, App, AppOperation, Transition};
use crate::api::people::{self, Me};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/app/suspension/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    app: &'a App,
    suspends: bool,
}

/// `GET /apps/{id}/suspend`
pub(crate) async fn ask_suspend(
    State(portal): State<Arc<Portal>>,
    signed_in: SignedIn,
    Path(id): Path<AppId>,
) -> Response {
    ask(&portal, &signed_in, id, true).await
}

/// `GET /apps/{id}/resume`
pub(crate) async fn ask_resume(
    State(portal): State<Arc<Portal>>,
    signed_in: SignedIn,
    Path(id): Path<AppId>,
) -> Response {
    ask(&portal, &signed_in, id, false).await
}

/// `POST /apps/{id}/suspend`
pub(crate) async fn suspend(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
) -> Response {
    change(&portal, &browser, &token, id, Transition::Suspend).await
}

/// `POST /apps/{id}/resume`
pub(crate) async fn resume(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
) -> Response {
    change(&portal, &browser, &token, id, Transition::Resume).await
}

async fn ask(portal: &Portal, signed_in: &SignedIn, id: AppId, suspends: bool) -> Response {
    let SignedIn { browser, token } = signed_in;
    let read = futures::try_join!(
        people::me(&portal.api, browser, token),
        apps::get(&portal.api, browser, token, id),
    );
    match read {
        Ok((me, app)) => draw(portal, browser, &me, &app, suspends),
        Err(error) => Failed::page(portal, browser, &Method::GET, &error),
    }
}

/// What was done meanwhile, the app's page says.
async fn change(
    portal: &Portal,
    browser: &Browser,
    token: &SessionToken,
    id: AppId,
    transition: Transition,
) -> Response {
    match apps::change_state(&portal.api, browser, token, id, transition).await {
        Ok(_) | Err(ApiError::Refused(Refused { status: StatusCode::CONFLICT, .. })) => {
            see_other(&format!("/apps/{id}"))
        }
        Err(error) => Failed::page(portal, browser, &Method::POST, &error),
    }
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    app: &App,
    suspends: bool,
) -> Response {
    let operation = if suspends { AppOperation::Suspend } else { AppOperation::Resume };
    if !app.allowed.contains(&operation) {
        return see_other(&format!("/apps/{}", app.id));
    }
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let title = if suspends {
        frame.t.app_suspend_question(app.name.as_str())
    } else {
        frame.t.app_resume_question(app.name.as_str())
    };
    let page = Page { frame, title: &title, app, suspends };
    respond::page(StatusCode::OK, browser.language, &page)
}
