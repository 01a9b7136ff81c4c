//! A new key: its name, and then its secret, this once.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::{AppId, ClientId};
use serde::Deserialize;

use crate::api::keys::{self, CreatedKey};
use crate::api::people::{self, Me};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::faults::Faults;
use crate::layout::{Frame, Place};
use crate::parts::field::Field;
use crate::respond::{self, Failed};
use crate::router::Portal;
use crate::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/keys/create/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    app: AppId,
    /// Makes the key once, however often the form is sent.
    key: &'a str,
    name: Field<'a>,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/keys/create/made.html")]
struct Made<'a> {
    frame: Frame<'a>,
    title: &'a str,
    app: AppId,
    client_id: ClientId,
    secret: Option<&'a str>,
    token_url: &'a str,
    file_name: String,
}

/// What is typed.
#[derive(Debug, Deserialize)]
pub(crate) struct Typed {
    key: String,
    #[serde(default)]
    name: String,
}

/// `GET /apps/{id}/keys/new`
pub(crate) async fn ask(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
) -> Response {
    match people::me(&portal.api, &browser, &token).await {
        Ok(me) => {
            let typed = Typed { key: browser.facts.request_id.clone(), name: String::new() };
            let none = Faults::default();
            draw(&portal, &browser, &me, StatusCode::OK, id, &typed, &none, None)
        }
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /apps/{id}/keys/new`: the answer is the page with the secret, which no other page has.
pub(crate) async fn create(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
    Form(typed): Form<Typed>,
) -> Response {
    let me = match people::me(&portal.api, &browser, &token).await {
        Ok(me) => me,
        Err(error) => return Failed::page(&portal, &browser, &Method::POST, &error),
    };
    let made = keys::create(&portal.api, &browser, &token, &typed.key, id, &typed.name).await;
    let t = browser.language.texts();
    match made {
        Ok(made) => show(&portal, &browser, &me, id, &made),
        Err(ApiError::Refused(refused)) if !refused.errors.is_empty() => {
            let faults = Faults::of(t, &refused);
            draw(&portal, &browser, &me, refused.status, id, &typed, &faults, None)
        }
        Err(ApiError::Refused(Refused { status, code, .. })) if code == "too-many-keys" => {
            let error = Some(t.keys_too_many());
            draw(&portal, &browser, &me, status, id, &typed, &Faults::default(), error)
        }
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

fn show(portal: &Portal, browser: &Browser, me: &Me, app: AppId, made: &CreatedKey) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let page = Made {
        title: &frame.t.keys_made(made.key.name.as_str()),
        app,
        client_id: made.key.client_id,
        secret: made.client_secret.as_deref(),
        token_url: &portal.token_url,
        file_name: format!("{}.txt", made.key.client_id),
        frame,
    };
    respond::page(StatusCode::CREATED, browser.language, &page)
}

#[expect(clippy::too_many_arguments, reason = "what one page shows")]
fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    status: StatusCode,
    app: AppId,
    typed: &Typed,
    faults: &Faults,
    error: Option<String>,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let t = frame.t;
    let page = Page {
        title: &t.keys_create(),
        app,
        key: &typed.key,
        name: Field {
            name: "name",
            label: t.wizard_name(),
            optional: None,
            hint: Some(t.keys_name_hint()),
            value: &typed.name,
            max: 100,
            rows: 1,
            error: faults.on("name"),
        },
        error,
        frame,
    };
    respond::page(status, browser.language, &page)
}

impl Made<'_> {
    /// The file, in the link itself: it is on no server (RFC 2397).
    fn file(&self) -> String {
        let secret = self.secret.unwrap_or_default();
        let text = format!(
            "client_id={}\r\nclient_secret={secret}\r\ntoken_url={}\r\n",
            self.client_id, self.token_url
        );
        let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        format!("data:text/plain;charset=utf-8,{}", encoded.replace('+', "%20"))
    }
}
