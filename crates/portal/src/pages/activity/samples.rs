//! Nothing yet, the life of an app, and many events with the longest names.

use std::collections::BTreeMap;

use axum::response::Response;
use serde_json::{Value, json};

use super::{draw, person};
use crate::api::context::AppContext;
use crate::gallery::apps;
use crate::gallery::easel::{Easel, read};
use crate::gallery::sample::Sample;

const DEVELOPER: &str = "user/0195b2a0-0000-7000-8000-000000000001";
const OWNER: &str = "user/0195b2a0-0000-7000-8000-000000000002";
const STRANGER: &str = "user/0195b2a0-0000-7000-8000-000000000009";
const SYSTEM: &str = "system/consent-broker";
const APP: &str = "app/0195b2a0-0000-7000-8000-0000000000b2";

fn event(position: i64, kind: &str, actor: &str, data: &Value, details: &Value) -> Value {
    json!({
        "position": position,
        "event": {
            "type": format!("mandate.{kind}.v1"),
            "time": "2026-11-12T13:02:11Z",
            "actor": actor,
            "data": data,
        },
        "details": details,
    })
}

fn list(
    app: Value,
    events: &[Value],
    next: Option<&str>,
    all: bool,
) -> impl Fn(&Easel<'_>) -> Response + use<> {
    let events = json!({ "items": events, "next_cursor": next });
    move |easel| {
        let context = AppContext {
            me: easel.me.clone(),
            app: read(app.clone()),
            catalogue: easel.catalogue(),
        };
        let names: BTreeMap<_, _> =
            person(OWNER).map(|id| (id, "Owner".to_owned())).into_iter().collect();
        draw(easel.portal, easel.browser, &context, &read(events.clone()), &names, all)
    }
}

pub(crate) fn all() -> Vec<Sample> {
    let app = || apps::app(2, "Shelf Report", "active");
    let none = json!({});
    let typical = [
        event(
            184_229,
            "consent-link.created",
            DEVELOPER,
            &none,
            &json!({ "label": "Oakhill Pet Foods" }),
        ),
        event(184_201, "consent-link.redeemed", STRANGER, &json!({ "granted_count": 1 }), &none),
        event(184_188, "consent.granted", STRANGER, &none, &none),
        event(170_002, "consent.expired", SYSTEM, &none, &none),
        event(168_771, "key.deleted", DEVELOPER, &json!({ "reason": "replaced" }), &none),
        event(168_770, "key.created", DEVELOPER, &none, &json!({ "name": "Production" })),
        event(124_018, "key.leaked", "anonymous", &none, &none),
        event(121_407, "app.activated", OWNER, &none, &none),
        event(121_399, "app.created", DEVELOPER, &none, &none),
    ];
    let tokens = [
        event(184_240, "token.issued", APP, &none, &none),
        event(184_239, "token.refused", "anonymous", &json!({ "reason": "wrong_secret" }), &none),
        event(184_238, "not-yet.known", SYSTEM, &none, &Value::Null),
    ];
    let longest = json!({ "label": "Wortungetümsammlung & Söhne Beteiligungsgesellschaft ".repeat(4).trim_end() });
    let many: Vec<_> = (1..=40)
        .map(|position| event(position, "consent-link.created", DEVELOPER, &none, &longest))
        .collect();
    vec![
        Sample::new("typical", list(app(), &typical, Some("x"), false)).key(),
        Sample::new("empty", list(app(), &[], None, false)),
        Sample::new("everything", list(app(), &tokens, None, true)),
        Sample::new("many_and_longest", list(apps::longest(1, "active"), &many, Some("x"), false)),
    ]
}
