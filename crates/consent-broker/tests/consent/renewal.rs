//! Renewing a consent: by whoever may consent at that moment, and never to more than was granted.

use axum::http::StatusCode;
use chrono::Duration;
use contract::GrantId;
use contract::rpc::{AccountRole, MemberRole};
use serde_json::json;

use crate::stage::Stage;

fn renewal_of(grant: &str) -> String {
    format!("/v1/grants/{grant}/renew")
}

#[tokio::test]
async fn whoever_may_consent_now_renews_for_as_long_as_was_granted() {
    let stage = Stage::set().await;
    let (admin, manager) = (stage.person("The admin"), stage.person("The manager"));
    let account = stage.account(&admin, AccountRole::Admin);
    let [grant] = stage.granted(&admin, &[account]).await.try_into().unwrap();
    stage.remote.role(account, manager.id, Some(AccountRole::TechnicalManager));
    stage.clock.advance(Duration::days(300));
    let renewed = manager.act(&renewal_of(&grant)).await.expect(200);
    assert_eq!(renewed.json["expires_at"], "2027-04-11T15:06:40Z");
    assert_eq!(renewed.json["renewed_by"]["name"], "The manager");
    assert_eq!(renewed.json["granted_by"]["name"], "The admin");
    assert_eq!(renewed.json["allowed"], json!(["renew", "revoke"]));
    let [event] = stage.events_of("consent.renewed").await.try_into().unwrap();
    assert_eq!(
        (event.authority.as_str(), event.streamversion.number()),
        ("account:technical_manager", 2)
    );
    assert_eq!(event.data["expires_at"], "2027-04-11T15:06:40Z");
    assert_eq!(event.data["person_id"], json!(manager.id));

    let listed = admin.get("/v1/grants").await.json["items"][0].clone();
    assert_eq!(listed, renewed.json);
    let told = stage.member(MemberRole::Auditor).get("/v1/grants").await;
    let told = &told.json["items"][0];
    assert_eq!((&told["renewed_at"], &told["renewed_by"]), (&listed["renewed_at"], &json!(null)));
    assert_eq!(told["allowed"], json!([]));
    // It counts on beyond what would have been its end.
    stage.clock.advance(Duration::days(70));
    assert_eq!(stage.reached().await, [account.to_string()]);
    // At the same moment there is nothing to gain, which is no error.
    for _ in 0..2 {
        admin.act(&renewal_of(&grant)).await.expect(200);
    }
    assert_eq!(stage.events_of("consent.renewed").await.len(), 2);
}

#[tokio::test]
async fn a_renewal_never_gives_more_days_than_the_link_asked_for() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let account = stage.account(&admin, AccountRole::Admin);
    let links = format!("/v1/apps/{}/consent-links", stage.app);
    let link = stage.developer.post(&links, json!({ "grant_lifetime_days": 30 })).await;
    let approved = admin.approve(&link.field("token"), &[account]).await.expect(200);
    let grant = approved.json["granted"][0]["grant_id"].as_str().unwrap().to_owned();
    stage.clock.advance(Duration::days(10));
    let renewed = admin.act(&renewal_of(&grant)).await.expect(200);
    assert_eq!(renewed.json["expires_at"], "2025-07-25T15:06:40Z");
    assert_eq!(renewed.json["lifetime_days"], 30);
}

#[tokio::test]
async fn nobody_else_renews() {
    let stage = Stage::set().await;
    let (admin, analyst) = (stage.person("The admin"), stage.person("The analyst"));
    let account = stage.account(&admin, AccountRole::Admin);
    stage.remote.role(account, analyst.id, Some(AccountRole::Analyst));
    let [grant] = stage.granted(&admin, &[account]).await.try_into().unwrap();
    stage.clock.advance(Duration::days(1));
    for person in [&analyst, &stage.developer, &stage.operator()] {
        person.act(&renewal_of(&grant)).await.problem(403, "role-not-allowed");
    }
    let stranger = stage.person("A stranger");
    stranger.act(&renewal_of(&grant)).await.problem(404, "grant-not-found");
    let unknown: GrantId = stage.env().new_id();
    let unknown = renewal_of(&unknown.to_string());
    admin.act(&unknown).await.problem(404, "grant-not-found");
    assert_eq!(stage.refusals().await, ["role_not_allowed"; 3]);
    assert!(stage.events_of("consent.renewed").await.is_empty());
    let seen = analyst.get("/v1/grants").await;
    assert_eq!(seen.json["items"][0]["allowed"], json!([]));
    let seen = stage.operator().get("/v1/grants").await;
    assert_eq!(seen.json["items"][0]["allowed"], json!(["revoke"]));
}

#[tokio::test]
async fn what_has_ended_is_not_renewed_nor_what_does_not_end() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let accounts = [(); 3].map(|()| stage.account(&admin, AccountRole::Admin));
    let [revoked, ended, _] = stage.granted(&admin, &accounts).await.try_into().unwrap();
    admin.delete(&format!("/v1/grants/{revoked}")).await.expect(204);
    let refused = admin.act(&renewal_of(&revoked)).await;
    refused.problem(409, "grant-ended");
    assert_eq!(refused.json["detail"], "The grant ended at 2025-06-15T15:06:40Z.");
    stage.clock.advance(Duration::days(365));
    let refused = admin.act(&renewal_of(&ended)).await;
    refused.problem(409, "grant-ended");
    assert_eq!(refused.json["detail"], "The grant ended at 2026-06-15T15:06:40Z.");

    let account = stage.account(&admin, AccountRole::Admin);
    let endless: GrantId = stage.env().new_id();
    sqlx::query(
        "INSERT INTO consent_broker.grants
            (id, app_id, organization_id, account_id, link_id, service, domains, granted_by, role, granted_at, version)
         SELECT $1, app_id, organization_id, $2, id, 'retail_media', '[]', created_by, 'admin', created_at, 1
         FROM consent_broker.links LIMIT 1",
    )
    .bind(endless.uuid())
    .bind(account.uuid())
    .execute(&stage.pool)
    .await
    .unwrap();
    let refused = admin.act(&renewal_of(&endless.to_string())).await;
    refused.problem(409, "grant-does-not-end");
    assert!(stage.events_of("consent.renewed").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn someone_who_lost_the_role_renews_nothing_however_often_they_try_at_once() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let account = stage.account(&admin, AccountRole::Admin);
    let [grant] = stage.granted(&admin, &[account]).await.try_into().unwrap();
    stage.clock.advance(Duration::days(1));
    stage.remote.role(account, admin.id, Some(AccountRole::Viewer));
    let path = renewal_of(&grant);
    let attempts = (0..200).map(|_| admin.act(&path));
    for answer in futures::future::join_all(attempts).await {
        answer.problem(403, "role-not-allowed");
    }
    stage.remote.role(account, admin.id, None);
    admin.act(&path).await.problem(404, "grant-not-found");
    assert!(stage.events_of("consent.renewed").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn renewals_and_a_revocation_at_once_come_one_after_the_other() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    for _ in 0..5 {
        let account = stage.account(&admin, AccountRole::Admin);
        let [grant] = stage.granted(&admin, &[account]).await.try_into().unwrap();
        stage.clock.advance(Duration::seconds(1));
        let (path, renewal) = (format!("/v1/grants/{grant}"), renewal_of(&grant));
        let renewals = (0..10).map(|_| admin.act(&renewal));
        let (answers, revoked) =
            tokio::join!(futures::future::join_all(renewals), admin.delete(&path));
        assert_eq!(revoked.status, StatusCode::NO_CONTENT);
        let renewed = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
        for answer in answers.iter().filter(|answer| answer.status != StatusCode::OK) {
            answer.problem(409, "grant-ended");
        }
        let events: Vec<_> = stage.events().await.into_iter().collect();
        let of_grant: Vec<_> = events
            .iter()
            .filter(|event| event.subject == format!("consent/{grant}"))
            .map(|event| (event.streamversion.number(), event.kind.as_str()))
            .collect();
        let mut expected = vec![(1, "mandate.consent.granted.v1")];
        if renewed > 0 {
            // At one moment only the first moves the end.
            expected.push((2, "mandate.consent.renewed.v1"));
        }
        let last = if renewed > 0 { 3 } else { 2 };
        expected.push((last, "mandate.consent.revoked.v1"));
        assert_eq!(of_grant, expected);
    }
    assert!(stage.reached().await.is_empty());
}
