//! Approvals that are refused leave the link as it was.

use axum::http::StatusCode;
use chrono::Duration;
use contract::rpc::AccountRole;
use serde_json::json;

use crate::stage::Stage;

#[tokio::test]
async fn a_role_that_may_not_consent_is_refused_and_recorded() {
    let stage = Stage::set().await;
    let holder = stage.person("The analyst");
    let (own, other) =
        (stage.account(&holder, AccountRole::Admin), stage.account(&holder, AccountRole::Analyst));
    let (id, token) = stage.link().await;
    holder.approve(&token, &[own, other]).await.problem_with(
        403,
        "role-not-allowed",
        &["accounts[1]"],
    );
    let [refusal] = stage.events_of("access.refused").await.try_into().unwrap();
    assert_eq!(
        refusal.data,
        json!({
            "operation": "consent-request.approve", "target": format!("consent-link/{id}"), "reason": "role_not_allowed",
            "counted_since": refusal.data["counted_since"],
        })
    );
    assert!(stage.reached().await.is_empty());
    assert_eq!(holder.approve(&token, &[own]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_role_lost_between_the_page_and_the_approval_no_longer_counts() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let account = stage.account(&holder, AccountRole::Admin);
    let (_, token) = stage.link().await;
    assert_eq!(holder.open(&token).await.json["accounts"][0]["selectable"], true);
    stage.remote.role(account, holder.id, Some(AccountRole::Viewer));
    holder.approve(&token, &[account]).await.problem(403, "role-not-allowed");
    stage.remote.role(account, holder.id, None);
    holder.approve(&token, &[account]).await.refuses_fields(&["accounts[0]"]);
}

#[tokio::test]
async fn which_roles_may_consent_depends_on_the_service() {
    let stage = Stage::set().await;
    let service = "marketing_solutions";
    let app = stage.remote.app(stage.env(), stage.organization, service);
    let account = stage.remote.account(stage.env(), "Web Shop", service);
    let holder = stage.person("The manager");
    let (_, token) = stage.link_of(app).await;
    for role in [AccountRole::BusinessManager, AccountRole::TechnicalManager] {
        stage.remote.role(account, holder.id, Some(role));
        holder.approve(&token, &[account]).await.problem(403, "role-not-allowed");
    }
    stage.remote.role(account, holder.id, Some(AccountRole::Admin));
    assert_eq!(holder.approve(&token, &[account]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn accounts_that_are_not_seen_or_of_another_service_are_named() {
    let stage = Stage::set().await;
    let (holder, stranger) = (stage.person("The admin"), stage.person("A stranger"));
    let own = stage.account(&holder, AccountRole::Admin);
    let hidden = stage.account(&stranger, AccountRole::Admin);
    let elsewhere = stage.remote.account(stage.env(), "Elsewhere", "marketing_solutions");
    stage.remote.role(elsewhere, holder.id, Some(AccountRole::Admin));
    let (_, token) = stage.link().await;
    for account in [hidden, elsewhere, stage.env().new_id()] {
        holder.approve(&token, &[own, account]).await.refuses_fields(&["accounts[1]"]);
    }
    assert!(stage.refusals().await.is_empty() && stage.reached().await.is_empty());
}

#[tokio::test]
async fn no_account_the_same_twice_or_too_many_are_refused() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let account = stage.account(&holder, AccountRole::Admin);
    let (_, token) = stage.link().await;
    holder.approve(&token, &[]).await.refuses_fields(&["accounts"]);
    holder.approve(&token, &[account, account]).await.refuses_fields(&["accounts[1]"]);
    holder.approve(&token, &vec![account; 20_001]).await.refuses_fields(&["accounts"]);
    let path = format!("/v1/consent-requests/{token}/approve");
    holder.post(&path, json!({})).await.refuses_fields(&["accounts"]);
    holder.post(&path, json!({"accounts": ["x"]})).await.refuses_fields(&["accounts[0]"]);
}

#[tokio::test]
async fn a_thousand_accounts_are_approved_at_once() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let accounts: Vec<_> = (0..1_000).map(|_| stage.account(&holder, AccountRole::Admin)).collect();
    assert_eq!(stage.granted(&holder, &accounts).await.len(), 1_000);
}

#[tokio::test]
async fn a_link_expires_by_time_before_its_expiry_is_recorded() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let account = stage.account(&holder, AccountRole::Admin);
    let (id, token) = stage.link().await;
    stage.clock.advance(Duration::days(30));
    holder.open(&token).await.problem(410, "link-expired");
    let answer = holder.approve(&token, &[account]).await;
    answer.problem(410, "link-expired");
    assert_eq!(answer.field("detail"), "The link expired at 2025-07-15T15:06:40Z.");
    holder.deny(&token).await.problem(410, "link-expired");
    let path = format!("/v1/consent-links/{id}");
    assert_eq!(stage.developer.get(&path).await.field("state"), "expired");
    stage.developer.delete(&path).await.problem(410, "link-expired");
    let list =
        stage.developer.get(&format!("/v1/apps/{}/consent-links?state=expired", stage.app)).await;
    assert_eq!(list.ids(), [id]);
    assert!(stage.reached().await.is_empty());
}
