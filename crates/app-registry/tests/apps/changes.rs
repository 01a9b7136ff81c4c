//! An app's life: edited, activated, suspended, resumed, archived.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::images::{png, put_image};
use crate::stage::{Stage, complete, draft};

#[tokio::test]
async fn the_wizard_saves_a_draft_step_by_step_and_activation_ends_it() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let id = developer.post("/v1/apps", draft()).await.field("id");
    let path = format!("/v1/apps/{id}");
    let answer = developer.patch(&path, json!({"service": "retail_media"})).await;
    assert_eq!((answer.status, answer.header("etag")), (StatusCode::OK, "\"2\""), "{answer:?}");
    let answer =
        developer.patch(&path, json!({"domains": [{"domain": "catalog", "level": "read"}]})).await;
    assert_eq!(answer.json["domains"], json!([{"domain": "catalog", "level": "read"}]));
    let answer = developer.act(&format!("{path}/activate")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.json["state"], "active");
    assert_eq!(answer.json["scopes"], json!(["RetailMedia_Catalog_Read"]));
    assert!(answer.json["activated_at"].is_string());
    assert_eq!(
        stage.events_of(&id).await,
        [
            "mandate.app.created.v1",
            "mandate.app.edited.v1",
            "mandate.app.edited.v1",
            "mandate.app.activated.v1"
        ]
    );
}

#[tokio::test]
async fn a_change_that_changes_nothing_leaves_no_event() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let created = developer.post("/v1/apps", draft()).await;
    let path = format!("/v1/apps/{}", created.field("id"));
    for nothing in [
        json!({}),
        json!({"name": "Shelf Optimizer"}),
        json!({"authentication_method": "client_credentials"}),
    ] {
        let answer = developer.patch(&path, nothing).await;
        assert_eq!((answer.status, &answer.json), (StatusCode::OK, &created.json));
    }
    assert_eq!(stage.events_of(&created.field("id")).await.len(), 1);
}

#[tokio::test]
async fn a_description_is_removed_by_null_and_a_name_is_not() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let mut body = draft();
    body["description"] = json!("Keeps shelves full.");
    let path = format!("/v1/apps/{}", developer.post("/v1/apps", body).await.field("id"));
    let answer = developer.patch(&path, json!({"description": null})).await;
    assert_eq!(answer.json["description"], json!(null), "{answer:?}");
    let answer = developer.patch(&path, json!({"name": null})).await;
    answer.refuses_fields(&["name"]);
}

#[tokio::test]
async fn what_is_fixed_stays_and_what_is_unknown_is_refused() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let path = format!("/v1/apps/{}", developer.post("/v1/apps", complete()).await.field("id"));
    let answer = developer.patch(&path, json!({"service": "marketing_solutions"})).await;
    answer.problem_with(409, "service-fixed", &["service"]);
    let answer =
        developer.patch(&path, json!({"authentication_method": "authorization_code"})).await;
    answer.problem_with(409, "authentication-method-fixed", &["authentication_method"]);
    let answer = developer.patch(&path, json!({"state": "active"})).await;
    answer.refuses_fields(&["state"]);
    let answer =
        developer.patch(&path, json!({"domains": [{"domain": "x", "level": "read"}]})).await;
    answer.refuses_fields(&["domains[0]"]);
}

#[tokio::test]
async fn a_change_based_on_an_old_version_is_refused() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let path = format!("/v1/apps/{}", developer.post("/v1/apps", complete()).await.field("id"));
    let rename = async |name: &str, tag: &str| {
        developer
            .request(Method::PATCH, &path)
            .header("if-match", tag)
            .json(json!({ "name": name }))
            .send()
            .await
    };
    assert_eq!(rename("Second", "\"1\"").await.status, StatusCode::OK);
    assert_eq!(rename("Third", "\"1\"").await.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(rename("Third", "\"2\"").await.status, StatusCode::OK);
    let outdated = developer
        .request(Method::POST, &format!("{path}/activate"))
        .header("if-match", "\"1\"")
        .send()
        .await;
    assert_eq!(outdated.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(developer.get(&path).await.json["name"], "Third");
}

#[tokio::test]
async fn activation_names_what_is_missing() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let path = format!("/v1/apps/{}", developer.post("/v1/apps", draft()).await.field("id"));
    let activate = format!("{path}/activate");
    let answer = developer.act(&activate).await;
    answer.problem_with(422, "app-incomplete", &["service"]);
    developer.patch(&path, json!({"service": "retail_media"})).await;
    let answer = developer.act(&activate).await;
    answer.problem_with(422, "app-incomplete", &["domains"]);
}

#[tokio::test]
async fn activation_needs_a_confirmed_organization() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let activate =
        format!("/v1/apps/{}/activate", developer.post("/v1/apps", complete()).await.field("id"));
    stage.confirm(false);
    let answer = developer.act(&activate).await;
    answer.problem(409, "organization-not-confirmed");
    stage.confirm(true);
    assert_eq!(developer.act(&activate).await.status, StatusCode::OK);
}

#[tokio::test]
async fn activation_needs_the_domains_on_request_enabled_still() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    stage.enable("retail_media/billing:read");
    let mut body = complete();
    body["domains"] = json!([{"domain": "billing", "level": "read"}]);
    let activate =
        format!("/v1/apps/{}/activate", developer.post("/v1/apps", body).await.field("id"));
    stage.disable_all();
    let answer = developer.act(&activate).await;
    answer.refuses_fields(&["domains[0]"]);
    stage.enable("retail_media/billing:read");
    assert_eq!(developer.act(&activate).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_activated_app_never_changes_whatever_becomes_of_it() {
    let stage = Stage::set().await;
    let (developer, operator) = (stage.developer(), stage.operator());
    let id = stage.active_app().await;
    let path = format!("/v1/apps/{id}");
    let frozen = async || {
        for change in [
            json!({"name": "Other"}),
            json!({"description": "Other"}),
            json!({"service": "marketing_solutions"}),
            json!({"authentication_method": "authorization_code"}),
            json!({"domains": [{"domain": "catalog", "level": "read"}]}),
            json!({}),
        ] {
            developer.patch(&path, change).await.problem(409, "app-frozen");
        }
        let image = put_image(&developer, &path, png(8, 8)).await;
        image.problem(409, "app-frozen");
    };
    let before = developer.get(&path).await.json;
    frozen().await;
    developer.act(&format!("{path}/activate")).await.problem(409, "app-activated-already");
    assert_eq!(developer.get(&path).await.json, before);
    assert_eq!(operator.act(&format!("{path}/suspend")).await.json["state"], "suspended");
    frozen().await;
    assert_eq!(developer.act(&format!("{path}/archive")).await.json["state"], "archived");
    frozen().await;
}

#[tokio::test]
async fn an_operator_suspends_and_resumes_an_active_app() {
    let stage = Stage::set().await;
    let operator = stage.operator();
    let id = stage.active_app().await;
    let act = async |what: &str| operator.act(&format!("/v1/apps/{id}/{what}")).await;
    act("resume").await.problem(409, "app-not-suspended");
    assert_eq!(act("suspend").await.json["state"], "suspended");
    act("suspend").await.problem(409, "app-not-active");
    assert_eq!(act("resume").await.json["state"], "active");
    assert_eq!(act("archive").await.json["state"], "archived");
    for what in ["archive", "suspend", "resume"] {
        act(what).await.problem(409, "app-archived");
    }
    let draft = stage.developer().post("/v1/apps", draft()).await.field("id");
    let answer = operator.act(&format!("/v1/apps/{draft}/suspend")).await;
    answer.problem(409, "app-not-active");
    let events = stage.events_of(&id).await;
    assert_eq!(
        events[2..],
        ["mandate.app.suspended.v1", "mandate.app.resumed.v1", "mandate.app.archived.v1"]
    );
    assert_eq!(stage.last_event_of(&id).await["authority"], "operator");
}

#[tokio::test]
async fn a_draft_can_be_archived_and_nothing_follows() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let path = format!("/v1/apps/{}", developer.post("/v1/apps", complete()).await.field("id"));
    assert_eq!(developer.act(&format!("{path}/archive")).await.json["state"], "archived");
    developer.patch(&path, json!({"name": "Other"})).await.problem(409, "app-archived");
    let answer = developer.act(&format!("{path}/activate")).await;
    answer.problem(409, "app-archived");
    let answer = developer.delete(&path).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "never deleted");
}
