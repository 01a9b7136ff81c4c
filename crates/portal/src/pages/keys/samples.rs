//! No key, keys in every state, one by itself, and the pages that ask before one is replaced or ends.

use axum::http::StatusCode;
use axum::response::Response;
use contract::ids::AppId;
use serde_json::{Value, json};

use super::create::{Said, said};
use super::{delete, draw, one, replace};
use crate::api::Refused;
use crate::api::context::AppContext;
use crate::faults::Faults;
use crate::gallery::apps;
use crate::gallery::easel::{Easel, read};
use crate::gallery::sample::Sample;

const LONGEST: &str =
    "Wortungetümsammlungsverwaltung der Beteiligungsgesellschaft, zweite Umgebung, nur zum Testen";

pub(super) fn key(number: u8, name: &str, state: &str) -> Value {
    let live = state == "live";
    let ended = match state {
        "live" | "expired" => Value::Null,
        "ending" => json!("2026-11-12T13:19:00Z"),
        _ => json!("2026-04-02T14:40:09Z"),
    };
    json!({
        "app_id": app_id(),
        "client_id": format!("8f3c1b07d92e4a5c86e0f7b41d20a9{number:02x}"),
        "name": name,
        "hint": "f3Qa",
        "created_at": "2026-03-24T08:00:00Z",
        "last_used_at": if number == 1 { json!("2026-11-12T13:02:00Z") } else { Value::Null },
        "expires_at": match (state, number) {
            ("expired", _) => json!("2026-10-01T00:00:00Z"),
            ("live", 1) => json!("2026-11-24T08:00:00Z"),
            _ => Value::Null,
        },
        "ends_at": ended,
        "state": state,
        "trouble": if live && number == 1 { json!("ends_soon") } else { Value::Null },
        "leaked_at": Value::Null,
        "allowed": match state {
            "live" => json!(["rename", "replace", "delete"]),
            "ending" => json!(["rename", "delete"]),
            _ => json!([]),
        },
    })
}

fn list(app: Value, keys: &[Value], counts: &Value) -> impl Fn(&Easel<'_>) -> Response + use<> {
    let keys = json!({ "items": keys, "next_cursor": null, "counts": counts });
    move |easel| {
        let context = AppContext {
            me: easel.me.clone(),
            app: read(app.clone()),
            catalogue: easel.catalogue(),
        };
        draw(easel.portal, easel.browser, &context, &read(keys.clone()))
    }
}

fn app_id() -> AppId {
    read(json!("0195b2a0-0000-7000-8000-0000000000b2"))
}

/// What the log has of a key, newest first.
fn recorded(events: &[(i64, &str, &Value)]) -> Value {
    let event = |(position, kind, time): &(i64, &str, &Value)| {
        json!({
            "position": position,
            "event": {
                "id": format!("0195b2a0-0000-7000-8000-000000{position:06}"),
                "type": format!("mandate.key.{kind}.v1"), "time": time, "actor": "system/key-issuer", "data": {},
            },
        })
    };
    json!({ "items": events.iter().map(event).collect::<Vec<_>>(), "next_cursor": null })
}

fn by_itself(key: Value) -> impl Fn(&Easel<'_>) -> Response {
    let created = (121_399, "created", &key["created_at"]);
    let events = match &key["ends_at"] {
        Value::Null => recorded(&[created]),
        at => recorded(&[(184_120, "leaked", at), created]),
    };
    move |easel| {
        let told = one::Told { key: read(key.clone()), events: read(events.clone()) };
        let typed = one::Typed { name: told.key.name.clone() };
        let at = (StatusCode::OK, app_id());
        one::draw(easel.portal, easel.browser, &easel.me, at, &told, &typed, &Faults::default())
    }
}

fn replacing(status: StatusCode, refused: fn() -> Refused) -> impl Fn(&Easel<'_>) -> Response {
    move |easel| {
        let (app, key) =
            (read(apps::app(2, "Shelf Report", "active")), read(key(1, "Production", "live")));
        let (ends, at) = match status {
            StatusCode::OK => ("grace", ""),
            _ => ("at", "2027-11-24T08:00"),
        };
        let typed = replace::Typed {
            key: "1".to_owned(),
            ends: ends.to_owned(),
            at: at.to_owned(),
            expires: String::new(),
        };
        let said = match status {
            StatusCode::OK => Said::default(),
            _ => said(easel.browser.language.texts(), &refused()).unwrap_or_default(),
        };
        replace::draw(easel.portal, easel.browser, &easel.me, status, (&app, &key), &typed, &said)
    }
}

fn too_late() -> Refused {
    Refused {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code: "invalid-request".to_owned(),
        retry_after: None,
        errors: read(json!([
            { "field": "old_ends", "code": "out_of_range" },
            { "field": "expires_at", "code": "out_of_range" },
        ])),
        ..Refused::default()
    }
}

pub(crate) fn all() -> Vec<Sample> {
    let app = || apps::app(2, "Shelf Report", "active");
    let counts = |live: u8| json!({ "live": live, "most": 5, "ending_soon": 1 });
    let mut leaked = key(4, "CI", "deleted");
    leaked["leaked_at"] = json!("2026-11-12T10:12:00Z");
    leaked["ends_at"] = json!("2026-11-12T10:12:00Z");
    let typical = [
        key(1, "Production", "live"),
        key(2, "Staging", "live"),
        key(3, "Old staging", "ending"),
        key(4, "First try", "deleted"),
        key(5, "Trial", "expired"),
    ];
    let many: Vec<_> = (1..=60)
        .map(|number| key(number, LONGEST, if number == 40 { "live" } else { "deleted" }))
        .collect();
    let longest: Vec<_> = (1..=5).map(|number| key(number, LONGEST, "live")).collect();
    vec![
        Sample::new("typical", list(app(), &typical, &counts(2))).key(),
        Sample::new("empty", list(app(), &[], &counts(0))),
        Sample::new("leaked", list(app(), &[leaked.clone()], &counts(0))),
        Sample::new(
            "suspended",
            list(apps::app(2, "Shelf Report", "suspended"), &typical, &counts(2)),
        ),
        Sample::new("longest", list(apps::longest(1, "active"), &longest, &counts(5))),
        Sample::new("many", list(app(), &many, &counts(1))),
        Sample::new("one", by_itself(key(1, "Production", "live"))),
        Sample::new("one_leaked", by_itself(leaked)),
        Sample::new("replace", replacing(StatusCode::OK, too_late)),
        Sample::new("replace_refused", replacing(StatusCode::UNPROCESSABLE_ENTITY, too_late)),
        Sample::new("delete_ending", |easel| {
            let key = read(key(3, "Old staging", "ending"));
            delete::draw(easel.portal, easel.browser, &easel.me, app_id(), &key)
        }),
        Sample::new("delete", |easel| {
            let key = read(key(1, "Production", "live"));
            delete::draw(easel.portal, easel.browser, &easel.me, app_id(), &key)
        }),
    ]
}
