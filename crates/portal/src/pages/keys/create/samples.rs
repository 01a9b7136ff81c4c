//! The form, refused and not, and the secret: shown once, shown before, of a key in another's place.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::made;
use super::super::samples::key;
use super::{Said, Typed, draw, said};
use crate::api::Refused;
use crate::gallery::apps;
use crate::gallery::easel::{Easel, read};
use crate::gallery::sample::Sample;

fn form(status: StatusCode, code: &'static str) -> impl Fn(&Easel<'_>) -> Response {
    move |easel| {
        let errors = match code {
            "invalid-request" => json!([
                { "field": "name", "code": "required" },
                { "field": "expires_at", "code": "out_of_range" },
            ]),
            _ => json!([]),
        };
        let refused = Refused {
            status,
            code: code.to_owned(),
            retry_after: Some(540),
            errors: read(errors),
            ..Refused::default()
        };
        let said = said(easel.browser.language.texts(), &refused).unwrap_or_default();
        let said = if status == StatusCode::OK { Said::default() } else { said };
        let typed = Typed { key: "1".to_owned(), name: String::new(), expires: String::new() };
        let app = read(apps::app(1, "Bid Pacing", "active"));
        draw(easel.portal, easel.browser, &easel.me, status, &app, &typed, &said)
    }
}

fn made(
    number: u8,
    secret: Option<&'static str>,
    replaced: Option<Value>,
) -> impl Fn(&Easel<'_>) -> Response {
    move |easel| {
        let mut created = key(2, "Reporting job", "live");
        created["client_secret"] = json!(secret);
        let app = read(apps::app(number, "Bid Pacing", "active"));
        let old = replaced.clone().map(read);
        made::draw(easel.portal, easel.browser, &easel.me, &app, &read(created), old.as_ref())
    }
}

pub(crate) fn all() -> Vec<Sample> {
    let secret = "mandate_cs_Vw8q2LrC0yXn5sTfJ7hKdP3eBzGm9uAiR4oQ6tYcE1N";
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    vec![
        Sample::new("typical", form(StatusCode::OK, "")),
        Sample::new("refused", form(unprocessable, "invalid-request")),
        Sample::new("too_many", form(StatusCode::CONFLICT, "too-many-keys")),
        Sample::new("made", made(1, Some(secret), None)).key(),
        Sample::new("made_before", made(1, None, None)),
        Sample::new(
            "made_in_place",
            made(2, Some(secret), Some(key(3, "Reporting job", "ending"))),
        ),
    ]
}
