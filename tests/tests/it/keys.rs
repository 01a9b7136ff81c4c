//! Keys: rules 13 to 15.

use chrono::{DateTime, Duration, Utc};
use contract::Environment;
use journeys::events;
use journeys::people::{Key, RETAIL_MEDIA};
use journeys::system::{System, shared};
use serde_json::json;
use stage::eventually;

#[tokio::test]
async fn a_keys_fields_are_checked_and_its_secret_is_shown_once() {
    let organization = shared().await.operator().organization().await;
    let developer = &organization.developer;
    let app = developer.active_app(&organization, RETAIL_MEDIA).await;
    let path = format!("/v1/apps/{}/keys", app.id);
    for (field, wrong) in [
        ("name", json!(" ")),
        ("name", json!("x".repeat(101))),
        ("expires_at", json!("2020-01-01T00:00:00Z")),
        ("expires_at", json!("soon")),
        ("secret", json!("mine")),
    ] {
        let mut bad = json!({ "name": "a key" });
        bad[field] = wrong;
        developer.post(&path, bad).await.refuses_fields(&[field]);
    }
    let made = developer.post(&path, json!({ "name": "a key" })).await.expect(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let (id, secret) = (made.field("client_id"), made.field("client_secret"));
    // A recognisable prefix, and 256 bits in 43 URL-safe characters.
    let random = secret.strip_prefix("mandate_cs_").unwrap();
    assert_eq!(random.len(), 43);
    assert!(random.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    assert!(secret.ends_with(&made.field("hint")) && made.field("hint").len() == 4);
    let renamed =
        developer.patch(&format!("/v1/keys/{id}"), json!({ "name": "renamed" })).await.expect(200);
    let listed = organization.auditor.get(&path).await.expect(200);
    for shown in [renamed.text(), listed.text()] {
        assert!(shown.contains(&id) && shown.contains("renamed"));
        assert!(!shown.contains(&secret) && !shown.contains("client_secret"), "{shown}");
    }
    Key { client_id: id, client_secret: secret }.ask(developer).await.expect(200);
    eventually("its last use is shown", async || {
        let shown = developer.get(&path).await.expect(200).json;
        shown["items"][0]["last_used_at"].as_str().map(drop).ok_or(shown.to_string())
    })
    .await;
    let nobody = "0197d00000007000800000000000abcd";
    developer
        .patch(&format!("/v1/keys/{nobody}"), json!({ "name": "x" }))
        .await
        .problem(404, "key-not-found");
    developer.delete("/v1/keys/nonsense").await.expect(404);
}

#[tokio::test]
async fn a_deleted_key_works_for_15_more_minutes_and_a_leaked_one_not_at_all() {
    let organization = shared().await.operator().organization().await;
    let developer = &organization.developer;
    let app = developer.active_app(&organization, RETAIL_MEDIA).await;
    let (ending, leaked) = (developer.key(&app).await, developer.key(&app).await);
    let path = |key: &Key| format!("/v1/keys/{}", key.client_id);

    let deleted = developer.delete(&path(&ending)).await.expect(200);
    let time = |field| -> DateTime<Utc> { deleted.field(field).parse().unwrap() };
    assert_eq!(time("ends_at") - time("deleted_at"), Duration::minutes(15));
    assert_eq!(deleted.field("state"), "ending");
    ending.ask(developer).await.expect(200);
    assert_eq!(developer.delete(&path(&ending)).await.expect(200).json, deleted.json);
    developer.patch(&path(&ending), json!({ "name": "x" })).await.problem(409, "key-deleted");
    // A leaked one does not have to wait for its grace to end.
    let now = developer.delete(&format!("{}?now=true", path(&ending))).await.expect(200);
    assert_eq!(now.field("state"), "deleted");
    ending.ask(developer).await.expect(401);

    let itself = leaked.app(developer).await;
    developer.delete(&format!("{}?now=true", path(&leaked))).await.expect(200);
    leaked.ask(developer).await.expect(401);
    itself.get("/v1/me/accounts").await.problem(401, "invalid-token");
    let query = format!("organization_id={}", organization.id);
    let refused = events::found(&organization.auditor, &query, &["token.refused"; 2]).await;
    let mut refused = refused.iter().filter(|event| event.kind() == "token.refused");
    assert!(refused.all(
        |event| event.fact("reason") == "key_ended" && event.fact("app_id") == app.id.as_str()
    ));
}

#[tokio::test]
async fn when_its_time_is_over_a_key_never_works_again() {
    let system =
        System::configured("[key_issuer]\ndeletion_grace_seconds = 1\nexpiry_sweep_seconds = 1\n")
            .await;
    let organization = system.operator().organization().await;
    let developer = &organization.developer;
    let app = developer.active_app(&organization, RETAIL_MEDIA).await;
    let deleted = developer.key(&app).await;
    developer.delete(&format!("/v1/keys/{}", deleted.client_id)).await.expect(200);
    let soon = (Environment::system().now() + Duration::seconds(2)).to_rfc3339();
    let path = format!("/v1/apps/{}/keys", app.id);
    let expiring =
        developer.post(&path, json!({ "name": "short", "expires_at": soon })).await.expect(201);
    let expiring = Key {
        client_id: expiring.field("client_id"),
        client_secret: expiring.field("client_secret"),
    };
    for key in [&deleted, &expiring] {
        eventually("the key has ended", async || match key.ask(developer).await.status.as_u16() {
            401 => Ok(()),
            status => Err(status.to_string()),
        })
        .await;
    }
    let query = format!("app_id={}", app.id);
    let expired = events::one(&organization.auditor, &query, "key.expired", |_| true).await;
    assert_eq!(expired.attribute("actor"), "system/key-issuer");
    developer.delete(&format!("/v1/keys/{}", expiring.client_id)).await.problem(409, "key-expired");
    let states = developer.get(&path).await.expect(200).json;
    let mut states: Vec<&str> = states["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["state"].as_str().unwrap())
        .collect();
    states.sort_unstable();
    assert_eq!(states, ["deleted", "expired"]);
    system.stop().await;
}
