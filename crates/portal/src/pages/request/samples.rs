//! Requests of many kinds, and what becomes of them.

use axum::http::StatusCode;
use axum::response::Response;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::choice::Choice;
use super::closed::By;
use super::review::{self, Named};
use super::{Drawn, answer, closed, draw};
use crate::api::requests::Request;
use crate::api::{Closed, Refused};
use crate::gallery::easel::{Easel, read};
use crate::gallery::sample::Sample;

const LINK: &str = "sample";

fn request(organization: &str, app: &str, redirect_uri: Option<&str>) -> Value {
    json!({
        "app": {
            "id": "0195b2a0-0000-7000-8000-0000000000b2", "name": app, "has_image": false,
            "description": "Shows where your products stand on the shelf pages, and what your campaigns sell. Built for brands with many retailers.",
        },
        "organization": {
            "name": organization, "contact_email": "api@larkfield.example",
            "contact_domain": if redirect_uri.is_some() { json!("larkfield.example") } else { Value::Null },
            "member_since": "2024-03-03T10:00:00Z",
            "website": "https://larkfield.example",
        },
        "service": { "title": "C-Max" },
        "domains": [
            { "title": "Analytics", "level": "read", "descriptions": ["See your performance reports."] },
            {
                "title": "Campaigns", "level": "manage",
                "descriptions": ["See your campaigns and line items.", "Create, change and stop your campaigns and line items."],
            },
            { "title": "Catalog", "level": "read", "descriptions": ["See your products, prices and stock."] },
        ],
        "text_sha256": "0000",
        "grants_expire_at": "2027-11-12T13:04:00Z",
        "lifetime_days": 365,
        "expires_at": "2026-12-10T09:00:00Z",
        "redirect_uri": redirect_uri,
        "counts": { "matching": 7, "selectable": 4 },
    })
}

fn typical() -> Value {
    request(
        "Larkfield Commerce Lab",
        "Shelf Report",
        Some("https://shelfreport.larkfield.example/connected"),
    )
}

fn account(number: u16, name: &str, role: &str, reason: &Value) -> Value {
    json!({
        "id": format!("0195b2a0-0000-7000-8000-00000000{number:04}"),
        "name": name, "external_id": format!("ACC-41{number:04}"), "role": role,
        "selectable": reason.is_null(), "reason": reason,
    })
}

fn accounts() -> Vec<Value> {
    let granted = json!({
        "code": "already_granted", "granted_at": "2026-10-02T09:00:00Z",
        "granted_by": { "person_id": "0195b2a0-0000-7000-8000-000000000003", "name": "Business manager" },
    });
    let role = json!({
        "code": "role_may_not_consent",
        "consenters": [
            { "person_id": "0195b2a0-0000-7000-8000-000000000004", "name": "Account admin" },
            { "person_id": "0195b2a0-0000-7000-8000-000000000005", "name": "Technical manager" },
        ],
    });
    vec![
        account(1, "Calder Bay Coffee", "admin", &Value::Null),
        account(2, "Calder Bay Tea Rooms", "admin", &Value::Null),
        account(3, "Brindle Baby", "business_manager", &granted),
        account(4, "Harrow Lane Toys", "admin", &Value::Null),
        account(5, "Oakhill Pet Foods", "analyst", &role),
        account(6, "Marrow & Pine Kitchen", "technical_manager", &Value::Null),
        account(
            7,
            "Vesper Lighting",
            "viewer",
            &json!({ "code": "role_may_not_consent", "consenters": [] }),
        ),
    ]
}

#[expect(clippy::needless_pass_by_value, reason = "written where it is used, as JSON")]
fn drawn(
    request: Value,
    items: Vec<Value>,
    counts: Value,
    next: Option<&str>,
    choice: Choice,
) -> Drawn {
    Drawn {
        request: read(request),
        accounts: read(json!({ "items": items, "next_cursor": next, "counts": counts })),
        choice,
        q: String::new(),
        is_first: true,
    }
}

fn page(easel: &Easel<'_>, drawn: &Drawn, note: Option<String>, error: Option<String>) -> Response {
    draw(easel.portal, easel.browser, &easel.me, LINK, drawn, note, error)
}

fn two() -> Choice {
    let ids = ["0195b2a0-0000-7000-8000-000000000001", "0195b2a0-0000-7000-8000-000000000002"];
    Choice { some: ids.iter().filter_map(|id| id.parse().ok()).collect(), ..Choice::default() }
}

fn refused(
    status: StatusCode,
    code: &'static str,
    by: By<'static>,
) -> impl Fn(&Easel<'_>) -> Response {
    move |easel| {
        let at = (status != StatusCode::NOT_FOUND).then(|| easel.browser.now - TimeDelta::days(2));
        let refused = Refused {
            status,
            code: code.to_owned(),
            retry_after: None,
            errors: Vec::new(),
            closed: Closed { at, by: None },
        };
        let words = closed::words(easel.browser.language.texts(), &refused);
        let when = closed::when(easel.browser, &refused, by);
        match words {
            Some(words) => {
                closed::draw(easel.portal, easel.browser, Some(&easel.me), status, words, when)
            }
            None => crate::failed::Failed::not_found(easel.portal, easel.browser),
        }
    }
}

pub(crate) fn all() -> Vec<Sample> {
    let counts = || json!({ "matching": 7, "selectable": 4 });
    vec![
        Sample::new("typical", move |easel| {
            page(easel, &drawn(typical(), accounts(), counts(), None, two()), None, None)
        })
        .key(),
        Sample::new("nothing_chosen", move |easel| {
            let error = Some(easel.browser.language.texts().request_choose_one());
            page(
                easel,
                &drawn(typical(), accounts(), counts(), None, Choice::default()),
                None,
                error,
            )
        }),
        Sample::new("passed_on", move |easel| {
            let note = Some(easel.browser.language.texts().request_passed_on());
            page(easel, &drawn(typical(), accounts(), counts(), None, two()), note, None)
        }),
        Sample::new("empty", |easel| {
            let none = json!({ "matching": 0, "selectable": 0 });
            let mut request = request("Larkfield Commerce Lab", "Shelf Report", None);
            request["counts"] = none.clone();
            page(easel, &drawn(request, Vec::new(), none, None, Choice::default()), None, None)
        }),
        Sample::new("all_of_many", |easel| {
            let many = (1..=50)
                .map(|number| account(number, &format!("Store {number}"), "admin", &Value::Null));
            let counts = json!({ "matching": 2_431, "selectable": 2_344 });
            let mut request = typical();
            request["counts"] = counts.clone();
            let choice = Choice { all: Some(String::new()), ..Choice::default() };
            page(easel, &drawn(request, many.collect(), counts, Some("next"), choice), None, None)
        }),
        Sample::new("longest", |easel| {
            let request = request(
                "Zusammenschluss ".repeat(6).trim_end(),
                "Wortungetüm ".repeat(8).trim_end(),
                None,
            );
            let long = account(1, &"Kaufhauskette".repeat(10), "technical_manager", &Value::Null);
            let counts = json!({ "matching": 1, "selectable": 1 });
            page(easel, &drawn(request, vec![long], counts, None, Choice::default()), None, None)
        }),
        Sample::new("lookalike", move |easel| {
            let request = request("L\u{430}rkfield", "Shelf Report", None);
            page(easel, &drawn(request, accounts(), counts(), None, Choice::default()), None, None)
        }),
        Sample::new("review", |easel| {
            let request: Request = read(typical());
            let names = vec!["Calder Bay Coffee".to_owned(), "Calder Bay Tea Rooms".to_owned()];
            let shown = Named { names, count: 2 };
            review::draw(easel.portal, easel.browser, &easel.me, LINK, &request, &two(), shown)
        })
        .key(),
        Sample::new("review_many", |easel| {
            let request: Request = read(typical());
            let names = (1..=100).map(|number| format!("Store {number}")).collect();
            let (shown, all) = (
                Named { names, count: 2_344 },
                Choice { all: Some(String::new()), ..Choice::default() },
            );
            review::draw(easel.portal, easel.browser, &easel.me, LINK, &request, &all, shown)
        }),
        Sample::new("deny", |easel| {
            review::draw_deny(easel.portal, easel.browser, &easel.me, LINK, &read(typical()))
        }),
        Sample::new("approved", |easel| {
            let t = easel.browser.language.texts();
            let words = (t.request_approved(2, "Shelf Report", "2"), t.request_approved_what());
            answer::done(easel.portal, easel.browser, &easel.me, &read(typical()), words)
        }),
        Sample::new("used", refused(StatusCode::CONFLICT, "link-already-used", By::Somebody)),
        Sample::new("used_by_you", refused(StatusCode::CONFLICT, "link-already-used", By::You)),
        Sample::new(
            "used_by_another",
            refused(StatusCode::CONFLICT, "link-already-used", By::Named("Ana Ferreira")),
        ),
        Sample::new("expired", refused(StatusCode::GONE, "link-expired", By::Somebody)),
        Sample::new("revoked", refused(StatusCode::GONE, "link-revoked", By::Somebody)),
        Sample::new(
            "app_not_active",
            refused(StatusCode::CONFLICT, "app-not-active", By::Somebody),
        ),
        Sample::new("unknown", refused(StatusCode::NOT_FOUND, "not-found", By::Somebody)),
    ]
}
