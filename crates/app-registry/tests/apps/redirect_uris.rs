//! `/v1/apps/{id}/redirect-uris` and `/v1/apps/{id}/pkce`

use axum::http::Method;
use futures::future::join_all;
use insta::assert_json_snapshot;
use serde_json::json;
use stage::{Client, redacted};

use crate::stage::{Stage, by_code, complete};

/// A new draft that authenticates by authorization code.
async fn draft(developer: &Client) -> String {
    developer.post("/v1/apps", by_code()).await.expect(201).field("id")
}

#[tokio::test]
async fn an_app_is_read_with_its_redirect_uris_and_its_place_in_the_log_where_that_is_asked_for() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let path = format!("/v1/apps/{}", draft(&developer).await);
    developer.post(&format!("{path}/redirect-uris"), uri(1)).await.expect(201);
    let read =
        async |with: &str| stage.auditor().get(&format!("{path}{with}")).await.expect(200).json;
    let without = read("").await;
    assert!(without.get("redirect_uris").is_none() && without.get("record").is_none());
    // The log does not answer here: an app is to be had all the same.
    let alone = read("?with=redirect_uris,record").await;
    assert_eq!(alone["redirect_uris"][0]["uri"], "https://example.com/cb/1");
    assert_eq!((&alone["id"], alone.get("record")), (&without["id"], None));
    let wrong = stage.auditor().get(&format!("{path}?with=records")).await;
    wrong.refuses_fields(&["with"]);

    stage.answer_places().await;
    let place = read("?with=record").await["record"].clone();
    assert_eq!(place["position"], 7);
    assert_eq!(stage.kind_of(&place["event_id"]).await, "mandate.app.created.v1");
    developer.act(&format!("{path}/activate")).await.expect(200);
    developer.post(&format!("{path}/redirect-uris"), uri(2)).await.expect(201);
    let place = read("?with=record").await["record"].clone();
    assert_eq!(stage.kind_of(&place["event_id"]).await, "mandate.app.activated.v1");
}

fn uri(n: usize) -> serde_json::Value {
    json!({ "uri": format!("https://example.com/cb/{n}") })
}

#[tokio::test]
async fn redirect_uris_are_kept_as_they_were_typed_and_change_after_activation() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let id = draft(&developer).await;
    let (path, uris) = (format!("/v1/apps/{id}"), format!("/v1/apps/{id}/redirect-uris"));
    let typed = "https://Example.com/Callback?a=%2F";
    let added = developer.post(&uris, json!({ "uri": typed })).await.expect(201);
    assert_json_snapshot!("add_redirect_uri", redacted(&added));
    let location = format!("{uris}/{}", added.field("id"));
    assert_eq!((added.header("location"), added.header("etag")), (location.as_str(), "\"2\""));
    let event = stage.last_event_of(&id).await;
    assert_eq!(event["data"], json!({ "app_id": id, "redirect_uri_id": added.field("id") }));
    assert_eq!(stage.last_details_of(&id).await, json!({ "uri": typed }));

    developer.act(&format!("{path}/activate")).await.expect(200);
    developer.post(&uris, json!({ "uri": "http://127.0.0.1:7000/" })).await.expect(201);
    let listed = stage.auditor().get(&uris).await.expect(200);
    assert_json_snapshot!("list_redirect_uris", redacted(&listed));
    assert_eq!(listed.json["items"][0], added.json);
    assert_eq!(developer.delete(&location).await.expect(204).body.len(), 0);
    assert_eq!(stage.last_details_of(&id).await, json!({ "uri": typed }));
    // Once more changes nothing, whichever version is named.
    let again = developer.request(Method::DELETE, &location).header("if-match", "\"1\"");
    again.send().await.expect(204);
    assert_eq!(stage.last_details_of(&id).await, json!({ "uri": typed }));
    assert_eq!(developer.get(&uris).await.json["items"].as_array().unwrap().len(), 1);
    // The same can be added again.
    developer.post(&uris, json!({ "uri": typed })).await.expect(201);
    let kinds = [
        "created",
        "redirect-uri-added",
        "activated",
        "redirect-uri-added",
        "redirect-uri-removed",
    ];
    let events = stage.events_of(&id).await;
    assert_eq!(events[..5], kinds.map(|kind| format!("mandate.app.{kind}.v1")));
}

#[tokio::test]
async fn the_same_one_too_many_and_what_is_none_are_refused() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let id = draft(&developer).await;
    let uris = format!("/v1/apps/{id}/redirect-uris");
    for n in 0..30 {
        developer.post(&uris, uri(n)).await.expect(201);
    }
    developer.post(&uris, uri(7)).await.problem_with(409, "redirect-uri-registered", &["uri"]);
    developer.post(&uris, uri(30)).await.problem(409, "too-many-redirect-uris");
    for wrong in ["http://example.com/cb", "https://example.com/#", "https://a b/", ""] {
        developer.post(&uris, json!({ "uri": wrong })).await.refuses_fields(&["uri"]);
    }
    let refused = developer.post(&uris, json!({ "uri": "http://example.com/cb" })).await;
    assert_json_snapshot!("redirect_uri_refused", redacted(&refused));
    assert_eq!(stage.events_of(&id).await.len(), 31);
}

#[tokio::test]
async fn apps_of_client_credentials_have_none_and_archived_apps_keep_theirs() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let id = developer.post("/v1/apps", complete()).await.field("id");
    let path = format!("/v1/apps/{id}");
    let slug = "app-without-redirect-uris";
    developer.get(&format!("{path}/redirect-uris")).await.problem(409, slug);
    developer.post(&format!("{path}/redirect-uris"), uri(1)).await.problem(409, slug);
    let unknown = format!("{path}/redirect-uris/{id}");
    developer.delete(&unknown).await.problem(409, slug);
    let pkce = format!("{path}/pkce");
    developer.put(&pkce, json!({ "required": false })).await.problem(409, slug);
    assert_eq!(developer.get(&path).await.json["pkce_required"], json!(null));

    let id = draft(&developer).await;
    let path = format!("/v1/apps/{id}");
    let uris = format!("{path}/redirect-uris");
    let added = developer.post(&uris, uri(1)).await.expect(201).field("id");
    developer.act(&format!("{path}/archive")).await.expect(200);
    developer.post(&uris, uri(2)).await.problem(409, "app-archived");
    developer.delete(&format!("{uris}/{added}")).await.problem(409, "app-archived");
    let pkce = format!("{path}/pkce");
    developer.put(&pkce, json!({ "required": false })).await.problem(409, "app-archived");
    assert_eq!(developer.get(&uris).await.json["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn another_apps_redirect_uri_is_not_this_ones() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let (one, other) = (draft(&developer).await, draft(&developer).await);
    let added = developer.post(&format!("/v1/apps/{one}/redirect-uris"), uri(1)).await.field("id");
    let path = format!("/v1/apps/{other}/redirect-uris/{added}");
    developer.delete(&path).await.expect(204);
    let uris = format!("/v1/apps/{one}/redirect-uris");
    assert_eq!(developer.get(&uris).await.json["items"][0]["id"], json!(added));
    let path = format!("/v1/apps/{one}/redirect-uris/{added}");
    stage.stranger().delete(&path).await.problem(404, "app-not-found");
    stage
        .stranger()
        .get(&format!("/v1/apps/{one}/redirect-uris"))
        .await
        .problem(404, "app-not-found");
}

#[tokio::test]
async fn pkce_is_required_unless_it_is_said_otherwise() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let id = draft(&developer).await;
    let (path, pkce) = (format!("/v1/apps/{id}"), format!("/v1/apps/{id}/pkce"));
    assert_eq!(developer.get(&path).await.json["pkce_required"], true);
    developer.put(&pkce, json!({ "required": true })).await.expect(200);
    developer.act(&format!("{path}/activate")).await.expect(200);
    let changed = developer.put(&pkce, json!({ "required": false })).await.expect(200);
    assert_eq!(changed.json["pkce_required"], false);
    assert_eq!(developer.get(&path).await.json, changed.json);
    let event = stage.last_event_of(&id).await;
    assert_eq!(event["type"], "mandate.app.pkce-changed.v1");
    assert_eq!(event["data"], json!({ "app_id": id, "required": false }));
    assert_eq!(stage.events_of(&id).await.len(), 3);
    let outdated = developer.request(Method::PUT, &pkce).header("if-match", "\"1\"");
    let outdated = outdated.json(json!({ "required": true })).send().await;
    outdated.problem(412, "changed-meanwhile");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_redirect_uris_added_at_once_there_are_as_many_as_there_may_be() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let id = draft(&developer).await;
    let uris = format!("/v1/apps/{id}/redirect-uris");
    for n in 0..25 {
        developer.post(&uris, uri(n)).await.expect(201);
    }
    // Twelve for five places, each twice.
    let answers = join_all((0..24).map(|n| developer.post(&uris, uri(25 + n / 2)))).await;
    let added = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(added, 5);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        let slug = answer.json["type"].as_str().unwrap().rsplit(':').next().unwrap();
        assert!(["redirect-uri-registered", "too-many-redirect-uris"].contains(&slug), "{slug}");
        answer.problem(409, slug);
    }
    assert_eq!(developer.get(&uris).await.json["items"].as_array().unwrap().len(), 30);
    assert_eq!(stage.events_of(&id).await.len(), 31);
}

#[tokio::test]
async fn a_repeated_request_adds_no_second_one() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let id = draft(&developer).await;
    let uris = format!("/v1/apps/{id}/redirect-uris");
    let add = async || {
        let request = developer.request(Method::POST, &uris).json(uri(1));
        request.header("idempotency-key", "once").send().await.expect(201)
    };
    let first = add().await;
    let again = add().await;
    assert_eq!((&again.json, again.header("idempotent-replayed")), (&first.json, "true"));
    assert_eq!(stage.events_of(&id).await.len(), 2);
}
