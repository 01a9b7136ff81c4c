//! No link, links in every state, one just made, one made before, and one that was used.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Said, Typed, draw, made, one, revoke};
use crate::api::Refused;
use crate::api::context::AppContext;
use crate::gallery::apps;
use crate::gallery::easel::{Easel, read};
use crate::gallery::sample::Sample;

pub(crate) fn context(easel: &Easel<'_>, app: Value) -> AppContext {
    AppContext { me: easel.me.clone(), app: read(app), catalogue: easel.catalogue() }
}

fn link(number: u8, label: Option<&str>, state: &str) -> Value {
    let is_open = matches!(state, "pending" | "opened");
    let granted = state == "granted";
    json!({
        "id": format!("0195b2a0-0000-7000-8000-0000000006{number:02}"),
        "app_id": "0195b2a0-0000-7000-8000-0000000000b2",
        "label": label,
        "hint": "XkBM",
        "state": state,
        "created_at": "2026-10-19T09:30:00Z",
        "created_by": "0195b2a0-0000-7000-8000-000000000001",
        "opened_at": if state == "pending" { Value::Null } else { json!("2026-11-11T16:20:00Z") },
        "ended_at": if is_open { Value::Null } else { json!("2026-11-12T13:02:11Z") },
        "expires_at": if state == "pending" { "2026-12-12T13:04:00Z" } else { "2026-11-18T09:30:00Z" },
        "passed_on_count": u8::from(granted),
        "granted_count": if granted { 4 } else { 0 },
        "already_granted_count": u8::from(granted),
        "grant_lifetime_days": 90,
        "accounts": [],
        "allowed": if is_open { json!(["revoke"]) } else { json!([]) },
    })
}

fn links(items: &Value, next: Option<&str>) -> Value {
    json!({ "items": items, "next_cursor": next })
}

fn list(app: Value, links: Value) -> impl Fn(&Easel<'_>) -> axum::response::Response {
    move |easel| {
        let (context, links) = (context(easel, app.clone()), read(links.clone()));
        let typed = Typed { key: "1".to_owned(), ..Typed::default() };
        draw(
            easel.portal,
            easel.browser,
            StatusCode::OK,
            &context,
            &links,
            &typed,
            &Said::default(),
        )
    }
}

fn just_made(
    app: Value,
    url: Option<&'static str>,
) -> impl Fn(&Easel<'_>) -> axum::response::Response {
    move |easel| {
        let mut made = link(1, Some("Oakhill Pet Foods"), "pending");
        made["url"] = json!(url);
        made::draw(easel.portal, easel.browser, &context(easel, app.clone()), &read(made))
    }
}

fn refused(easel: &Easel<'_>) -> axum::response::Response {
    let refused = Refused {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code: "invalid-request".to_owned(),
        retry_after: None,
        errors: read(json!([
            { "field": "label", "code": "too_long", "parameters": { "max": 255 } },
            { "field": "expires_in_days", "code": "out_of_range" },
            { "field": "grant_lifetime_days", "code": "out_of_range" },
        ])),
        ..Refused::default()
    };
    let said = made::said(easel.browser.language.texts(), &refused).unwrap_or_default();
    let typed = Typed {
        key: "1".to_owned(),
        label: "Wortungetüm ".repeat(24),
        valid: "7".to_owned(),
        lasts: "90".to_owned(),
    };
    let (context, none) =
        (context(easel, apps::app(2, "Shelf Report", "active")), links(&json!([]), None));
    draw(easel.portal, easel.browser, refused.status, &context, &read(none), &typed, &said)
}

fn unconfirmed(easel: &Easel<'_>) -> axum::response::Response {
    let refused = Refused {
        status: StatusCode::CONFLICT,
        code: "organization-not-confirmed".to_owned(),
        retry_after: None,
        ..Refused::default()
    };
    let said = made::said(easel.browser.language.texts(), &refused).unwrap_or_default();
    let typed =
        Typed { key: "1".to_owned(), label: "Oakhill Pet Foods".to_owned(), ..Typed::default() };
    let (context, none) =
        (context(easel, apps::app(2, "Shelf Report", "active")), links(&json!([]), None));
    draw(easel.portal, easel.browser, refused.status, &context, &read(none), &typed, &said)
}

pub(crate) fn all() -> Vec<Sample> {
    let app = || apps::app(2, "Shelf Report", "active");
    let typical = json!([
        link(1, Some("Oakhill Pet Foods"), "pending"),
        link(2, Some("Calder Bay Coffee"), "granted"),
        link(3, Some("Pennant Outdoor"), "opened"),
        link(4, Some("Tolliver Home"), "denied"),
        link(5, Some("Ninepin Garden"), "expired"),
        link(6, None, "revoked"),
    ]);
    let longest = "Wortungetümsammlung & Söhne Beteiligungsgesellschaft ".repeat(4);
    let many: Vec<_> = (0..20).map(|number| link(number, Some(&longest), "opened")).collect();
    let url =
        "https://mandate.example/consent/mandate_cl_9Tq4Zs0Wv7bKxN2mRfHd8LpE3uYcJ6gAoQ1iXw5BkM";
    let event = |position: i64, kind: &str, time: &str| {
        json!({ "position": position, "event": {
            "id": format!("0195b2a0-0000-7000-8000-000000{position:06}"),
            "type": format!("mandate.consent-link.{kind}.v1"), "time": time, "actor": "anonymous", "data": {},
        } })
    };
    let recorded = json!({ "items": [
        event(184_201, "redeemed", "2026-11-12T13:02:11Z"),
        event(183_007, "opened", "2026-11-11T16:20:00Z"),
        event(171_350, "created", "2026-10-19T09:30:00Z"),
    ], "next_cursor": null });
    let chosen = json!([
        { "id": "0195b2a0-0000-7000-8000-0000000007a1", "name": "Calder Bay Coffee", "already_granted": false },
        { "id": "0195b2a0-0000-7000-8000-0000000007a2", "name": longest, "already_granted": false },
        { "id": "0195b2a0-0000-7000-8000-0000000007a3", "name": null, "already_granted": true },
    ]);
    vec![
        Sample::new("typical", list(app(), links(&typical, None))).key(),
        Sample::new("empty", list(app(), links(&json!([]), None))),
        Sample::new(
            "suspended",
            list(apps::app(2, "Shelf Report", "suspended"), links(&typical, None)),
        ),
        Sample::new(
            "many_and_longest",
            list(apps::longest(1, "active"), links(&json!(many), Some("x"))),
        ),
        Sample::new("refused", refused),
        Sample::new("unconfirmed", unconfirmed),
        Sample::new("made", just_made(app(), Some(url))).key(),
        Sample::new("made_before", just_made(app(), None)),
        Sample::new("used", move |easel| {
            let told = one::Told {
                link: read(link(2, Some("Calder Bay Coffee"), "granted")),
                maker: Some("Developer".to_owned()),
                events: read(recorded.clone()),
                accounts: read(chosen.clone()),
                next: Some("?accounts=all".to_owned()),
            };
            one::draw(easel.portal, easel.browser, &easel.me, &told)
        }),
        Sample::new("revoke", |easel| {
            let link = read(link(3, Some("Pennant Outdoor"), "opened"));
            revoke::draw(easel.portal, easel.browser, &easel.me, &link)
        }),
    ]
}
