//! What a suspended or archived app loses: rule 11.

use journeys::events;
use journeys::people::{App, RETAIL_MEDIA};
use journeys::system::shared;
use serde_json::json;
use stage::eventually;

fn path(app: &App) -> String {
    format!("/v1/apps/{}", app.id)
}

#[tokio::test]
async fn a_suspended_app_gets_no_token_until_it_is_resumed() {
    let organization = shared().await.operator().organization().await;
    let operator = shared().await.operator();
    let developer = &organization.developer;
    let app = developer.active_app(&organization, RETAIL_MEDIA).await;
    let key = developer.key(&app).await;
    let itself = key.app(developer).await;
    let link = developer.link(&app).await;
    let act = async |what: &str| operator.act(&format!("{}/{what}", path(&app))).await;
    act("resume").await.problem(409, "app-not-suspended");
    act("suspend").await.expect(200);
    act("suspend").await.problem(409, "app-not-active");

    eventually("the key issuer knows of the suspension", async || match key.ask(developer).await {
        refused if refused.status == 401 => {
            assert_eq!(refused.field("error"), "invalid_client");
            Ok(())
        }
        answer => Err(answer.text()),
    })
    .await;
    itself.get("/v1/me/accounts").await.problem(401, "invalid-token");
    let keys = format!("{}/keys", path(&app));
    developer.post(&keys, json!({ "name": "more" })).await.problem(409, "app-not-active");
    let links = format!("{}/consent-links", path(&app));
    developer.post(&links, json!({})).await.problem(409, "app-not-active");
    let account = operator.account(RETAIL_MEDIA, &["admin"]).await;
    account.admin().approve(&link, &[&account.id]).await.problem(409, "app-not-active");
    let query = format!("organization_id={}", organization.id);
    let refused = events::one(&organization.auditor, &query, "token.refused", |_| true).await;
    assert_eq!(refused.fact("reason"), "app_suspended");

    act("resume").await.expect(200);
    eventually("the app gets tokens again", async || match key.ask(developer).await {
        answer if answer.status == 200 => Ok(()),
        answer => Err(answer.text()),
    })
    .await;
    account.admin().approve(&link, &[&account.id]).await.expect(200);
}

#[tokio::test]
async fn an_archived_app_takes_its_keys_tokens_links_and_grants_with_it() {
    let organization = shared().await.operator().organization().await;
    let operator = shared().await.operator();
    let developer = &organization.developer;
    let app = developer.active_app(&organization, RETAIL_MEDIA).await;
    let key = developer.key(&app).await;
    let itself = key.app(developer).await;
    let account = operator.account(RETAIL_MEDIA, &["admin"]).await;
    let used = developer.link(&app).await;
    account.admin().approve(&used, &[&account.id]).await.expect(200);
    let open = developer.link(&app).await;

    developer.act(&format!("{}/archive", path(&app))).await.expect(200);
    // Nothing new comes of it from this moment on.
    let keys = format!("{}/keys", path(&app));
    developer.post(&keys, json!({ "name": "more" })).await.problem(409, "app-not-active");
    let links = format!("{}/consent-links", path(&app));
    developer.post(&links, json!({})).await.problem(409, "app-not-active");
    account.admin().approve(&open, &[&account.id]).await.problem(410, "link-revoked");
    // What there was ends with the event.
    let query = format!("organization_id={}", organization.id);
    let ends = ["app.archived", "key.deleted", "consent-link.revoked", "consent.revoked"];
    let found = events::found(&organization.auditor, &query, &ends).await;
    let archived = found.iter().find(|event| event.kind() == "app.archived").unwrap();
    for (kind, service) in [
        ("key.deleted", "key-issuer"),
        ("consent-link.revoked", "consent-broker"),
        ("consent.revoked", "consent-broker"),
    ] {
        let event = found.iter().find(|event| event.kind() == kind).unwrap();
        assert_eq!(event.fact("reason"), "app_archived");
        assert_eq!(event.attribute("actor"), format!("system/{service}"));
        // What it followed from.
        assert_eq!(event.attribute("causationid"), archived.attribute("id"), "{kind}");
        assert_eq!(event.attribute("correlationid"), archived.attribute("correlationid"), "{kind}");
    }
    itself.get("/v1/me/accounts").await.problem(401, "invalid-token");
    assert_eq!(key.ask(developer).await.expect(401).field("error"), "invalid_client");
    let grants = account.admin().get("/v1/grants").await.expect(200).json;
    assert_eq!(
        (&grants["items"][0]["state"], &grants["items"][0]["revocation_reason"]),
        (&json!("revoked"), &json!("app_archived"))
    );

    for act in ["archive", "activate", "suspend", "resume"] {
        let who = if act.starts_with('s') || act == "resume" { &*operator } else { &**developer };
        who.act(&format!("{}/{act}", path(&app))).await.problem(409, "app-archived");
    }
    developer.patch(&path(&app), json!({ "name": "Other" })).await.problem(409, "app-frozen");
    // Never deleted: it is still there to be read.
    assert_eq!(developer.get(&path(&app)).await.expect(200).field("state"), "archived");
}
