//! Links, as those who make them see them.

use axum::http::StatusCode;
use chrono::Duration;
use contract::rpc::{AccountRole, AppState, MemberRole};
use contract::secret::LinkToken;
use serde_json::json;

use crate::stage::Stage;

#[tokio::test]
async fn a_link_answers_its_url_once_and_only_a_hash_of_its_token_is_kept() {
    let stage = Stage::set().await;
    let path = format!("/v1/apps/{}/consent-links", stage.app);
    let answer = stage.developer.post(&path, json!({"label": "  For the corner shop "})).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    let token = answer.field("token");
    assert_eq!(answer.field("url"), format!("https://consent.example.com/consent/{token}"));
    assert_eq!(answer.field("label"), "For the corner shop");
    assert_eq!(answer.field("state"), "pending");
    assert_eq!(
        answer.headers["location"],
        format!("/v1/consent-links/{}", answer.field("id")).as_str()
    );

    let read = stage.developer.get(&format!("/v1/consent-links/{}", answer.field("id"))).await;
    assert!(read.json.get("token").is_none() && !read.json.to_string().contains(&token));
    let stored: Vec<u8> = sqlx::query_scalar("SELECT token_hash FROM consent_broker.links")
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    assert_eq!(stored, LinkToken::parse(&token).unwrap().hash().0);
    for event in stage.events().await {
        assert!(!String::from_utf8(event.canonical().unwrap()).unwrap().contains(&token));
    }
}

#[tokio::test]
async fn making_a_link_is_an_event_of_the_organization_with_the_makers_role() {
    let stage = Stage::set().await;
    let (id, _) = stage.link().await;
    let [event] = stage.events_of("consent-link.created").await.try_into().unwrap();
    assert_eq!(event.subject, format!("consent-link/{id}"));
    assert_eq!(event.organization, Some(stage.organization));
    assert_eq!(event.authority.as_str(), "developer");
    assert_eq!(event.actor.to_string(), format!("user/{}", stage.developer.id));
    assert!(event.contexthash.is_some());
}

#[tokio::test]
async fn a_link_expires_after_30_days_or_earlier_if_its_maker_wishes() {
    let stage = Stage::set().await;
    let path = format!("/v1/apps/{}/consent-links", stage.app);
    let answer = stage.developer.post(&path, json!({})).await;
    assert_eq!(answer.field("created_at"), "2025-06-15T15:06:40Z");
    assert_eq!(answer.field("expires_at"), "2025-07-15T15:06:40Z");
    let answer = stage.developer.post(&path, json!({"expires_in_days": 1})).await;
    assert_eq!(answer.field("expires_at"), "2025-06-16T15:06:40Z");
    for days in [0, 31] {
        let answer = stage.developer.post(&path, json!({ "expires_in_days": days })).await;
        answer.refuses_fields(&["expires_in_days"]);
    }
}

#[tokio::test]
async fn owners_and_developers_make_links_auditors_only_look_and_strangers_see_nothing() {
    let stage = Stage::set().await;
    let path = format!("/v1/apps/{}/consent-links", stage.app);
    let owner = stage.member(MemberRole::Owner);
    assert_eq!(owner.post(&path, json!({})).await.status, StatusCode::CREATED);

    let auditor = stage.member(MemberRole::Auditor);
    auditor.post(&path, json!({})).await.problem(403, "role-not-allowed");
    assert_eq!(auditor.get(&path).await.ids().len(), 1);
    assert_eq!(stage.refusals().await, ["role_not_allowed"]);

    let stranger = stage.person("A stranger");
    stranger.post(&path, json!({})).await.problem(404, "app-not-found");
    stranger.get(&path).await.problem(404, "app-not-found");
    assert_eq!(stage.refusals().await.len(), 1);
}

#[tokio::test]
async fn a_link_is_hidden_from_strangers_and_cannot_be_revoked_by_auditors() {
    let stage = Stage::set().await;
    let (id, _) = stage.link().await;
    let path = format!("/v1/consent-links/{id}");
    let stranger = stage.person("A stranger");
    stranger.get(&path).await.problem(404, "consent-link-not-found");
    stranger.delete(&path).await.problem(404, "consent-link-not-found");
    stage.member(MemberRole::Auditor).delete(&path).await.problem(403, "role-not-allowed");
    assert_eq!(stage.operator().get(&path).await.status, StatusCode::OK);
}

#[tokio::test]
async fn only_an_active_app_has_links() {
    let stage = Stage::set().await;
    let path = format!("/v1/apps/{}/consent-links", stage.app);
    for state in [AppState::Draft, AppState::Suspended, AppState::Archived] {
        stage.remote.app_state(stage.app, state);
        stage.developer.post(&path, json!({})).await.problem(409, "app-not-active");
    }
    assert!(stage.events().await.is_empty());
}

#[tokio::test]
async fn only_a_confirmed_organization_has_links() {
    let stage = Stage::set().await;
    stage.remote.known().organizations.get_mut(&stage.organization).unwrap().confirmed = false;
    let path = format!("/v1/apps/{}/consent-links", stage.app);
    stage.developer.post(&path, json!({})).await.problem(409, "organization-not-confirmed");
}

#[tokio::test]
async fn an_unknown_app_or_link_or_field_is_refused() {
    let stage = Stage::set().await;
    let unknown: contract::AppId = stage.env().new_id();
    stage
        .developer
        .post(&format!("/v1/apps/{unknown}/consent-links"), json!({}))
        .await
        .problem(404, "app-not-found");
    stage
        .developer
        .get(&format!("/v1/consent-links/{unknown}"))
        .await
        .problem(404, "consent-link-not-found");
    let path = format!("/v1/apps/{}/consent-links", stage.app);
    stage.developer.post(&path, json!({"days": 3})).await.refuses_fields(&["days"]);
    // A form's line ends are one character each.
    let lines = json!({"label": format!("{}x", "x\r\n".repeat(127))});
    let made = stage.developer.post(&path, lines).await.expect(201);
    assert_eq!(made.field("label"), format!("{}x", "x\n".repeat(127)));
    let table = stage.developer.post(&path, json!({"label": "Shop\tParis"})).await.expect(201);
    assert_eq!(table.field("label"), "Shop\tParis");
    for hides in ["\u{3164}", "Shop\u{2060}Paris", "\u{202E}sirap"] {
        let refused = stage.developer.post(&path, json!({"label": hides})).await;
        refused.refuses_fields(&["label"]);
    }
    let long = json!({"label": "x".repeat(256)});
    stage.developer.post(&path, long).await.refuses_fields(&["label"]);
}

#[tokio::test]
async fn the_same_idempotency_key_makes_one_link_and_repeats_no_secret() {
    let stage = Stage::set().await;
    let path = format!("/v1/apps/{}/consent-links", stage.app);
    let first = stage.developer.post_once(&path, "a-key", &json!({})).await;
    let again = stage.developer.post_once(&path, "a-key", &json!({})).await;
    assert_eq!(again.status, StatusCode::CREATED);
    assert_eq!(again.field("id"), first.field("id"));
    assert_eq!((&again.json["url"], &again.json["token"]), (&json!(null), &json!(null)));
    assert_eq!(stage.events_of("consent-link.created").await.len(), 1);
    let kept: String = sqlx::query_scalar("SELECT body::text FROM consent_broker.idempotency_keys")
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    assert!(!kept.contains(&first.field("token")));
}

#[tokio::test]
async fn a_member_who_lost_the_role_does_not_get_yesterdays_answer() {
    let stage = Stage::set().await;
    let path = format!("/v1/apps/{}/consent-links", stage.app);
    let member = stage.member(MemberRole::Developer);
    let first = member.post_once(&path, "a-key", &json!({})).await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    stage.remote.leave(member.id, stage.organization);
    member.post_once(&path, "a-key", &json!({})).await.problem(404, "app-not-found");
    stage.remote.join(member.id, stage.organization, MemberRole::Auditor);
    member.post_once(&path, "a-key", &json!({})).await.problem(403, "role-not-allowed");
    stage.remote.leave(member.id, stage.organization);
    stage.remote.join(member.id, stage.organization, MemberRole::Owner);
    let again = member.post_once(&path, "a-key", &json!({})).await;
    assert_eq!((again.status, again.field("id")), (StatusCode::CREATED, first.field("id")));
}

#[tokio::test]
async fn links_are_listed_newest_first_in_pages_and_by_state() {
    let stage = Stage::set().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(stage.link().await.0);
        stage.clock.advance(Duration::seconds(1));
    }
    made.reverse();
    let path = format!("/v1/apps/{}/consent-links", stage.app);
    let first = stage.developer.get(&format!("{path}?limit=2")).await;
    assert_eq!(first.ids(), made[..2]);
    let link = first.headers["link"].to_str().unwrap();
    let next = link.split(['<', '>']).nth(1).unwrap();
    assert_eq!(stage.developer.get(next).await.ids(), made[2..4]);

    stage.developer.delete(&format!("/v1/consent-links/{}", made[0])).await;
    assert_eq!(stage.developer.get(&format!("{path}?state=revoked")).await.ids(), made[..1]);
    assert_eq!(
        stage.developer.get(&format!("{path}?state=pending&limit=200")).await.ids(),
        made[1..]
    );
    stage.developer.get(&format!("{path}?state=lost")).await.problem(422, "invalid-request");
    stage.developer.get(&format!("{path}?cursor=x")).await.refuses_fields(&["cursor"]);
}

#[tokio::test]
async fn a_revoked_link_cannot_be_used_and_is_revoked_once() {
    let stage = Stage::set().await;
    let (id, token) = stage.link().await;
    let path = format!("/v1/consent-links/{id}");
    for _ in 0..2 {
        assert_eq!(stage.developer.delete(&path).await.status, StatusCode::NO_CONTENT);
    }
    let [event] = stage.events_of("consent-link.revoked").await.try_into().unwrap();
    assert_eq!(
        (event.data["reason"].as_str(), event.authority.as_str()),
        (Some("requested"), "developer")
    );

    let holder = stage.person("The admin");
    let account = stage.account(&holder, AccountRole::Admin);
    holder.open(&token).await.problem(410, "link-revoked");
    holder.approve(&token, &[account]).await.problem(410, "link-revoked");
    holder.deny(&token).await.problem(410, "link-revoked");
    assert_eq!(stage.developer.get(&path).await.field("revocation_reason"), "requested");
}

#[tokio::test]
async fn the_developer_sees_when_and_for_which_accounts_a_link_was_used() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let account = stage.account(&holder, AccountRole::Admin);
    let (id, token) = stage.link().await;
    stage.clock.advance(Duration::hours(1));
    holder.open(&token).await;
    stage.clock.advance(Duration::hours(1));
    holder.approve(&token, &[account]).await;
    let link = stage.developer.get(&format!("/v1/consent-links/{id}")).await;
    assert_eq!(link.field("state"), "granted");
    assert_eq!(link.field("opened_at"), "2025-06-15T16:06:40Z");
    assert_eq!(link.field("ended_at"), "2025-06-15T17:06:40Z");
    stage
        .developer
        .delete(&format!("/v1/consent-links/{id}"))
        .await
        .problem(409, "link-already-used");
}

#[tokio::test]
async fn without_a_token_of_the_api_nothing_is_answered() {
    let stage = Stage::set().await;
    let (id, token) = stage.link().await;
    for path in [
        format!("/v1/apps/{}/consent-links", stage.app),
        format!("/v1/consent-links/{id}"),
        format!("/v1/consent-requests/{token}"),
        "/v1/grants".to_owned(),
        "/v1/me/accounts".to_owned(),
    ] {
        let answer = stage.send_with("nobody", &path).await;
        answer.problem(401, "invalid-token");
        assert_eq!(answer.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
    }
}
