//! What pages ask, without deciding it: what may be done, what a selection becomes, how a draft will look, what ids are
//! called, and where a fact is in the log.

use journeys::people::{ACCOUNT_ROLES, RETAIL_MEDIA, draft};
use journeys::system::shared;
use journeys::{events, people};
use serde_json::{Value, json};
use stage::eventually;

/// The names of these operations.
fn allowed(answer: &Value) -> Vec<&str> {
    answer["allowed"].as_array().unwrap().iter().filter_map(Value::as_str).collect()
}

#[tokio::test]
async fn a_page_knows_what_it_may_offer_and_what_things_are_called() {
    let system = shared().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let (developer, auditor) = (&organization.developer, &organization.auditor);
    let account = operator.account(RETAIL_MEDIA, &ACCOUNT_ROLES).await;

    let asked = json!({
        "service": RETAIL_MEDIA,
        "domains": [{ "domain": "accounts", "level": "manage" }],
        "organization_id": organization.id,
    });
    let resolved = developer.post("/v1/catalogue/resolve", asked).await.expect(200).json;
    assert_eq!(resolved["domains"][1]["because"]["code"], "brought_by");
    assert_eq!(resolved["conflicts"][0]["code"], "not_enabled");

    let mut new = draft(&organization, RETAIL_MEDIA);
    new["authentication_method"] = json!("authorization_code");
    new["description"] = json!("Keeps shelves\r\nin order.");
    let made = developer.post("/v1/apps", new).await.expect(201);
    assert_eq!(made.json["description"], "Keeps shelves\nin order.");
    let path = format!("/v1/apps/{}", made.field("id"));
    let uris = format!("{path}/redirect-uris");
    developer
        .post(&uris, json!({ "uri": "http://shelves.example/" }))
        .await
        .refuses_fields(&["uri"]);
    developer.post(&uris, json!({ "uri": "https://shelves.example/cb" })).await.expect(201);
    let draft = developer.get(&path).await.expect(200).json;
    assert!(allowed(&draft).contains(&"activate"));
    assert!(allowed(&auditor.get(&path).await.expect(200).json).is_empty());
    let preview = developer.get(&format!("{path}/consent-preview?lang=fr")).await.expect(200).json;
    assert_eq!(preview["domains"][1]["title"], "Campagnes");
    let active = developer.act(&format!("{path}/activate")).await.expect(200).json;
    assert!(!allowed(&active).contains(&"edit") && allowed(&active).contains(&"create_link"));
    developer.post(&uris, json!({ "uri": "http://127.0.0.1:7000/cb" })).await.expect(201);

    let app = people::App { id: made.field("id") };
    let link = developer.link(&app).await;
    let request = format!("/v1/consent-requests/{}", link.token);
    let page = account.admin().get(&format!("{request}?lang=fr")).await.expect(200).json;
    for (name, shown) in preview.as_object().unwrap() {
        assert_eq!(page[name], *shown, "{name}");
    }
    let approval = json!({ "accounts": [account.id], "text_sha256": page["text_sha256"] });
    account.admin().post(&format!("{request}/approve"), approval).await.expect(200);

    let query = format!("app_id={}", app.id);
    let granted = events::one(&operator, &query, "consent.granted", |_| true).await;
    let event = granted.attribute("id").to_owned();
    let ids = json!({ "ids": [event] });
    eventually("the event has a place", async || {
        let places = account.admin().post("/v1/events/places", &ids).await.expect(200).json;
        places["items"][0]["position"].is_i64()
    })
    .await;

    let ids = json!({
        "people": [account.admin().id, developer.id], "apps": [app.id],
        "accounts": [account.id], "organizations": [organization.id],
    });
    let told = async |person: &people::Person| {
        let answer = person.post("/v1/names", &ids).await.expect(200).json;
        let named = |list: &str| {
            let entries = answer[list].as_array().unwrap();
            entries.iter().map(|entry| entry["name"].is_string()).collect::<Vec<_>>()
        };
        [named("people"), named("apps"), named("accounts"), named("organizations")].concat()
    };
    assert_eq!(told(account.admin()).await, [true, false, true, true, true]);
    assert_eq!(told(auditor).await, [false, true, true, false, true]);
    assert_eq!(told(&operator.person("Stranger").await).await, [false, false, true, false, true]);
}
