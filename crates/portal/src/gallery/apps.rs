//! Apps of samples.

use serde_json::{Value, json};

use crate::api::apps::App;
use crate::gallery::easel::read;

/// An app, named so, in this state.
pub(crate) fn app(number: u8, name: &str, state: &str) -> Value {
    let draft = state == "draft";
    let allowed: &[&str] = match state {
        "draft" => &["edit", "put_image", "activate"],
        "active" => &["create_key", "create_link", "suspend", "archive"],
        _ => &[],
    };
    json!({
        "id": format!("0195b2a0-0000-7000-8000-0000000000b{number}"),
        "organization_id": "0195b2a0-0000-7000-8000-0000000000a1",
        "name": name,
        "description": "Moves campaign budgets through the day, so that they last until the evening.",
        "has_image": false,
        "authentication_method": if number.is_multiple_of(2) { "authorization_code" } else { "client_credentials" },
        "service": if number == 4 { Value::Null } else { json!("retail_media") },
        "domains": [
            { "domain": "analytics", "level": "read" },
            { "domain": "campaigns", "level": "manage" },
        ],
        "scopes": ["RetailMedia_Analytics_Read", "RetailMedia_Campaign_Manage", "RetailMedia_Campaign_Read"],
        "state": state,
        "created_at": "2026-03-14T08:10:00Z",
        "activated_at": if draft { Value::Null } else { json!("2026-03-14T08:12:44Z") },
        "allowed": allowed,
    })
}

/// The same, with the longest name and description that there are.
pub(crate) fn longest(number: u8, state: &str) -> Value {
    let mut app = app(number, "Wortungetüm ".repeat(8).trim_end(), state);
    app["description"] = json!("Haushaltsplanungsvorschlag ".repeat(9).trim_end());
    app
}

/// A draft.
pub(crate) fn draft() -> App {
    read(app(3, "Bid Pacing", "draft"))
}
