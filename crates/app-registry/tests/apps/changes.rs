//! An app's life: edited, activated, suspended, resumed, archived.

use axum::http::StatusCode;
use serde_json::json;

use crate::stage::{Stage, complete, draft};

#[tokio::test]
async fn the_wizard_saves_a_draft_step_by_step_and_activation_ends_it() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let id = developer.post("/v1/apps", draft()).await.id();
    let path = format!("/v1/apps/{id}");
    let answer = developer.patch(&path, json!({"service": "retail_media"})).await;
    assert_eq!(
        (answer.status, answer.header("etag").as_str()),
        (StatusCode::OK, "\"2\""),
        "{answer:?}"
    );
    let answer =
        developer.patch(&path, json!({"domains": [{"domain": "catalog", "level": "read"}]})).await;
    assert_eq!(answer.json["domains"], json!([{"domain": "catalog", "level": "read"}]));
    let answer = developer.post(&format!("{path}/activate"), json!(null)).await;
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
    let path = format!("/v1/apps/{}", created.id());
    for nothing in [
        json!({}),
        json!({"name": "Shelf Optimizer"}),
        json!({"authentication_method": "client_credentials"}),
    ] {
        let answer = developer.patch(&path, nothing).await;
        assert_eq!((answer.status, &answer.json), (StatusCode::OK, &created.json));
    }
    assert_eq!(stage.events_of(&created.id()).await.len(), 1);
}

#[tokio::test]
async fn a_description_is_removed_by_null_and_a_name_is_not() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let mut body = draft();
    body["description"] = json!("Keeps shelves full.");
    let path = format!("/v1/apps/{}", developer.post("/v1/apps", body).await.id());
    let answer = developer.patch(&path, json!({"description": null})).await;
    assert_eq!(answer.json["description"], json!(null), "{answer:?}");
    let answer = developer.patch(&path, json!({"name": null})).await;
    answer.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid-request", &["name"]);
}

#[tokio::test]
async fn what_is_fixed_stays_and_what_is_unknown_is_refused() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let path = format!("/v1/apps/{}", developer.post("/v1/apps", complete()).await.id());
    let answer = developer.patch(&path, json!({"service": "marketing_solutions"})).await;
    answer.refused(StatusCode::CONFLICT, "service-fixed", &["service"]);
    let answer =
        developer.patch(&path, json!({"authentication_method": "authorization_code"})).await;
    answer.refused(StatusCode::CONFLICT, "authentication-method-fixed", &["authentication_method"]);
    let answer = developer.patch(&path, json!({"state": "active"})).await;
    answer.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid-request", &["state"]);
    let answer =
        developer.patch(&path, json!({"domains": [{"domain": "x", "level": "read"}]})).await;
    answer.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid-request", &["domains[0]"]);
}

#[tokio::test]
async fn a_change_based_on_an_old_version_is_refused() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let path = format!("/v1/apps/{}", developer.post("/v1/apps", complete()).await.id());
    let rename = async |name: &str, tag: &str| {
        developer.send("PATCH", &path, &[("if-match", tag)], Some(json!({ "name": name }))).await
    };
    assert_eq!(rename("Second", "\"1\"").await.status, StatusCode::OK);
    assert_eq!(rename("Third", "\"1\"").await.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(rename("Third", "\"2\"").await.status, StatusCode::OK);
    let outdated =
        developer.send("POST", &format!("{path}/activate"), &[("if-match", "\"1\"")], None).await;
    assert_eq!(outdated.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(developer.get(&path).await.json["name"], "Third");
}

#[tokio::test]
async fn activation_names_what_is_missing() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let path = format!("/v1/apps/{}", developer.post("/v1/apps", draft()).await.id());
    let activate = format!("{path}/activate");
    let answer = developer.post(&activate, json!(null)).await;
    answer.refused(StatusCode::UNPROCESSABLE_ENTITY, "app-incomplete", &["service"]);
    developer.patch(&path, json!({"service": "retail_media"})).await;
    let answer = developer.post(&activate, json!(null)).await;
    answer.refused(StatusCode::UNPROCESSABLE_ENTITY, "app-incomplete", &["domains"]);
}

#[tokio::test]
async fn activation_needs_a_confirmed_organization() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let activate =
        format!("/v1/apps/{}/activate", developer.post("/v1/apps", complete()).await.id());
    stage.confirm(false);
    let answer = developer.post(&activate, json!(null)).await;
    answer.refused(StatusCode::CONFLICT, "organization-not-confirmed", &[]);
    stage.confirm(true);
    assert_eq!(developer.post(&activate, json!(null)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn activation_needs_the_domains_on_request_enabled_still() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    stage.enable("retail_media/billing:read");
    let mut body = complete();
    body["domains"] = json!([{"domain": "billing", "level": "read"}]);
    let activate = format!("/v1/apps/{}/activate", developer.post("/v1/apps", body).await.id());
    stage.disable_all();
    let answer = developer.post(&activate, json!(null)).await;
    answer.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid-request", &["domains[0]"]);
    stage.enable("retail_media/billing:read");
    assert_eq!(developer.post(&activate, json!(null)).await.status, StatusCode::OK);
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
            developer.patch(&path, change).await.refused(StatusCode::CONFLICT, "app-frozen", &[]);
        }
        let image = developer.put_image(&path, crate::images::png(8, 8)).await;
        image.refused(StatusCode::CONFLICT, "app-frozen", &[]);
    };
    let before = developer.get(&path).await.json;
    frozen().await;
    developer.post(&format!("{path}/activate"), json!(null)).await.refused(
        StatusCode::CONFLICT,
        "app-activated-already",
        &[],
    );
    assert_eq!(developer.get(&path).await.json, before);
    assert_eq!(
        operator.post(&format!("{path}/suspend"), json!(null)).await.json["state"],
        "suspended"
    );
    frozen().await;
    assert_eq!(
        developer.post(&format!("{path}/archive"), json!(null)).await.json["state"],
        "archived"
    );
    frozen().await;
}

#[tokio::test]
async fn an_operator_suspends_and_resumes_an_active_app() {
    let stage = Stage::set().await;
    let operator = stage.operator();
    let id = stage.active_app().await;
    let act = async |what: &str| operator.post(&format!("/v1/apps/{id}/{what}"), json!(null)).await;
    act("resume").await.refused(StatusCode::CONFLICT, "app-not-suspended", &[]);
    assert_eq!(act("suspend").await.json["state"], "suspended");
    act("suspend").await.refused(StatusCode::CONFLICT, "app-not-active", &[]);
    assert_eq!(act("resume").await.json["state"], "active");
    assert_eq!(act("archive").await.json["state"], "archived");
    for what in ["archive", "suspend", "resume"] {
        act(what).await.refused(StatusCode::CONFLICT, "app-archived", &[]);
    }
    let draft = stage.developer().post("/v1/apps", draft()).await.id();
    let answer = operator.post(&format!("/v1/apps/{draft}/suspend"), json!(null)).await;
    answer.refused(StatusCode::CONFLICT, "app-not-active", &[]);
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
    let path = format!("/v1/apps/{}", developer.post("/v1/apps", complete()).await.id());
    assert_eq!(
        developer.post(&format!("{path}/archive"), json!(null)).await.json["state"],
        "archived"
    );
    developer.patch(&path, json!({"name": "Other"})).await.refused(
        StatusCode::CONFLICT,
        "app-archived",
        &[],
    );
    let answer = developer.post(&format!("{path}/activate"), json!(null)).await;
    answer.refused(StatusCode::CONFLICT, "app-archived", &[]);
    let answer = developer.send("DELETE", &path, &[], None).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "never deleted");
}
