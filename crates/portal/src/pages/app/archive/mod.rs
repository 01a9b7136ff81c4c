//! Before an app ends for good: what ends with it, in numbers, and its name typed.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::AppId;
use contract::secret::SessionToken;
use serde::Deserialize;

use crate::api::apps::{self, App, AppOperation, Transition};
use crate::api::keys::{self, Activity, Consents};
use crate::api::people::{self, Me};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/app/archive/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    app: &'a App,
    activity: &'a Activity,
    consents: &'a Consents,
    error: Option<String>,
}

/// What ends.
pub(super) struct Ending {
    pub(super) me: Me,
    pub(super) app: App,
    pub(super) activity: Activity,
    pub(super) consents: Consents,
}

/// What is typed.
#[derive(Debug, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    confirm: String,
}

/// `GET /apps/{id}/archive`
pub(crate) async fn ask(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
) -> Response {
    match read(&portal, &browser, &token, id).await {
        Ok(ending) => draw(&portal, &browser, StatusCode::OK, &ending, None),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /apps/{id}/archive`
pub(crate) async fn archive(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
    Form(typed): Form<Typed>,
) -> Response {
    let failed = |error| Failed::page(&portal, &browser, &Method::POST, &error);
    let ending = match read(&portal, &browser, &token, id).await {
        Ok(ending) => ending,
        Err(error) => return failed(error),
    };
    if typed.confirm.trim() != ending.app.name {
        let error = Some(browser.language.texts().app_archive_other());
        return draw(&portal, &browser, StatusCode::UNPROCESSABLE_ENTITY, &ending, error);
    }
    match apps::change_state(&portal.api, &browser, &token, id, Transition::Archive).await {
        // Whoever was quicker archived it as well: its page says so.
        Ok(_) | Err(ApiError::Refused(Refused { status: StatusCode::CONFLICT, .. })) => {
            see_other(&format!("/apps/{id}"))
        }
        Err(error) => failed(error),
    }
}

async fn read(
    portal: &Portal,
    browser: &Browser,
    token: &SessionToken,
    id: AppId,
) -> Result<Ending, ApiError> {
    let (me, app, activity) = futures::try_join!(
        people::me(&portal.api, browser, token),
        apps::get(&portal.api, browser, token, id),
        keys::activity(&portal.api, browser, token, id),
    )?;
    let consents = activity.consents()?;
    Ok(Ending { me, app, activity, consents })
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    status: StatusCode,
    Ending { me, app, activity, consents }: &Ending,
    error: Option<String>,
) -> Response {
    if !app.allowed.contains(&AppOperation::Archive) {
        return see_other(&format!("/apps/{}", app.id));
    }
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let title = frame.t.app_archive_question(app.name.as_str());
    let page = Page { frame, title: &title, app, activity, consents, error };
    respond::page(status, browser.language, &page)
}
