//! Grants, as account holders see and end them: rule 23.

use journeys::events::{self, Event, count};
use journeys::people::{Account, App, Organization, Person, RETAIL_MEDIA};
use journeys::system::shared;
use serde_json::{Value, json};

async fn consented(organization: &Organization, app: &App, account: &Account) -> String {
    let link = organization.developer.link(app).await;
    let approved = account.admin().approve(&link, &[&account.id]).await.expect(200).json;
    approved["granted"][0]["grant_id"].as_str().unwrap().to_owned()
}

async fn grants(person: &Person, query: &str) -> Vec<Value> {
    let page = person.get(&format!("/v1/grants?{query}")).await.expect(200).json;
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn account_holders_see_all_grants_of_their_accounts_and_strangers_none() {
    let operator = shared().await.operator();
    let organization = operator.organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let account = operator.account(RETAIL_MEDIA, &["admin", "viewer"]).await;
    let grant = consented(&organization, &app, &account).await;
    for person in [account.admin(), account.person("viewer"), &organization.auditor] {
        let seen = grants(person, "").await;
        assert_eq!(seen.len(), 1);
        assert_eq!((&seen[0]["id"], &seen[0]["state"]), (&json!(grant), &json!("live")));
        assert_eq!(seen[0]["app"]["name"], "Shelf Optimizer");
        assert_eq!(seen[0]["domains"].as_array().unwrap().len(), 2);
    }
    // Whose app it is, and for those whose account it is where they can be reached.
    let path = format!("/v1/organizations/{}", organization.id);
    let known = organization.owner.get(&path).await.expect(200).json;
    for (person, contact) in
        [(account.person("viewer"), &known["contact_email"]), (&organization.auditor, &Value::Null)]
    {
        let app = &grants(person, "").await[0]["app"];
        assert_eq!(app["organization_id"], json!(organization.id));
        assert_eq!(app["organization_name"], known["name"]);
        assert_eq!(&app["contact_email"], contact);
    }
    let by = &grants(account.person("viewer"), "").await[0]["granted_by"];
    assert_eq!((&by["person_id"], &by["role"]), (&json!(account.admin().id), &json!("admin")));
    let stranger = operator.account(RETAIL_MEDIA, &["admin"]).await;
    assert_eq!(grants(stranger.admin(), "").await, Vec::<Value>::new());
    assert_eq!(
        grants(stranger.admin(), &format!("account_id={}", account.id)).await,
        Vec::<Value>::new()
    );
    account.admin().get("/v1/grants?state=lost").await.refuses_fields(&["state"]);
}

#[tokio::test]
async fn only_whoever_could_have_consented_ends_a_grant() {
    let operator = shared().await.operator();
    let organization = operator.organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let account = operator.account(RETAIL_MEDIA, &["admin", "technical_manager", "analyst"]).await;
    let elsewhere = operator.account(RETAIL_MEDIA, &["admin"]).await;
    let grant = consented(&organization, &app, &account).await;
    let path = format!("/v1/grants/{grant}");
    elsewhere.admin().delete(&path).await.problem(404, "grant-not-found");
    for person in [account.person("analyst"), &organization.owner] {
        person.delete(&path).await.problem(403, "role-not-allowed");
    }
    let itself = organization.developer.key(&app).await.app(&organization.developer).await;
    assert_eq!(
        itself.get("/v1/me/accounts").await.expect(200).json["items"][0]["id"],
        account.id.as_str()
    );
    account.person("technical_manager").delete(&path).await.expect(204);
    assert_eq!(itself.get("/v1/me/accounts").await.expect(200).json["items"], json!([]));
    // It ended once, and asking again changes nothing.
    account.admin().delete(&path).await.expect(204);
    let query = format!("app_id={}", app.id);
    let found = events::found(&organization.auditor, &query, &["consent.revoked"]).await;
    assert_eq!(count(found.iter().map(Event::kind))["consent.revoked"], 1);

    // And the account can consent anew.
    let second = consented(&organization, &app, &account).await;
    assert_ne!(second, grant);
    let mut states: Vec<Value> =
        grants(account.admin(), "").await.iter().map(|grant| grant["state"].clone()).collect();
    states.sort_by_key(Value::to_string);
    assert_eq!(states, ["live", "revoked"]);
}

#[tokio::test]
async fn a_whole_app_is_ended_on_all_accounts_where_the_person_may() {
    let operator = shared().await.operator();
    let organization = operator.organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let first = operator.account(RETAIL_MEDIA, &["admin", "viewer"]).await;
    let second = operator.account(RETAIL_MEDIA, &["admin"]).await;
    let third = operator.account(RETAIL_MEDIA, &["admin"]).await;
    operator.assign(&second, first.admin(), "business_manager").await;
    operator.assign(&third, first.admin(), "viewer").await;
    for account in [&first, &second, &third] {
        consented(&organization, &app, account).await;
    }
    let path = format!("/v1/grants?app_id={}", app.id);
    first.person("viewer").delete(&path).await.problem(403, "role-not-allowed");
    let ended = first.admin().delete(&path).await.expect(200).json;
    assert_eq!(ended["revoked"].as_array().unwrap().len(), 2);
    assert_eq!(ended["left"][0]["account_id"], third.id.as_str());
    let itself = organization.developer.key(&app).await.app(&organization.developer).await;
    let reached = itself.get("/v1/me/accounts").await.expect(200).json;
    assert_eq!(reached["items"].as_array().unwrap().len(), 1);
    first.person("viewer").delete(&path).await.problem(404, "grant-not-found");
    first.admin().delete("/v1/grants").await.refuses_fields(&["app_id"]);
}
