//! How keys end without surprise: rules 41 and 42, from the running system through a mail server.

use chrono::{DateTime, Duration, Utc};
use contract::Environment;
use journeys::events;
use journeys::people::{Key, RETAIL_MEDIA};
use journeys::system::{System, shared};
use local_servers::testing::{MailServer, MailServerOptions};
use serde_json::json;
use stage::{Answer, eventually};

fn key(answer: &Answer) -> Key {
    Key { client_id: answer.field("client_id"), client_secret: answer.field("client_secret") }
}

#[tokio::test]
async fn a_key_is_replaced_by_one_call_and_the_old_one_ends_when_it_says() {
    let organization = shared().await.operator().organization().await;
    let developer = &organization.developer;
    let app = developer.active_app(&organization, RETAIL_MEDIA).await;
    let old = developer.key(&app).await;
    let path = format!("/v1/keys/{}/replace", old.client_id);
    organization.auditor.post(&path, json!({})).await.problem(403, "role-not-allowed");
    for (field, wrong) in [
        ("old_ends", json!("soon")),
        ("old_ends", json!("2020-01-01T00:00:00Z")),
        ("expires_at", json!("2020-01-01T00:00:00Z")),
        ("client_secret", json!("mine")),
    ] {
        let mut body = json!({});
        body[field] = wrong;
        developer.post(&path, body).await.refuses_fields(&[field]);
    }
    let replaced = developer.post(&path, json!({})).await.expect(201);
    let new = key(&replaced);
    let ends_at = replaced.json["replaced"]["ends_at"].as_str().unwrap();
    let ends_at: DateTime<Utc> = ends_at.parse().unwrap();
    let created_at: DateTime<Utc> = replaced.field("created_at").parse().unwrap();
    assert_eq!(ends_at - created_at, Duration::minutes(15));
    old.ask(developer).await.expect(200);
    new.ask(developer).await.expect(200);
    developer.post(&path, json!({})).await.problem(409, "key-deleted");
    let at_once = format!("/v1/keys/{}/replace", new.client_id);
    let last = key(&developer.post(&at_once, json!({ "old_ends": "now" })).await.expect(201));
    new.ask(developer).await.expect(401);
    last.ask(developer).await.expect(200);

    let query = format!("app_id={}", app.id);
    let recorded = events::found(&organization.auditor, &query, &["key.deleted"; 2]).await;
    let created: Vec<_> = recorded.iter().filter(|event| event.kind() == "key.created").collect();
    let id = |key: &Key| uuid::Uuid::parse_str(&key.client_id).unwrap().to_string();
    assert_eq!(created[1].fact("replaces"), &json!(id(&old)));
    assert_eq!(created[2].fact("replaces"), &json!(id(&new)));
    let shown = organization.auditor.get(&format!("/v1/apps/{}/activity", app.id)).await;
    assert_eq!(shown.expect(200).json["keys"]["live"], 1);
}

#[tokio::test]
async fn a_reported_secret_ends_its_key_and_the_organization_is_told_by_mail() {
    let mail = MailServer::start(&MailServerOptions::default());
    let settings = format!(
        "[log]\nfilter = \"debug\"\n[directory.mail]\nfrom = \"no-reply@mandate.example.com\"\n\
         smtp = \"smtp://127.0.0.1:{}\"\n[key_issuer]\nexpiry_sweep_seconds = 1\n",
        mail.port()
    );
    let system = System::configured(&settings).await;
    let organization = system.operator().organization().await;
    let developer = &organization.developer;
    let app = developer.active_app(&organization, RETAIL_MEDIA).await;
    let path = format!("/v1/organizations/{}", organization.id);
    let contact = developer.get(&path).await.expect(200).field("contact_email");
    let leaked = developer.key(&app).await;
    let itself = leaked.app(developer).await;
    let url = "https://code.example/config.py";
    let report = json!([{ "token": leaked.client_secret, "type": "mandate", "url": url }]);
    system.anonymous().post("/v1/leak-reports", &report).await.expect(202);
    leaked.ask(developer).await.expect(401);
    itself.get("/v1/me/accounts").await.problem(401, "invalid-token");
    // The same again, and one of a person, whose token ends too.
    system.anonymous().post("/v1/leak-reports", &report).await.expect(202);
    let (_, session) = organization.auditor.session().await;
    let token = session.authorization().unwrap().replace("Bearer ", "");
    system.anonymous().post("/v1/leak-reports", json!([{ "token": token }])).await.expect(202);
    session.get("/v1/people/me").await.problem(401, "invalid-token");

    let told = eventually("the mail", async || {
        let mail = mail.mail_to(&contact).await;
        if mail.subject.contains("leaked") { Ok(mail) } else { Err(mail.subject) }
    })
    .await;
    assert!(told.text.contains(&leaked.client_id), "{}", told.text);
    let query = format!("app_id={}", app.id);
    let event = events::one(developer, &query, "key.leaked", |_| true).await;
    assert_eq!(event.attribute("actor"), "anonymous");
    let end = events::one(developer, &query, "key.deleted", |_| true).await;
    assert_eq!((end.fact("reason"), end.version()), (&json!("leaked"), event.version() + 1));

    // One that expires is told of, too.
    let soon =
        (Environment::system().now() + Duration::days(7) + Duration::seconds(2)).to_rfc3339();
    let body = json!({ "name": "short", "expires_at": soon });
    let short = key(&developer.post(&format!("/v1/apps/{}/keys", app.id), body).await.expect(201));
    let told = eventually("the mail", async || {
        let mail = mail.mail_to(&contact).await;
        if mail.subject.contains("expires on") { Ok(mail) } else { Err(mail.subject) }
    })
    .await;
    assert!(told.text.contains(&short.client_id), "{}", told.text);
    let event = events::one(developer, &query, "key.expiring", |_| true).await;
    assert_eq!(event.fact("days"), &json!(7));
    let said = system.said();
    for secret in [&leaked.client_secret, &token, &contact] {
        assert!(!said.contains(secret.as_str()), "a secret or an address is in the log");
    }
    system.stop().await;
}
