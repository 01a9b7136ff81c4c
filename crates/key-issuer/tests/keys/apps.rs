//! Following apps: suspension, and the end of an app's keys with the app (rule 11).

use axum::http::{Method, StatusCode};
use chrono::Duration;
use contract::facts::{KeyDeleted, KeyDeletionReason};
use serde_json::{Value, json};

use crate::stage::{Stage, keys_of, oauth};

#[tokio::test]
async fn a_key_works_at_once_and_not_only_when_the_apps_events_came() {
    let (stage, replica, app) = Stage::with_app().await;
    // The row is written with the key, from what the registry answered.
    let key = replica.key(app).await;
    assert_eq!(stage.known(app).await, Some(("active".to_owned(), 2)));
    assert_eq!(replica.token(&key).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_suspended_app_gets_no_tokens_until_it_is_resumed() {
    let (stage, replica, app) = Stage::with_app().await;
    let key = replica.key(app).await;
    // Remembered from here on, and no proof of anything.
    assert_eq!(replica.token(&key).await.status, StatusCode::OK);
    stage.registry.suspend(app).await;
    stage.until_known(app, "suspended").await;
    oauth(&replica.token(&key).await, 401, "invalid_client");
    stage.registry.resume(app).await;
    stage.until_known(app, "active").await;
    assert_eq!(replica.token(&key).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_archived_apps_keys_end_with_it_each_once() {
    let (stage, replica, app) = Stage::with_app().await;
    let other_replica = stage.replica().await;
    let live = replica.key(app).await;
    let in_grace = replica.key(app).await;
    let gone = replica.key(app).await;
    let elsewhere = replica.key(stage.registry.active_app().await).await;
    let delete = async |key: &(String, String), query: &str| {
        replica
            .ask("owner", Method::DELETE, &format!("/v1/keys/{}{query}", key.0), Value::Null)
            .await
    };
    delete(&in_grace, "").await;
    delete(&gone, "?now=true").await;
    stage.clock.advance(Duration::minutes(1));
    let cause = stage.registry.archive(app).await;
    stage.until_known(app, "archived").await;
    for replica in [&replica, &other_replica] {
        for key in [&live, &in_grace, &gone] {
            oauth(&replica.token(key).await, 401, "invalid_client");
        }
    }
    assert_eq!(replica.token(&elsewhere).await.status, StatusCode::OK);
    stage.until_ended(app).await;
    let followed: Vec<_> = stage
        .events("key.deleted")
        .await
        .into_iter()
        .filter(|event| event.causationid.is_some())
        .collect();
    let mut keys: Vec<_> = followed.iter().map(|event| event.data["key_id"].clone()).collect();
    keys.dedup();
    assert_eq!((followed.len(), keys.len()), (2, 2), "the live one and the one in its grace");
    for event in &followed {
        let fact: KeyDeleted = event.fact().unwrap();
        assert_eq!((fact.reason, fact.ends_at), (KeyDeletionReason::AppArchived, stage.env.now()));
        assert_eq!(
            (event.causationid, event.actor.to_string()),
            (Some(cause), "system/key-issuer".to_owned())
        );
        assert_eq!(event.organization, Some(stage.organization));
    }
    let list = replica.ask("auditor", Method::GET, &keys_of(app), Value::Null).await.json;
    assert!(list["items"].as_array().unwrap().iter().all(|key| key["state"] == json!("deleted")));
    let post = replica.ask("owner", Method::POST, &keys_of(app), json!({"name": "late"})).await;
    post.problem(409, "app-not-active");
}

#[tokio::test]
async fn an_app_that_ended_as_a_draft_or_before_its_keys_were_made_is_no_obstacle() {
    let stage = Stage::set().await;
    let replica = stage.replica().await;
    let draft = stage.registry.draft(contract::rpc::AuthenticationMethod::ClientCredentials).await;
    stage.registry.archive(draft).await;
    // What comes after it shows that the end of the draft was dealt with.
    let app = stage.registry.active_app().await;
    stage.until_known(app, "active").await;
    assert_eq!(stage.known(draft).await, None);
    assert_eq!(replica.token(&replica.key(app).await).await.status, StatusCode::OK);
}
