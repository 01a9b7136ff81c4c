//! Consents, their end, and their receipts.

use axum::response::Response;
use serde_json::{Value, json};

use super::{Order, Renewed, draw, ended, receipt, revoke};
use crate::api::consents::{Consents, Receipt};
use crate::gallery::easel::{Easel, read};
use crate::gallery::sample::Sample;

/// The consent of an account to an app, both by number.
fn consent(number: u8, app: u8, account: &str, state: &str) -> Value {
    let own = !number.is_multiple_of(3);
    json!({
        "id": format!("0195b2a0-0000-7000-8000-0000000009{number:02}"),
        "link_id": format!("0195b2a0-0000-7000-8000-0000000008{app:02}"),
        "app": {
            "id": format!("0195b2a0-0000-7000-8000-0000000000b{app}"),
            "name": if app == 2 { "Shelf Report" } else { "Budget Watch" },
            "organization_name": if app == 2 { "Larkfield Commerce Lab" } else { "Brightrow Media Desk" },
            "contact_email": if app == 2 { "api@larkfield.example" } else { "hello@brightrow.example" },
        },
        "account": {
            "id": format!("0195b2a0-0000-7000-8000-0000000007{number:02}"), "name": account, "service": "retail_media",
        },
        "domains": [{ "domain": "analytics", "level": "read" }, { "domain": "campaigns", "level": "manage" }],
        "state": state,
        "granted_at": "2026-11-12T13:02:11Z",
        "granted_by": {
            "person_id": if own { "0195b2a0-0000-7000-8000-000000000001" } else { "0195b2a0-0000-7000-8000-000000000003" },
            "name": if own { "Developer" } else { "Business manager" },
            "role": "admin",
        },
        "expires_at": if number == 5 { "2026-11-19T09:31:00Z" } else { "2027-11-12T13:02:11Z" },
        "ended_at": if state == "live" { Value::Null } else { json!("2026-09-01T10:00:00Z") },
        "last_used_at": if number == 1 { json!("2026-11-12T13:01:00Z") } else { Value::Null },
        "allowed": if state == "live" { json!(["renew", "revoke"]) } else { json!([]) },
    })
}

fn live() -> Vec<Value> {
    let mut of_the_first = consent(5, 1, "Calder Bay Coffee", "live");
    of_the_first["account"]["id"] = json!("0195b2a0-0000-7000-8000-000000000701");
    vec![
        consent(1, 2, "Calder Bay Coffee", "live"),
        consent(2, 2, "Calder Bay Tea Rooms", "live"),
        consent(3, 2, "Brindle Baby", "live"),
        of_the_first,
    ]
}

fn of(
    items: Value,
    next: Option<&'static str>,
    order: Order,
    renewed: Option<Renewed>,
) -> impl Fn(&Easel<'_>) -> Response {
    move |easel| {
        let consents: Consents = read(json!({ "items": items, "next_cursor": next }));
        let catalogue = easel.catalogue();
        draw(easel.portal, easel.browser, &easel.me, consents, &catalogue, order, renewed)
    }
}

fn a_receipt(state: &str, account: &str) -> Value {
    json!({
        "record_id": "0195b2a0-0000-7000-8000-000000000901",
        "issued_at": "2026-11-12T13:04:00Z",
        "parties": {
            "account": { "id": "0195b2a0-0000-7000-8000-000000000701", "name": account },
            "app": { "id": "0195b2a0-0000-7000-8000-0000000000b2", "name": "Shelf Report" },
            "organization": { "name": "Larkfield Commerce Lab", "contact_email": "api@larkfield.example" },
            "granted_by": { "person_id": "0195b2a0-0000-7000-8000-000000000001", "name": "Account admin" },
        },
        "purposes": {
            "shown": {
                "app_name": "Shelf Report", "organization_name": "Larkfield Commerce Lab", "language": "en",
                "domains": [
                    { "title": "Analytics", "level": "read", "descriptions": ["See your performance reports."] },
                    { "title": "Campaigns", "level": "manage", "descriptions": ["See your campaigns.", "Create, change and stop your campaigns."] },
                ],
            },
            "text_sha256": "7e0c5fb193ad22647e0c5fb193ad22647e0c5fb193ad22647e0c5fb193ad2264",
        },
        "state": {
            "name": state, "granted_at": "2026-11-12T13:02:11Z", "expires_at": "2027-11-12T13:02:11Z",
            "ended_at": if state == "live" { Value::Null } else { json!("2026-11-12T13:03:40Z") },
            "link_id": "0195b2a0-0000-7000-8000-000000000802",
        },
        "events": [{ "id": "0195b2a0-0000-7000-8000-000000000e02", "time": "2026-11-12T13:02:11Z", "position": 184_201 }],
    })
}

fn receipt_of(receipt: Value, newest: Vec<Value>) -> impl Fn(&Easel<'_>) -> Response {
    move |easel| {
        let newest = read(json!({ "items": newest, "next_cursor": null }));
        let approved = receipt::Approved::default();
        receipt::draw(
            easel.portal,
            easel.browser,
            &easel.me,
            &read(receipt.clone()),
            &newest,
            &approved,
        )
    }
}

pub(crate) fn all() -> Vec<Sample> {
    let many: Vec<_> =
        (1..=25).map(|number| consent(number, 2, &format!("Store {number}"), "live")).collect();
    let mut erased = a_receipt("revoked", "Calder Bay Coffee");
    erased["purposes"]["shown"] = Value::Null;
    erased["parties"]["granted_by"] = Value::Null;
    vec![
        Sample::new("typical", of(json!(live()), None, Order::App, None)).key(),
        Sample::new("by_account", of(json!(live()), None, Order::Account, None)),
        Sample::new("renewed", of(json!(live()), None, Order::App, Some(Renewed::Yes))),
        Sample::new("may_not", of(json!(live()), None, Order::App, Some(Renewed::NotAllowed))),
        Sample::new("empty", of(json!([]), None, Order::App, None)),
        Sample::new("many", of(json!(many), Some("next"), Order::App, None)),
        Sample::new("ended", |easel| {
            let items = vec![
                read(consent(7, 1, "Ninepin Garden", "expired")),
                read(consent(8, 2, "Quince & Rye Bakery", "revoked")),
            ];
            ended::draw(
                easel.portal,
                easel.browser,
                &easel.me,
                ended::Found { items, revoked: None, expired: None },
            )
        }),
        Sample::new("none_ended", |easel| {
            let found = ended::Found { items: Vec::new(), revoked: None, expired: None };
            ended::draw(easel.portal, easel.browser, &easel.me, found)
        }),
        Sample::new("receipt", receipt_of(a_receipt("live", "Calder Bay Coffee"), live())).key(),
        Sample::new("receipt_ended", receipt_of(erased, Vec::new())),
        Sample::new("receipt_of_some", |easel| {
            let receipt: Receipt = read(a_receipt("live", "Calder Bay Coffee"));
            let link = Some(receipt.state.link_id);
            let approved = receipt::Approved { link, count: Some(12), already: Some(2) };
            let newest = read(json!({ "items": live(), "next_cursor": null }));
            receipt::draw(easel.portal, easel.browser, &easel.me, &receipt, &newest, &approved)
        }),
        Sample::new(
            "receipt_longest",
            receipt_of(a_receipt("live", &"Kaufhauskette".repeat(12)), Vec::new()),
        ),
        Sample::new("revoke", |easel| {
            let receipt = read(a_receipt("live", "Calder Bay Coffee"));
            revoke::draw(easel.portal, easel.browser, &easel.me, &receipt)
        })
        .key(),
        Sample::new("revoke_app", |easel| {
            let first = read(consent(1, 2, "Calder Bay Coffee", "live"));
            revoke::draw_app(easel.portal, easel.browser, &easel.me, &first, 3, false)
        }),
    ]
}
