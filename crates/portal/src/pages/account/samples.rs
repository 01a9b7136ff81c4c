//! The account, its password, its tokens: as they are, and refused.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::tokens::{self, create, end};
use super::{Done, Typed, draw, password};
use crate::api::Refused;
use crate::faults::Faults;
use crate::gallery::easel::{Easel, read};
use crate::gallery::sample::Sample;

fn token(number: u8, name: &str, revoked_at: Option<&str>) -> Value {
    json!({
        "id": format!("0195b2a0-0000-7000-8000-0000000007{number:02}"),
        "name": name,
        "hint": "f3Qa",
        "created_at": "2026-09-02T08:12:00Z",
        "last_used_at": (number % 2 == 1).then_some("2026-11-12T12:58:00Z"),
        "expires_at": "2027-09-02T08:12:00Z",
        "revoked_at": revoked_at,
    })
}

fn refused(status: StatusCode, code: &str, errors: Value) -> Refused {
    Refused {
        status,
        code: code.to_owned(),
        retry_after: Some(540),
        errors: read(errors),
        ..Refused::default()
    }
}

fn account(name: &'static str, errors: Value, done: Option<Done>) -> Sample {
    Sample::new(name, move |easel: &Easel<'_>| {
        let refused = refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid-request", errors.clone());
        let faults = Faults::of(easel.browser.language.texts(), &refused);
        let status = if faults.is_empty() { StatusCode::OK } else { refused.status };
        let name = if faults.is_empty() { "Developer".to_owned() } else { String::new() };
        let typed = Typed { name, language: "en".to_owned() };
        draw(easel.portal, easel.browser, &easel.me, status, &typed, &faults, done)
    })
}

fn password(name: &'static str, status: StatusCode, errors: Value) -> Sample {
    Sample::new(name, move |easel: &Easel<'_>| {
        let refused = refused(status, "invalid-request", errors.clone());
        let said = password::said(easel.browser.language.texts(), &refused).unwrap_or_default();
        password::draw(easel.portal, easel.browser, &easel.me, status, &said)
    })
}

fn list(name: &'static str, tokens: Value, next: Option<&'static str>) -> Sample {
    Sample::new(name, move |easel: &Easel<'_>| {
        let tokens = json!({ "items": tokens, "next_cursor": next });
        tokens::draw(easel.portal, easel.browser, &easel.me, read(tokens), true)
    })
}

fn form(name: &'static str, status: StatusCode, code: &'static str, errors: Value) -> Sample {
    Sample::new(name, move |easel: &Easel<'_>| {
        let refused = refused(status, code, errors.clone());
        let said = create::said(easel.browser.language.texts(), &refused).unwrap_or_default();
        let typed = create::Typed::default();
        create::draw(easel.portal, easel.browser, &easel.me, status, &typed, &said)
    })
}

pub(crate) fn all() -> Vec<Sample> {
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let longest = "W".repeat(100);
    vec![
        account("typical", json!([]), None).key(),
        account("password_changed", json!([]), Some(Done::Password)),
        account("refused", json!([{ "field": "name", "code": "required" }]), None),
        password("password", StatusCode::OK, json!([])),
        password(
            "password_refused",
            unprocessable,
            json!([
                { "field": "current_password", "code": "wrong" },
                { "field": "new_password", "code": "too_short", "parameters": { "min": 12 } },
            ]),
        ),
        password("password_locked", StatusCode::TOO_MANY_REQUESTS, json!([])),
        list("tokens_none", json!([]), None),
        list(
            "tokens",
            json!([
                token(1, "Laptop", None),
                token(2, "Nightly report", None),
                token(3, "Old laptop", Some("2026-10-01T10:00:00Z")),
            ]),
            None,
        ),
        list(
            "tokens_longest",
            json!((1..20).map(|number| token(number, &longest, None)).collect::<Vec<_>>()),
            Some("next"),
        ),
        form("token_form", StatusCode::OK, "", json!([])),
        form(
            "token_refused",
            unprocessable,
            "invalid-request",
            json!([
                { "field": "name", "code": "required" },
                { "field": "expires_at", "code": "out_of_range" },
            ]),
        ),
        form("token_too_many", StatusCode::CONFLICT, "too-many-api-tokens", json!([])),
        Sample::new("token_made", |easel: &Easel<'_>| {
            let mut made = token(1, "Laptop", None);
            made["token"] = json!("mandate_pat_Vw8q2LrC0yXn5sTfJ7hKdP3eBzGm9uAiR4oQ6tYcE1N");
            create::draw_made(easel.portal, easel.browser, &easel.me, &read(made))
        }),
        Sample::new("token_end", |easel: &Easel<'_>| {
            end::draw(easel.portal, easel.browser, &easel.me, read(token(1, "Laptop", None)))
        }),
    ]
}
