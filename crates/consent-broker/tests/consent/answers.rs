//! What each endpoint answers, held by snapshots beside this file.

use chrono::Duration;
use contract::rpc::{AccountRole, MemberRole};
use insta::assert_json_snapshot;
use serde_json::json;
use stage::redacted;

use crate::stage::Stage;

#[tokio::test]
async fn a_consent_is_answered_as_the_snapshots_say() {
    let stage = Stage::set().await;
    let developer = &stage.developer;
    let links = format!("/v1/apps/{}/consent-links", stage.app);
    let created = developer.post(&links, json!({ "label": "For the corner shop" })).await;
    assert_json_snapshot!("create_link", redacted(&created));
    let (link, token) =
        (format!("/v1/consent-links/{}", created.field("id")), created.field("token"));
    assert_json_snapshot!("read_link", redacted(&developer.get(&link).await));
    assert_json_snapshot!("list_links", redacted(&developer.get(&links).await));

    let (admin, analyst) = (stage.person("The admin"), stage.person("The analyst"));
    let account = stage.account(&admin, AccountRole::Admin);
    stage.remote.role(account, analyst.id, Some(AccountRole::Analyst));
    assert_json_snapshot!("open", redacted(&admin.open(&token).await));
    assert_json_snapshot!("open_without_the_role", redacted(&analyst.open(&token).await));
    let refused = analyst.approve(&token, &[account]).await;
    assert_json_snapshot!("role_not_allowed", redacted(&refused));
    assert_json_snapshot!("approve", redacted(&admin.approve(&token, &[account]).await));
    let again = admin.approve(&token, &[account]).await;
    assert_json_snapshot!("link_already_used", redacted(&again));
    assert_json_snapshot!("read_used_link", redacted(&developer.get(&link).await));
    let (_, second) = stage.link().await;
    let opened = admin.open(&second).await;
    assert_json_snapshot!("open_when_granted", redacted(&opened));
    let approved = admin.approve(&second, &[account]).await;
    assert_json_snapshot!("approve_when_granted", redacted(&approved));
    let (_, third) = stage.link().await;
    assert_json_snapshot!("deny", redacted(&admin.deny(&third).await));

    let app_token = format!("access-token-of-{}", stage.app);
    let reached = stage.send_with(&app_token, "/v1/me/accounts").await;
    assert_json_snapshot!("my_accounts", redacted(&reached));
    assert_json_snapshot!("list_grants", redacted(&admin.get("/v1/grants").await));
    let of_app = format!("/v1/grants?app_id={}", stage.app);
    let seen = stage.member(MemberRole::Auditor).get(&of_app).await;
    assert_json_snapshot!("list_grants_as_a_member", redacted(&seen));
    assert_json_snapshot!("revoke_app", redacted(&admin.delete(&of_app).await));
    let [grant] = stage.granted(&admin, &[account]).await.try_into().unwrap();
    let revoked = admin.delete(&format!("/v1/grants/{grant}")).await;
    assert_json_snapshot!("revoke_grant", redacted(&revoked));
}

#[tokio::test]
async fn each_kind_of_problem_is_told_as_the_snapshots_say() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let account = stage.account(&admin, AccountRole::Admin);
    let (id, token) = stage.link().await;
    let link = format!("/v1/consent-links/{id}");
    let refused = admin.approve(&token, &[account, account]).await;
    assert_json_snapshot!("invalid_request", redacted(&refused));
    assert_json_snapshot!("not_found", redacted(&admin.get(&link).await));
    let nobody = stage.send_with("nobody", "/v1/grants").await;
    assert_json_snapshot!("invalid_token", redacted(&nobody));
    assert_json_snapshot!("revoke_link", redacted(&stage.developer.delete(&link).await));
    assert_json_snapshot!("link_revoked", redacted(&admin.open(&token).await));
    let (_, token) = stage.link().await;
    stage.clock.advance(Duration::days(30));
    assert_json_snapshot!("link_expired", redacted(&admin.open(&token).await));
    stage.remote.app_state(stage.app, contract::rpc::AppState::Suspended);
    let links = format!("/v1/apps/{}/consent-links", stage.app);
    let suspended = stage.developer.post(&links, json!({})).await;
    assert_json_snapshot!("app_not_active", redacted(&suspended));
}
