//! What each endpoint answers, held by snapshots beside this file.

use axum::http::Method;
use chrono::TimeDelta;
use insta::assert_json_snapshot;
use serde_json::json;
use stage::redacted;

use crate::stage::{PASSWORD, Stage, organization};

#[tokio::test]
async fn organizations_and_members_are_answered_as_the_snapshots_say() {
    let stage = Stage::set().await;
    let (owner, other) = (stage.person("owner").await, stage.person("other").await);
    let created = owner.post("/v1/organizations", organization()).await;
    assert_json_snapshot!("create_organization", redacted(&created));
    let path = format!("/v1/organizations/{}", created.field("id"));
    assert_json_snapshot!("read_organization", redacted(&owner.get(&path).await));
    assert_json_snapshot!("list_organizations", redacted(&owner.get("/v1/organizations").await));
    let edited = owner.patch(&path, json!({ "website": null })).await;
    assert_json_snapshot!("edit_organization", redacted(&edited));
    let confirm = format!("{path}/confirm-contact");
    assert_json_snapshot!("role_not_allowed", redacted(&owner.act(&confirm).await));
    assert_json_snapshot!("confirm_contact", redacted(&stage.operator.act(&confirm).await));
    let domains = json!({ "domains": ["retail_media/accounts:manage"] });
    let enabled = stage.operator.put(&format!("{path}/enabled-domains"), domains).await;
    assert_json_snapshot!("enable_domains", redacted(&enabled));

    // Lists are in the order in which things were made.
    stage.clock.advance(TimeDelta::seconds(1));
    let members = format!("{path}/members");
    let developer = json!({ "email": other.email, "role": "developer" });
    let operator = &stage.operator;
    assert_json_snapshot!("add_member", redacted(&operator.post(&members, &developer).await));
    assert_json_snapshot!("already_member", redacted(&operator.post(&members, &developer).await));
    assert_json_snapshot!("list_members", redacted(&owner.get(&members).await));
    let member = format!("{members}/{}", other.id);
    let changed = owner.patch(&member, json!({ "role": "auditor" })).await;
    assert_json_snapshot!("change_member", redacted(&changed));
    assert_json_snapshot!("remove_member", redacted(&other.delete(&member).await));
    assert_json_snapshot!("not_found", redacted(&other.get(&path).await));
    let last = owner.delete(&format!("{members}/{}", owner.id)).await;
    assert_json_snapshot!("last_owner", redacted(&last));
    stage.close().await;
}

#[tokio::test]
async fn people_accounts_and_tokens_are_answered_as_the_snapshots_say() {
    let stage = Stage::set().await;
    let operator = &stage.operator;
    let new = json!({ "email": "New@Example.com", "name": "New", "password": PASSWORD });
    assert_json_snapshot!("register_person", redacted(&operator.post("/v1/people", &new).await));
    assert_json_snapshot!("email_taken", redacted(&operator.post("/v1/people", &new).await));
    let wrong = json!({ "email": "x", "name": " ", "password": "elevenchars" });
    assert_json_snapshot!("invalid_request", redacted(&operator.post("/v1/people", wrong).await));

    let admin = stage.person("admin").await;
    let shop = json!({
        "name": "Shop", "kind": "advertiser", "service": "retail_media", "external_id": "A-1",
    });
    let created = operator.post("/v1/accounts", &shop).await;
    assert_json_snapshot!("create_account", redacted(&created));
    let taken = operator.post("/v1/accounts", &shop).await;
    assert_json_snapshot!("external_id_taken", redacted(&taken));
    let path = format!("/v1/accounts/{}", created.field("id"));
    let role = format!("{path}/roles/{}", admin.id);
    let given = operator.put(&role, json!({ "role": "admin" })).await;
    assert_json_snapshot!("put_account_role", redacted(&given));
    assert_json_snapshot!(
        "list_account_roles",
        redacted(&admin.get(&format!("{path}/roles")).await)
    );
    assert_json_snapshot!("read_account", redacted(&admin.get(&path).await));
    assert_json_snapshot!("list_accounts", redacted(&admin.get("/v1/accounts").await));
    assert_json_snapshot!("me", redacted(&admin.get("/v1/people/me").await));
    assert_json_snapshot!(
        "read_person",
        redacted(&operator.get(&format!("/v1/people/{}", admin.id)).await)
    );
    let line = "Shop,advertiser,retail_media,A-1,admin@example.com,viewer\n";
    assert_json_snapshot!("import", redacted(&operator.import("", line).await));
    let wrong = operator.import("", "Store,shop,retail_media,A-3,nobody@example.com,admin\n").await;
    assert_json_snapshot!("import_refused", redacted(&wrong));
    let json_file = operator.request(Method::POST, "/v1/accounts/import").json(json!({}));
    assert_json_snapshot!("media_type", redacted(&json_file.send().await));
    assert_json_snapshot!("revoke_account_role", redacted(&operator.delete(&role).await));

    stage.clock.advance(TimeDelta::seconds(1));
    let made = admin.post("/v1/api-tokens", json!({ "name": "laptop" })).await;
    assert_json_snapshot!("create_api_token", redacted(&made));
    assert_json_snapshot!("list_api_tokens", redacted(&admin.get("/v1/api-tokens?limit=1").await));
    let revoked = admin.delete(&format!("/v1/api-tokens/{}", made.field("id"))).await;
    assert_json_snapshot!("revoke_api_token", redacted(&revoked));
    let refused = stage.signing_in("admin@example.com", "wrong password");
    let refused = refused.post("/v1/api-tokens", json!({ "name": "laptop" })).await;
    assert_json_snapshot!("sign_in_refused", redacted(&refused));
    let nobody = stage.anonymous().get("/v1/people/me").await;
    assert_json_snapshot!("invalid_token", redacted(&nobody));
    stage.close().await;
}
