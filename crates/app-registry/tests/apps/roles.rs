//! Who may do what, and what is left of attempts that were refused.

use axum::http::StatusCode;
use serde_json::{Value, json};
use stage::Client;

use crate::images::{png, put_image};
use crate::stage::{Stage, complete, draft};

/// Every change of an app, as a method, what follows the app's path, and a body.
fn changes() -> Vec<(&'static str, &'static str, Option<Value>)> {
    vec![
        ("PATCH", "", Some(json!({"name": "Other"}))),
        ("POST", "/activate", None),
        ("POST", "/suspend", None),
        ("POST", "/resume", None),
        ("POST", "/archive", None),
        ("DELETE", "/image", None),
        ("POST", "/redirect-uris", Some(json!({"uri": "https://example.com/cb"}))),
        ("DELETE", "/redirect-uris/01978a2b-0000-7000-8000-00000000000a", None),
        ("PUT", "/pkce", Some(json!({"required": false}))),
    ]
}

async fn attempt(client: &Client, id: &str, change: &(&str, &str, Option<Value>)) -> StatusCode {
    let (method, suffix, body) = change;
    let request = client.request(method.parse().unwrap(), &format!("/v1/apps/{id}{suffix}"));
    match body {
        Some(body) => request.json(body),
        None => request,
    }
    .send()
    .await
    .status
}

#[tokio::test]
async fn an_auditor_reads_everything_and_changes_nothing() {
    let stage = Stage::set().await;
    let id = stage.developer().post("/v1/apps", complete()).await.field("id");
    let path = format!("/v1/apps/{id}");
    put_image(&stage.developer(), &path, png(8, 8)).await;
    let auditor = stage.auditor();
    for readable in
        [path.clone(), format!("{path}/image"), "/v1/apps".into(), "/v1/catalogue".into()]
    {
        assert_eq!(auditor.get(&readable).await.status, StatusCode::OK, "{readable}");
    }
    for change in &changes() {
        assert_eq!(attempt(&auditor, &id, change).await, StatusCode::FORBIDDEN, "{change:?}");
    }
    put_image(&auditor, &path, png(8, 8)).await.problem(403, "role-not-allowed");
    auditor.post("/v1/apps", draft()).await.problem(403, "role-not-allowed");
    let organization = stage.organization;
    assert_eq!(
        stage.refused_attempts().await,
        [
            format!("app.edit app/{id}"),
            format!("app.activate app/{id}"),
            format!("app.suspend app/{id}"),
            format!("app.resume app/{id}"),
            format!("app.archive app/{id}"),
            format!("app.remove-image app/{id}"),
            format!("app.add-redirect-uri app/{id}"),
            format!("app.remove-redirect-uri app/{id}"),
            format!("app.change-pkce app/{id}"),
            format!("app.set-image app/{id}"),
            format!("app.create organization/{organization}"),
        ]
    );
    assert_eq!(stage.developer().get(&path).await.json["version"], 2);
}

#[tokio::test]
async fn owners_and_developers_change_apps_and_do_not_suspend_them() {
    let stage = Stage::set().await;
    for member in [stage.owner(), stage.developer()] {
        let id = member.post("/v1/apps", complete()).await.field("id");
        let path = format!("/v1/apps/{id}");
        assert_eq!(member.patch(&path, json!({"name": "Other"})).await.status, StatusCode::OK);
        assert_eq!(member.act(&format!("{path}/activate")).await.status, StatusCode::OK);
        for operators_only in ["suspend", "resume"] {
            let answer = member.act(&format!("{path}/{operators_only}")).await;
            answer.problem(403, "role-not-allowed");
        }
        assert_eq!(member.act(&format!("{path}/archive")).await.status, StatusCode::OK);
    }
    assert_eq!(stage.refused_attempts().await.len(), 4);
}

#[tokio::test]
async fn an_operator_reads_suspends_resumes_and_archives_and_does_not_edit() {
    let stage = Stage::set().await;
    let operator = stage.operator();
    let id = stage.active_app().await;
    assert_eq!(operator.get(&format!("/v1/apps/{id}")).await.status, StatusCode::OK);
    for (change, status) in changes().iter().zip([403, 403, 200, 200, 200, 403, 403, 403, 403]) {
        assert_eq!(attempt(&operator, &id, change).await, status, "{change:?}");
    }
    let mut body = draft();
    body["organization_id"] = json!(stage.organization);
    operator.post("/v1/apps", body).await.problem(403, "role-not-allowed");
}

#[tokio::test]
async fn to_people_of_other_organizations_the_app_does_not_exist() {
    let stage = Stage::set().await;
    let stranger = stage.stranger();
    let id = stage.developer().post("/v1/apps", complete()).await.field("id");
    let unknown = stage.resources.env.new_id::<contract::AppId>().to_string();
    for change in &changes() {
        assert_eq!(attempt(&stranger, &id, change).await, StatusCode::NOT_FOUND, "{change:?}");
    }
    let path = format!("/v1/apps/{id}");
    let hidden = stranger.get(&path).await;
    hidden.problem(404, "app-not-found");
    assert_eq!(
        stranger.get(&format!("/v1/apps/{unknown}")).await.json,
        hidden.json,
        "told apart by nothing"
    );
    put_image(&stranger, &path, png(8, 8)).await.problem(404, "app-not-found");
    let mut body = draft();
    body["organization_id"] = json!(stage.organization);
    let answer = stranger.post("/v1/apps", body).await;
    answer.problem(404, "organization-not-found");
    assert_eq!(stage.refused_attempts().await, [""; 0]);
}

#[tokio::test]
async fn without_a_valid_token_nothing_is_answered() {
    let stage = Stage::set().await;
    let id = stage.active_app().await;
    let nobody = stage.nobody();
    for change in &changes() {
        assert_eq!(attempt(&nobody, &id, change).await, StatusCode::UNAUTHORIZED, "{change:?}");
    }
    for path in
        ["/v1/apps", "/v1/catalogue", &format!("/v1/apps/{id}"), &format!("/v1/apps/{id}/image")]
    {
        let answer = nobody.get(path).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
    assert_eq!(nobody.post("/v1/apps", draft()).await.status, StatusCode::UNAUTHORIZED);
}
