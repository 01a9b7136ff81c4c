//! Consent that ends: rules 35 to 39, in the running system.

use journeys::events::{self, Event, count};
use journeys::people::{Account, App, Organization, RETAIL_MEDIA};
use journeys::system::shared;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection};
use stage::eventually;

/// A consent for 30 days: the grant.
async fn consented(organization: &Organization, app: &App, account: &Account) -> String {
    let links = format!("/v1/apps/{}/consent-links", app.id);
    let link = organization.developer.post(&links, json!({ "grant_lifetime_days": 30 })).await;
    let path = format!("/v1/consent-requests/{}/approve", link.expect(201).field("token"));
    let approved = account.admin().post(&path, json!({ "accounts": [account.id] })).await;
    approved.expect(200).json["granted"][0]["grant_id"].as_str().unwrap().to_owned()
}

/// Lets so many days pass for a grant: behind the back of the service and its triggers.
async fn pass(grant: &str, days: i32) {
    let mut database = PgConnection::connect(&shared().await.servers.database.url).await.unwrap();
    database.execute("SET session_replication_role = replica").await.unwrap();
    let statement = "UPDATE consent_broker.grants
                     SET granted_at = granted_at - make_interval(days => $2),
                         renewed_at = renewed_at - make_interval(days => $2),
                         expires_at = expires_at - make_interval(days => $2),
                         notice_due_at = notice_due_at - make_interval(days => $2)
                     WHERE id = $1::uuid";
    let updated = sqlx::query(statement).bind(grant).bind(days).execute(&mut database).await;
    assert_eq!(updated.unwrap().rows_affected(), 1);
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_consent_is_told_of_renewed_and_ends_with_a_receipt_for_both_sides() {
    let operator = shared().await.operator();
    let organization = operator.organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let account = operator.account(RETAIL_MEDIA, &["admin", "analyst"]).await;
    let grant = consented(&organization, &app, &account).await;
    let itself = organization.developer.key(&app).await.app(&organization.developer).await;
    let of_app = format!("app_id={}", app.id);

    // Six days before the end whoever granted is told; and whoever may, renews.
    pass(&grant, 24).await;
    events::found(&organization.auditor, &of_app, &["consent-notice.sent"]).await;
    let renewal = format!("/v1/grants/{grant}/renew");
    account.person("analyst").act(&renewal).await.problem(403, "role-not-allowed");
    organization.owner.act(&renewal).await.problem(403, "role-not-allowed");
    let seen = account.admin().get("/v1/grants").await.expect(200).json["items"][0].clone();
    assert_eq!(seen["notices"][0]["days"], 7);
    let renewed = account.admin().act(&renewal).await.expect(200).json;
    assert!(renewed["expires_at"].as_str() > seen["expires_at"].as_str(), "{renewed}");

    // From its end on it reaches nothing, and the event follows.
    pass(&grant, 31).await;
    let reached = itself.get("/v1/me/accounts").await.expect(200).json;
    assert_eq!(reached["items"], json!([]));
    account.admin().act(&renewal).await.problem(409, "grant-ended");
    let wanted = ["consent.renewed", "consent.expired"];
    let found = events::found(&organization.auditor, &of_app, &wanted).await;
    let kinds = count(found.iter().map(Event::kind));
    assert_eq!((kinds["consent.expired"], kinds["consent-notice.sent"]), (1, 1));

    let path = format!("/v1/grants/{grant}/receipt");
    let places = |receipt: &Value| {
        let events = receipt["events"].as_array().unwrap();
        events.iter().map(|event| event["position"].as_i64()).collect::<Option<Vec<i64>>>()
    };
    for (person, told) in [(account.person("analyst"), true), (&organization.auditor, false)] {
        eventually("each event has its place", async || {
            places(&person.get(&path).await.expect(200).json).is_some()
        })
        .await;
        let receipt = person.get(&path).await.expect(200).json;
        assert_eq!(receipt["state"]["name"], "expired");
        assert_eq!(receipt["purposes"]["shown"]["app_name"], "Shelf Optimizer");
        assert_eq!(receipt["parties"]["granted_by"].is_object(), told);
        let positions = places(&receipt).unwrap();
        assert!(positions.len() == 3 && positions.is_sorted(), "{receipt}");
    }
    let stranger = operator.account(RETAIL_MEDIA, &["admin"]).await;
    stranger.admin().get(&path).await.problem(404, "grant-not-found");

    // What has ended stays to be seen, and the account can consent anew.
    let ended = account.admin().get("/v1/grants?state=expired").await.expect(200);
    assert_eq!(ended.ids(), [grant.as_str()]);
    assert_ne!(consented(&organization, &app, &account).await, grant);
}
