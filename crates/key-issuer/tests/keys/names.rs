//! Renaming keys (rule 13).

use axum::http::{Method, StatusCode};
use contract::ClientId;
use serde_json::{Value, json};

use crate::stage::Stage;

#[tokio::test]
async fn a_key_gets_another_name_and_leaves_an_event() {
    let (stage, replica, app) = Stage::with_app().await;
    let path = format!("/v1/keys/{}", replica.key(app).await.0);
    let answer =
        replica.ask("developer", Method::PATCH, &path, json!({"name": " Frankfurt "})).await;
    assert_eq!((answer.status, answer.header("etag")), (StatusCode::OK, "\"2\""));
    assert_eq!(answer.json["name"], "Frankfurt");
    let again = replica.ask("owner", Method::PATCH, &path, json!({"name": "Frankfurt"})).await;
    assert_eq!(
        (again.status, again.header("etag")),
        (StatusCode::OK, "\"2\""),
        "the same name is no change"
    );
    let [event] = &stage.events("key.renamed").await[..] else { panic!("one event") };
    assert_eq!(event.streamversion.number(), 2);
    let client_id: ClientId = answer.json["client_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(event.data, json!({"key_id": client_id.key_id(), "app_id": app}));
    assert_eq!(stage.details(event).await, json!({"name": "Frankfurt"}));
}

#[tokio::test]
async fn refusals() {
    let (stage, replica, app) = Stage::with_app().await;
    let path = format!("/v1/keys/{}", replica.key(app).await.0);
    let body = json!({"name": "other"});
    let ask = async |person| replica.ask(person, Method::PATCH, &path, body.clone()).await;
    assert_eq!(ask("nobody").await.status, StatusCode::UNAUTHORIZED);
    ask("stranger").await.problem(404, "key-not-found");
    ask("auditor").await.problem(403, "role-not-allowed");
    for unknown in ["0192aaaabbbb7ccc8dddeeeeffff0001", "no-client-id"] {
        let answer =
            replica.ask("owner", Method::PATCH, &format!("/v1/keys/{unknown}"), body.clone()).await;
        answer.problem(404, "key-not-found");
    }
    for (wrong, field) in
        [(json!({"name": ""}), "name"), (json!({"expires_at": null}), "expires_at")]
    {
        let answer = replica.ask("owner", Method::PATCH, &path, wrong).await;
        assert_eq!(answer.json["errors"][0]["field"], field, "{answer:?}");
    }
    let stale = replica
        .ask_with("owner", Method::PATCH, &path, body.clone(), &[("if-match", "\"7\"")])
        .await;
    stale.problem(412, "changed-meanwhile");
    replica.ask("owner", Method::DELETE, &path, Value::Null).await;
    ask("owner").await.problem(409, "key-deleted");
    assert!(stage.events("key.renamed").await.is_empty());
    let refused = stage.events("access.refused").await;
    assert_eq!((refused.len(), &refused[0].data["operation"]), (1, &json!("key.rename")));
}
