//! Your account, and the tokens of your programs.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Drawn, What, draw, tokens};
use crate::faults::Faults;
use crate::gallery::easel::{Easel, read};
use crate::gallery::sample::Sample;

fn token(number: u8, name: &str) -> Value {
    json!({
        "id": format!("0195b2a0-0000-7000-8000-0000000006{number:02}"), "name": name, "hint": "x9-Q",
        "created_at": "2026-03-01T10:00:00Z", "last_used_at": "2026-11-12T12:58:00Z",
        "expires_at": "2027-03-01T10:00:00Z", "revoked_at": null,
    })
}

fn listed(
    items: Vec<Value>,
    next: Option<&'static str>,
) -> impl Fn(&Easel<'_>) -> axum::response::Response {
    move |easel| {
        let found = read(json!({ "items": items, "next_cursor": next }));
        let none = Faults::default();
        tokens::draw(
            easel.portal,
            easel.browser,
            &easel.me,
            StatusCode::OK,
            found,
            ("", &none, None),
        )
    }
}

pub(crate) fn all() -> Vec<Sample> {
    vec![
        Sample::new("typical", |easel| {
            draw(
                easel.portal,
                easel.browser,
                &easel.me,
                StatusCode::OK,
                &Drawn::of(&easel.me, None),
            )
        })
        .key(),
        Sample::new("saved", |easel| {
            let drawn = Drawn::of(&easel.me, Some(What::Saved));
            draw(easel.portal, easel.browser, &easel.me, StatusCode::OK, &drawn)
        }),
        Sample::new("refused", |easel| {
            let t = easel.browser.language.texts();
            let mut drawn = Drawn::of(&easel.me, None);
            drawn.faults.set("name", t.fault_required());
            drawn.faults.set("current_password", t.account_wrong_password());
            drawn.faults.set("new_password", t.fault_too_short(12));
            draw(easel.portal, easel.browser, &easel.me, StatusCode::UNPROCESSABLE_ENTITY, &drawn)
        }),
        Sample::new(
            "tokens",
            listed(vec![token(1, "laptop"), token(2, &"W".repeat(100))], Some("next")),
        ),
        Sample::new("no_tokens", listed(Vec::new(), None)),
        Sample::new("token_made", |easel| {
            let new = read(json!({
                "name": "laptop", "token": "mandate_pat_0000000000000000000000000000000000000000000",
                "expires_at": "2027-11-12T13:04:00Z",
            }));
            tokens::made(easel.portal, easel.browser, &easel.me, &new)
        }),
    ]
}
