//! No app, some, very many, and the longest names.

use std::collections::BTreeMap;

use contract::ids::AppId;
use serde_json::{Value, json};

use super::life::Lives;
use super::{List, draw};
use crate::api::people::Me;
use crate::gallery::apps::{app, longest};
use crate::gallery::easel::{Easel, read};
use crate::gallery::sample::Sample;

fn of(
    items: Value,
    archived: bool,
    next: Option<&'static str>,
) -> impl Fn(&Easel<'_>) -> axum::response::Response {
    move |easel| {
        let listed = read(json!({ "items": items, "next_cursor": next }));
        let list = List { listed, lives: of_some() };
        let organization = easel.me.memberships.first();
        let catalogue = easel.catalogue();
        draw(easel.portal, easel.browser, &easel.me, &catalogue, organization, list, archived)
    }
}

/// The first was busy a moment ago, the second has very many accounts; of others nothing is known.
fn of_some() -> Lives {
    let [first, second] = [1, 2].map(|number| app(number, "", "active")["id"].clone());
    let id = |json: &Value| read::<AppId>(json.clone());
    Lives(BTreeMap::from([
        (
            id(&first),
            read(json!({
                "app_id": first, "live_keys": 3, "last_token_at": "2026-11-12T13:02:00Z",
                "consents": { "live_grants": 14, "more_grants": false },
            })),
        ),
        (
            id(&second),
            read(json!({
                "app_id": second, "live_keys": 1, "last_token_at": "2026-11-09T08:00:00Z",
                "consents": { "live_grants": 1000, "more_grants": true },
            })),
        ),
    ]))
}

pub(crate) fn all() -> Vec<Sample> {
    let some = json!([
        app(1, "Bid Pacing", "active"),
        app(2, "Shelf Report", "active"),
        app(3, "Basket Insights", "suspended"),
        app(4, "Audience Sync", "draft"),
        app(5, "First Try", "archived"),
    ]);
    let many: Vec<_> =
        (1..=9).map(|number| app(number, &format!("App {number}"), "active")).collect();
    let longest = json!([longest(1, "active"), longest(2, "suspended"), app(3, "x", "draft")]);
    vec![
        Sample::new("typical", of(some.clone(), false, None)).key(),
        Sample::new("with_archived", of(some, true, None)),
        Sample::new("empty", of(json!([]), false, None)),
        Sample::new("many", of(json!(many), false, Some("next"))),
        Sample::new("longest", of(longest, false, None)),
        Sample::new("of_no_organization", |easel| {
            let me = Me { memberships: Vec::new(), ..easel.me.clone() };
            let none = read(json!({ "items": [], "next_cursor": null }));
            let catalogue = easel.catalogue();
            let none = List { listed: none, lives: Lives(BTreeMap::new()) };
            draw(easel.portal, easel.browser, &me, &catalogue, None, none, false)
        }),
    ]
}
