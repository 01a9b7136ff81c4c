//! No account, accounts in every state, and many with the longest names.

use axum::response::Response;
use serde_json::{Value, json};

use super::draw;
use crate::api::app_grants::GrantState;
use crate::api::context::AppContext;
use crate::gallery::apps;
use crate::gallery::easel::{Easel, read};
use crate::gallery::sample::Sample;

fn grant(number: u8, name: Option<&str>, state: &str) -> Value {
    json!({
        "account": {
            "id": format!("0195b2a0-0000-7000-8000-0000000007{number:02}"),
            "name": name,
            "service": "retail_media",
        },
        "domains": [
            { "domain": "analytics", "level": "read" },
            { "domain": "campaigns", "level": "manage" },
        ],
        "state": state,
        "granted_at": "2026-10-02T09:17:00Z",
        "expires_at": match number {
            1 => json!("2026-11-30T09:17:00Z"),
            2 => Value::Null,
            _ => json!("2027-10-02T09:17:00Z"),
        },
        "ended_at": if state == "live" { Value::Null } else { json!("2026-11-01T07:00:00Z") },
        "last_used_at": match (number, state) {
            (3, _) => Value::Null,
            (_, "live") => json!("2026-11-12T13:02:00Z"),
            _ => json!("2026-10-31T16:40:00Z"),
        },
    })
}

fn list(
    app: Value,
    grants: &[Value],
    next: Option<&str>,
    state: Option<GrantState>,
) -> impl Fn(&Easel<'_>) -> Response + use<> {
    let grants = json!({ "items": grants, "next_cursor": next });
    move |easel| {
        let context = AppContext {
            me: easel.me.clone(),
            app: read(app.clone()),
            catalogue: easel.catalogue(),
        };
        draw(easel.portal, easel.browser, &context, &read(grants.clone()), state)
    }
}

pub(crate) fn all() -> Vec<Sample> {
    let app = || apps::app(2, "Shelf Report", "active");
    let typical = [
        grant(1, Some("Calder Bay Coffee"), "live"),
        grant(2, Some("Calder Bay Tea Rooms"), "live"),
        grant(3, Some("Brindle Baby"), "live"),
        grant(4, Some("Ninepin Garden"), "expired"),
        grant(5, None, "revoked"),
    ];
    let longest = "Wortungetümsammlung & Söhne Beteiligungsgesellschaft ".repeat(3);
    let many: Vec<_> = (1..=25).map(|number| grant(number, Some(&longest), "live")).collect();
    vec![
        Sample::new("typical", list(app(), &typical, None, None)).key(),
        Sample::new("empty", list(app(), &[], None, None)),
        Sample::new("none_expired", list(app(), &[], None, Some(GrantState::Expired))),
        Sample::new(
            "many_and_longest",
            list(apps::longest(1, "active"), &many, Some("x"), Some(GrantState::Live)),
        ),
    ]
}
