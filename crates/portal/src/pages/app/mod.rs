//! An app: what it is.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::AppId;

use crate::api::apps::{self, App, AppOperation};
use crate::api::{catalogue, people};
use crate::layout::{Frame, Place};
use crate::parts::app_head::{AppHead, Tab};
use crate::respond::{self, Failed, see_other};
use crate::router::Portal;
use crate::signed_in::SignedIn;
use crate::times::Time;

#[derive(Template)]
#[template(path = "pages/app/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    head: AppHead<'a>,
    app: &'a App,
    since: Time,
}

/// `GET /apps/{id}`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
) -> Response {
    let asked = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        apps::get(&portal.api, &browser, &token, id),
        catalogue::read(&portal.api, &browser, &token),
    );
    let (me, app, catalogue) = match asked {
        Ok(answers) => answers,
        Err(error) => return Failed::page(&portal, &browser, &Method::GET, &error),
    };
    // A draft goes on in the wizard.
    if app.allowed.contains(&AppOperation::Edit) {
        return see_other(&format!("/apps/{id}/details"));
    }
    let frame = Frame::signed(&portal, &browser, &me, Place::MyApps);
    let service = catalogue.title_of(app.service.as_deref(), frame.t);
    let page = Page {
        title: &app.name,
        head: AppHead::new(frame.t, &app, service, Tab::Overview),
        app: &app,
        since: Time::new(app.activated_at.unwrap_or(app.created_at), browser.language),
        frame,
    };
    respond::page(StatusCode::OK, browser.language, &page)
}
