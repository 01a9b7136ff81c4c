//! What each endpoint answers, held by snapshots beside this file.

use insta::assert_json_snapshot;
use serde_json::json;
use stage::redacted;

use crate::stage::{Stage, keys_of};

#[tokio::test]
async fn a_keys_life_is_answered_as_the_snapshots_say() {
    let (stage, replica, app) = Stage::with_app().await;
    let developer = replica.client("developer");
    let created = developer.post(&keys_of(app), json!({ "name": "production" })).await;
    assert_json_snapshot!("create", redacted(&created));
    let path = format!("/v1/keys/{}", created.field("client_id"));
    assert_json_snapshot!("list", redacted(&developer.get(&keys_of(app)).await));
    let renamed = developer.patch(&path, json!({ "name": "Frankfurt" })).await;
    assert_json_snapshot!("rename", redacted(&renamed));
    let key = (created.field("client_id"), created.field("client_secret"));
    assert_json_snapshot!("token", redacted(&replica.token(&key).await));
    assert_json_snapshot!("jwks", redacted(&replica.client("nobody").get("/oauth2/jwks").await));
    assert_json_snapshot!("delete", redacted(&developer.delete(&path).await));
    assert_json_snapshot!("key_deleted", redacted(&developer.delete(&path).await));
    let end = developer.delete(&format!("{path}?now=true")).await;
    assert_json_snapshot!("delete_now", redacted(&end));
    assert_json_snapshot!("invalid_client", redacted(&replica.token(&key).await));
    stage.registry.suspend(app).await;
    stage.until_known(app, "suspended").await;
    let suspended = developer.post(&keys_of(app), json!({ "name": "late" })).await;
    assert_json_snapshot!("app_not_active", redacted(&suspended));
}

#[tokio::test]
async fn each_kind_of_problem_is_told_as_the_snapshots_say() {
    let (_stage, replica, app) = Stage::with_app().await;
    let developer = replica.client("developer");
    let wrong = developer.post(&keys_of(app), json!({ "name": "" })).await;
    assert_json_snapshot!("invalid_request", redacted(&wrong));
    let auditor = replica.client("auditor");
    let refused = auditor.post(&keys_of(app), json!({ "name": "a" })).await;
    assert_json_snapshot!("role_not_allowed", redacted(&refused));
    let hidden = replica.client("stranger").get(&keys_of(app)).await;
    assert_json_snapshot!("app_not_found", redacted(&hidden));
    let unknown = developer.delete("/v1/keys/no-client-id").await;
    assert_json_snapshot!("key_not_found", redacted(&unknown));
    for _ in 0..5 {
        replica.key(app).await;
    }
    let sixth = developer.post(&keys_of(app), json!({ "name": "sixth" })).await;
    assert_json_snapshot!("too_many_keys", redacted(&sixth));
    assert_json_snapshot!("oauth_invalid_request", redacted(&replica.form("x=1&x=2", &[]).await));
}
