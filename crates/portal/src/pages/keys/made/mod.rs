//! A key just made, with its secret: this once.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use contract::ids::{AppId, ClientId};
use contract::rpc::AuthenticationMethod;

use crate::api::apps::App;
use crate::api::keys::{CreatedKey, Key};
use crate::api::people::Me;
use crate::browser::Browser;
use crate::layout::{Frame, Place};
use crate::parts::chip::Chip;
use crate::parts::copy::Copy;
use crate::portal::Portal;
use crate::respond;
use crate::times::Time;

#[derive(Template)]
#[template(path = "pages/keys/made/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    app: AppId,
    app_name: &'a str,
    client_id: ClientId,
    told: Option<Told<'a>>,
    made: Chip,
    /// When the key ends in whose place it comes.
    old_ends: Option<Time>,
    ends: Option<Time>,
}

/// What is told once.
struct Told<'a> {
    client_id: Copy<'a>,
    secret: Copy<'a>,
    file: String,
    file_name: String,
    /// The request for a token, where the app can make it so.
    command: Option<String>,
}

/// The page with the secret of a new key, which comes in the place of another or not.
pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    app: &App,
    made: &CreatedKey,
    replaced: Option<&Key>,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let t = frame.t;
    let client_id = made.key.client_id.to_string();
    let with_secret = app.authentication_method == AuthenticationMethod::ClientCredentials;
    let told = made.client_secret.as_deref().map(|secret| Told {
        client_id: Copy {
            t,
            id: "client-id",
            label: t.keys_client_id(),
            hint: None,
            value: &client_id,
        },
        secret: Copy {
            t,
            id: "client-secret",
            label: t.keys_client_secret(),
            hint: None,
            value: secret,
        },
        file: file(&client_id, secret, &portal.token_url),
        file_name: format!("{client_id}.txt"),
        command: with_secret.then(|| command(&client_id, secret, &portal.token_url)),
    });
    let page = Page {
        title: &t.keys_made(made.key.name.as_str()),
        app: app.id,
        app_name: &app.name,
        client_id: made.key.client_id,
        told,
        // It is on its way to the log.
        made: Chip { t, position: None, event: None, at: frame.time(made.key.created_at) },
        old_ends: replaced.and_then(|old| old.ends_at).map(|at| frame.time(at)),
        ends: made.key.expires_at.map(|at| frame.time(at)),
        frame,
    };
    respond::page(StatusCode::CREATED, browser.language, &page)
}

/// The file, in the link itself: it is on no server (RFC 2397).
fn file(client_id: &str, secret: &str, token_url: &str) -> String {
    let text =
        format!("client_id={client_id}\r\nclient_secret={secret}\r\ntoken_url={token_url}\r\n");
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    format!("data:text/plain;charset=utf-8,{}", encoded.replace('+', "%20"))
}

/// A request for a token (RFC 6749 section 4.4.2), to be pasted.
fn command(client_id: &str, secret: &str, token_url: &str) -> String {
    let parts = [
        format!("curl {token_url}"),
        "  -d grant_type=client_credentials".to_owned(),
        format!("  -d client_id={client_id}"),
        format!("  -d client_secret={secret}"),
    ];
    parts.join(" \\\n")
}
