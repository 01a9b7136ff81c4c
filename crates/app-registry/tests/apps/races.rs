//! Attempts at the same time.

use axum::http::{Method, StatusCode};
use futures::future::join_all;
use serde_json::json;

use crate::images::{png, put_image};
use crate::stage::{Stage, complete};

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_beside_the_activation_comes_before_it_or_is_refused() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    for round in 0..12 {
        let id = developer.post("/v1/apps", complete()).await.field("id");
        let (path, activate) = (format!("/v1/apps/{id}"), format!("/v1/apps/{id}/activate"));
        let edits = (0..4).map(|n| developer.patch(&path, json!({"name": format!("Name {n}")})));
        let image = put_image(&developer, &path, png(8 + round, 8));
        let (edits, image, activated) =
            tokio::join!(join_all(edits), image, developer.act(&activate));
        assert_eq!(activated.status, StatusCode::OK, "{activated:?}");
        for edit in edits.iter().chain([&image]) {
            assert!([StatusCode::OK, StatusCode::CONFLICT].contains(&edit.status), "{edit:?}");
        }
        let changed =
            edits.iter().chain([&image]).filter(|edit| edit.status == StatusCode::OK).count();

        // Whatever the order was, what was activated is what there is, and activation came last.
        let app = developer.get(&path).await.json;
        assert_eq!(app, activated.json);
        let events = stage.events_of(&id).await;
        assert_eq!(events.len(), changed + 2, "{events:?}");
        assert_eq!(events.last().unwrap(), "mandate.app.activated.v1");
        let event = stage.last_event_of(&id).await;
        assert_eq!(event["data"]["domains"], app["domains"]);
        assert_eq!(stage.last_details_of(&id).await["name"], app["name"]);
        assert_eq!(
            event["data"].get("image_sha256").cloned().unwrap_or_default(),
            app["image_sha256"]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_activations_at_once_one_succeeds() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let id = developer.post("/v1/apps", complete()).await.field("id");
    let path = format!("/v1/apps/{id}/activate");
    let answers = join_all((0..16).map(|_| developer.act(&path))).await;
    let succeeded = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    assert_eq!(succeeded, 1);
    for answer in answers.iter().filter(|answer| answer.status != StatusCode::OK) {
        answer.problem(409, "app-activated-already");
    }
    assert_eq!(stage.events_of(&id).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_at_once_with_the_same_version_succeed_once() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let path = format!("/v1/apps/{}", developer.post("/v1/apps", complete()).await.field("id"));
    let edit = async |n: u32| {
        let body = json!({"name": format!("Name {n}")});
        developer
            .request(Method::PATCH, &path)
            .header("if-match", "\"1\"")
            .json(body)
            .send()
            .await
            .status
    };
    let statuses = join_all((0..16).map(edit)).await;
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::OK).count(), 1);
    assert!(statuses.iter().all(|s| [StatusCode::OK, StatusCode::PRECONDITION_FAILED].contains(s)));
}

#[tokio::test(flavor = "multi_thread")]
async fn creations_at_once_under_one_key_make_one_app() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let creations = (0..16).map(|_| {
        developer
            .request(Method::POST, "/v1/apps")
            .header("idempotency-key", "one")
            .json(complete())
            .send()
    });
    for answer in join_all(creations).await {
        if answer.status != StatusCode::CREATED {
            answer.problem(409, "idempotency-key-in-use");
        }
    }
    assert_eq!(stage.count_apps().await, 1);
}
