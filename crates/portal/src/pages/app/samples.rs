//! An app in each state, what is next for it, and the pages that ask before it stops.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Health, archive, draw, redirect_uris, suspension};
use crate::api::context::AppContext;
use crate::api::{Closed, Refused};
use crate::faults::Faults;
use crate::gallery::apps;
use crate::gallery::easel::{Easel, read};
use crate::gallery::sample::Sample;

fn activity(live: u8, ending: u8, refused: u8) -> Value {
    json!({
        "keys": { "live": live, "most": 5, "ending_soon": ending },
        "last_token_at": if live == 0 { Value::Null } else { json!("2026-11-12T13:02:00Z") },
        "refusals": { "count": refused },
        "consents": { "open_links": 0, "live_grants": 0, "more_grants": false, "grants_ending_soon": 0 },
    })
}

fn consents(links: u8, grants: u16) -> Value {
    json!({
        "open_links": links,
        "live_grants": grants,
        "more_grants": grants == 10_000,
        "grants_ending_soon": grants / 7,
    })
}

fn uris(count: u8) -> Value {
    let uri = |number: u8| {
        json!({
            "id": format!("0195b2a0-0000-7000-8000-0000000008{number:02}"),
            "uri": match number {
                1 => "https://shelfreport.larkfield.example/connected".to_owned(),
                2 => "http://127.0.0.1:8710/connected".to_owned(),
                _ => format!("https://larkfield.example/{}", "connected-".repeat(20)),
            },
        })
    };
    json!((1..=count).map(uri).collect::<Vec<_>>())
}

fn overview(
    app: Value,
    activity: Value,
    consents: Value,
    addresses: u8,
) -> impl Fn(&Easel<'_>) -> Response {
    move |easel| {
        let context = AppContext {
            me: easel.me.clone(),
            app: read(app.clone()),
            catalogue: easel.catalogue(),
        };
        let health = Health {
            activity: read(activity.clone()),
            consents: read(consents.clone()),
            redirect_uris: read(uris(addresses)),
            record: read(json!({
                "event_id": "0195b2a0-0000-7000-8000-000000000e01",
                "position": 121_407,
                "recorded_at": "2026-03-14T08:12:44Z",
            })),
        };
        draw(easel.portal, easel.browser, &context, &health)
    }
}

/// An app that authenticates by authorization codes, as its owner may change it.
fn by_code() -> Value {
    let mut app = apps::app(2, "Shelf Report", "active");
    app["pkce_required"] = json!(true);
    app["allowed"] = json!([
        "create_key",
        "create_link",
        "archive",
        "add_redirect_uri",
        "remove_redirect_uri",
        "change_pkce"
    ]);
    app
}

fn addresses(count: u8, code: Option<&'static str>) -> impl Fn(&Easel<'_>) -> Response {
    move |easel| {
        let (app, uris) = (read(by_code()), read(json!({ "items": uris(count) })));
        let refused = code.map(|code| Refused {
            status: StatusCode::CONFLICT,
            code: code.to_owned(),
            retry_after: None,
            errors: Vec::new(),
            closed: Closed::default(),
        });
        let t = easel.browser.language.texts();
        let faults = refused.and_then(|refused| redirect_uris::said(t, &refused));
        let (status, uri) = match code {
            Some(_) => (StatusCode::CONFLICT, "http://127.0.0.1:8710/connected"),
            None => (StatusCode::OK, ""),
        };
        let typed = redirect_uris::Typed { key: "1".to_owned(), uri: uri.to_owned() };
        let faults: Faults = faults.unwrap_or_default();
        let (portal, browser) = (easel.portal, easel.browser);
        redirect_uris::draw(portal, browser, &easel.me, (status, &app), &uris, &typed, &faults)
    }
}

fn ending(app: Value, is_wrong: bool) -> impl Fn(&Easel<'_>) -> Response {
    move |easel| {
        let ending = archive::Ending {
            me: easel.me.clone(),
            app: read(app.clone()),
            activity: read(activity(2, 0, 0)),
            consents: read(consents(2, 14)),
        };
        let t = easel.browser.language.texts();
        let (status, error) = if is_wrong {
            (StatusCode::UNPROCESSABLE_ENTITY, Some(t.app_archive_other()))
        } else {
            (StatusCode::OK, None)
        };
        archive::draw(easel.portal, easel.browser, status, &ending, error)
    }
}

pub(crate) fn all() -> Vec<Sample> {
    let active = || apps::app(2, "Shelf Report", "active");
    let mut suspended = apps::app(2, "Shelf Report", "suspended");
    suspended["allowed"] = json!(["resume", "archive"]);
    let stopped = suspended.clone();
    vec![
        Sample::new("typical", overview(by_code(), activity(2, 0, 3), consents(2, 14), 2)).key(),
        Sample::new("new", overview(active(), activity(0, 0, 0), consents(0, 0), 1)),
        Sample::new(
            "without_redirect_uri",
            overview(by_code(), activity(1, 0, 0), consents(0, 0), 0),
        ),
        Sample::new("without_link", overview(active(), activity(1, 0, 0), consents(0, 0), 1)),
        Sample::new("key_ends", overview(active(), activity(2, 1, 0), consents(0, 1), 1)),
        Sample::new("suspended", overview(suspended, activity(2, 0, 96), consents(1, 14), 2)),
        Sample::new(
            "archived",
            overview(
                apps::app(2, "Shelf Report", "archived"),
                activity(0, 0, 0),
                consents(0, 0),
                2,
            ),
        ),
        Sample::new(
            "longest",
            overview(apps::longest(1, "active"), activity(5, 5, 250), consents(250, 10_000), 0),
        ),
        Sample::new("redirect_uris", addresses(3, None)),
        Sample::new("redirect_uris_none", addresses(0, None)),
        Sample::new("redirect_uri_refused", addresses(2, Some("redirect-uri-registered"))),
        Sample::new("archive", ending(active(), false)),
        Sample::new("archive_other_name", ending(active(), true)),
        Sample::new("suspend", move |easel| {
            suspension::draw(easel.portal, easel.browser, &easel.me, &read(active()), true)
        }),
        Sample::new("resume", move |easel| {
            let app = read(stopped.clone());
            suspension::draw(easel.portal, easel.browser, &easel.me, &app, false)
        }),
    ]
}
