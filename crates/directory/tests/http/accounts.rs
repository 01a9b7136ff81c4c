//! Rule 5.

use axum::http::Method;
use serde_json::json;

use crate::deactivation::second_operator;
use crate::stage::Stage;

#[tokio::test]
async fn operators_make_accounts_and_admins_manage_the_roles_on_them() {
    let stage = Stage::set().await;
    let (admin, analyst) = (stage.person("admin").await, stage.person("analyst").await);
    let body = json!({"name": "Shop", "kind": "advertiser", "service": "retail_media", "external_id": "A-1"});
    let (answer, events) = stage.events_of(stage.operator.post("/v1/accounts", &body)).await;
    let account = format!("/v1/accounts/{}", answer.expect(201).json["id"].as_str().unwrap());
    assert_eq!(events, ["account.created"]);
    stage.operator.post("/v1/accounts", &body).await.problem(409, "external-id-taken");
    admin.post("/v1/accounts", &body).await.problem(403, "role-not-allowed");

    let role = |who: &crate::stage::Person| format!("{account}/roles/{}", who.id);
    admin.put(&role(&analyst), &json!({"role": "analyst"})).await.problem(404, "account-not-found");
    let (answer, events) =
        stage.events_of(stage.operator.put(&role(&admin), &json!({"role": "admin"}))).await;
    answer.expect(200);
    assert_eq!(events, ["account-role.granted"]);
    // A first role is an operator's to give.
    let viewer = json!({"role": "viewer"});
    admin.put(&role(&analyst), &viewer).await.problem(404, "account-role-not-found");
    stage.operator.put(&role(&analyst), &viewer).await.expect(200);
    let (_, events) =
        stage.events_of(admin.put(&role(&analyst), &json!({"role": "analyst"}))).await;
    assert_eq!(events, ["account-role.changed"]);
    let (_, events) =
        stage.events_of(admin.put(&role(&analyst), &json!({"role": "analyst"}))).await;
    assert_eq!(events.len(), 0);

    assert_eq!(analyst.get(&account).await.expect(200).json["role"], "analyst");
    let roles = format!("{account}/roles");
    let (answer, events) = stage.events_of(analyst.get(&roles)).await;
    answer.problem(403, "role-not-allowed");
    assert_eq!(events, ["access.refused"]);
    assert_eq!(admin.get(&roles).await.expect(200).json["items"].as_array().unwrap().len(), 2);
    // A member's role is no role on an account.
    admin.put(&role(&analyst), &json!({"role": "owner"})).await.refuses_fields(&["role"]);
    analyst.delete(&role(&admin)).await.expect(403);

    let (answer, events) = stage.events_of(admin.delete(&role(&analyst))).await;
    answer.expect(204);
    assert_eq!(events, ["account-role.revoked"]);
    let (again, events) = stage.events_of(admin.delete(&role(&analyst))).await;
    again.expect(204);
    assert!(events.is_empty(), "{events:?}");
    analyst.get(&account).await.problem(404, "account-not-found");
    stage.close().await;
}

#[tokio::test]
async fn who_operates_no_more_does_not_get_yesterdays_answer() {
    let stage = Stage::set().await;
    let body = json!({"name": "Shop", "kind": "advertiser", "service": "retail_media"});
    let create = || {
        let request = stage.operator.request(Method::POST, "/v1/accounts").json(&body);
        request.header("idempotency-key", "k-1").send()
    };
    create().await.expect(201);
    assert_eq!(create().await.headers["idempotent-replayed"], "true");
    let second = second_operator(&stage).await;
    let revoke = format!("/v1/people/{}/revoke-operator", stage.operator.id);
    second.act(&revoke).await.expect(200);
    create().await.problem(403, "role-not-allowed");
    stage.close().await;
}

#[tokio::test]
async fn people_list_the_accounts_they_hold_a_role_on() {
    let stage = Stage::set().await;
    let admin = stage.person("admin").await;
    for service in ["retail_media", "marketing_solutions"] {
        let body = json!({"name": service, "kind": "publisher", "service": service});
        let made = stage.operator.post("/v1/accounts", &body).await.expect(201).json;
        if service == "retail_media" {
            let role = format!("/v1/accounts/{}/roles/{}", made["id"].as_str().unwrap(), admin.id);
            stage.operator.put(&role, &json!({"role": "admin"})).await.expect(200);
        }
    }
    let names = async |client: &crate::stage::Person, query: &str| {
        let page = client.get(&format!("/v1/accounts{query}")).await.expect(200).json;
        page["items"].as_array().unwrap().len()
    };
    assert_eq!((names(&admin, "").await, names(&stage.operator, "").await), (1, 2));
    assert_eq!(names(&admin, "?service=marketing_solutions").await, 0);
    assert_eq!(names(&stage.operator, "?service=marketing_solutions&limit=1").await, 1);
    let me = admin.get("/v1/people/me").await.expect(200).json;
    assert_eq!(me["account_roles"][0]["role"], "admin");
    stage.close().await;
}

#[tokio::test]
async fn wrong_fields_of_an_account_are_named() {
    let stage = Stage::set().await;
    let body = json!({"name": " ", "kind": "advertiser", "service": "nothing"});
    stage.operator.post("/v1/accounts", &body).await.refuses_fields(&["name", "service"]);
    stage.close().await;
}

#[tokio::test]
async fn what_an_account_is_stays_in_the_database_too() {
    let stage = Stage::set().await;
    let body = json!({"name": "Shop", "kind": "advertiser", "service": "retail_media"});
    stage.operator.post("/v1/accounts", &body).await.expect(201);
    for (statement, by_owner) in [
        ("UPDATE directory.accounts SET kind = 'publisher'", "never change"),
        ("DELETE FROM directory.accounts", "permission denied"),
        ("DELETE FROM directory.people", "permission denied"),
    ] {
        let error =
            sqlx::query(statement).execute(&stage.resources.pool).await.unwrap_err().to_string();
        assert!(error.contains(by_owner) || error.contains("permission denied"), "{error}");
    }
    stage.close().await;
}
