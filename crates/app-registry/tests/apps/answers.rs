//! What each endpoint answers, held by snapshots beside this file.

use axum::http::Method;
use insta::assert_json_snapshot;
use serde_json::json;
use stage::redacted;

use crate::images::{png, put_image};
use crate::stage::{Stage, complete, draft};

#[tokio::test]
async fn an_apps_life_is_answered_as_the_snapshots_say() {
    let stage = Stage::set().await;
    let (developer, operator) = (stage.developer(), stage.operator());
    let created = developer.post("/v1/apps", complete()).await;
    assert_json_snapshot!("create", redacted(&created));
    let path = format!("/v1/apps/{}", created.field("id"));
    assert_json_snapshot!("read", redacted(&developer.get(&path).await));
    let edited = developer.patch(&path, json!({ "description": null })).await;
    assert_json_snapshot!("edit", redacted(&edited));
    assert_json_snapshot!("set_image", redacted(&put_image(&developer, &path, png(8, 8)).await));
    let activated = developer.act(&format!("{path}/activate")).await;
    assert_json_snapshot!("activate", redacted(&activated));
    developer.post("/v1/apps", draft()).await.expect(201);
    let listed = developer.get("/v1/apps?limit=1").await;
    assert_json_snapshot!("list", redacted(&listed));
    let suspended = operator.act(&format!("{path}/suspend")).await;
    assert_json_snapshot!("suspend", redacted(&suspended));
    assert_json_snapshot!("resume", redacted(&operator.act(&format!("{path}/resume")).await));
    assert_json_snapshot!("archive", redacted(&developer.act(&format!("{path}/archive")).await));
    assert_json_snapshot!("catalogue", redacted(&stage.stranger().get("/v1/catalogue").await));
}

#[tokio::test]
async fn each_kind_of_problem_is_told_as_the_snapshots_say() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let mut wrong = draft();
    wrong["name"] = json!("");
    wrong["description"] = json!("x".repeat(256));
    let refused = developer.post("/v1/apps", wrong).await;
    assert_json_snapshot!("invalid_request", redacted(&refused));
    let path = format!("/v1/apps/{}", developer.post("/v1/apps", draft()).await.field("id"));
    let activate = format!("{path}/activate");
    assert_json_snapshot!("app_incomplete", redacted(&developer.act(&activate).await));
    assert_json_snapshot!("role_not_allowed", redacted(&stage.auditor().act(&activate).await));
    assert_json_snapshot!("app_not_found", redacted(&stage.stranger().get(&path).await));
    assert_json_snapshot!("invalid_token", redacted(&stage.nobody().get(&path).await));
    assert_json_snapshot!("method_not_allowed", redacted(&developer.delete(&path).await));
    let image = put_image(&developer, &path, b"<svg/>".to_vec()).await;
    assert_json_snapshot!("image_format", redacted(&image));
    let conditional = developer.request(Method::PATCH, &path).header("if-match", "\"7\"");
    let outdated = conditional.json(json!({ "name": "Other" })).send().await;
    assert_json_snapshot!("changed_meanwhile", redacted(&outdated));
    let frozen = format!("/v1/apps/{}", stage.active_app().await);
    let frozen = developer.patch(&frozen, json!({ "name": "Other" })).await;
    assert_json_snapshot!("app_frozen", redacted(&frozen));
}
