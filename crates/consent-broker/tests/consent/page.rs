//! What an account owner is shown.

use axum::http::StatusCode;
use chrono::Duration;
use contract::rpc::{AccountRole, AppState, MemberRole};
use serde_json::json;

use crate::stage::Stage;

#[tokio::test]
async fn each_account_of_the_service_is_shown_with_whether_it_can_be_chosen() {
    let stage = Stage::set().await;
    let (admin, analyst) = (stage.person("The admin"), stage.person("The analyst"));
    let account = stage.account(&admin, AccountRole::Admin);
    stage.remote.role(account, analyst.id, Some(AccountRole::Analyst));
    let elsewhere = stage.remote.account(stage.env(), "Elsewhere", "marketing_solutions");
    stage.remote.role(elsewhere, admin.id, Some(AccountRole::Admin));
    let (_, token) = stage.link().await;

    let accounts = admin.open(&token).await.json["accounts"].clone();
    assert_eq!(accounts.as_array().unwrap().len(), 1);
    assert_eq!((&accounts[0]["selectable"], &accounts[0]["reason"]), (&json!(true), &json!(null)));
    assert_eq!(
        (&accounts[0]["name"], &accounts[0]["role"]),
        (&json!("Corner Shop"), &json!("admin"))
    );

    let account = analyst.open(&token).await.json["accounts"][0].clone();
    assert_eq!(
        (&account["selectable"], &account["reason"]["code"]),
        (&json!(false), &json!("role_may_not_consent"))
    );
    assert_eq!(
        account["reason"]["consenters"],
        json!([{"person_id": admin.id, "name": "The admin"}])
    );
}

#[tokio::test]
async fn an_account_that_has_consented_is_shown_with_by_whom_and_when() {
    let stage = Stage::set().await;
    let (first, second) = (stage.person("The first admin"), stage.person("The second admin"));
    let account = stage.account(&first, AccountRole::Admin);
    stage.remote.role(account, second.id, Some(AccountRole::Admin));
    stage.granted(&first, &[account]).await;
    let (_, token) = stage.link().await;
    let account = second.open(&token).await.json["accounts"][0].clone();
    assert_eq!(
        (&account["selectable"], &account["reason"]["code"]),
        (&json!(false), &json!("already_granted"))
    );
    assert_eq!(
        account["reason"]["granted_by"],
        json!({"person_id": first.id, "name": "The first admin"})
    );
    assert_eq!(account["reason"]["granted_at"], "2025-06-15T15:06:40Z");
}

#[tokio::test]
async fn opening_is_an_event_the_first_time_and_never_uses_the_link_up() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let account = stage.account(&holder, AccountRole::Admin);
    let (id, token) = stage.link().await;
    for _ in 0..3 {
        let answer = holder.open(&token).await;
        assert_eq!((answer.status, answer.field("state")), (StatusCode::OK, "opened".to_owned()));
    }
    stage.person("Someone else").open(&token).await;
    let [event] = stage.events_of("consent-link.opened").await.try_into().unwrap();
    assert_eq!(event.subject, format!("consent-link/{id}"));
    assert_eq!(
        (event.data["person_id"].clone(), event.authority.as_str()),
        (json!(holder.id), "link")
    );
    assert_eq!(holder.approve(&token, &[account]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn many_who_open_a_link_at_once_leave_one_event() {
    let stage = Stage::set().await;
    let (_, token) = stage.link().await;
    let people: Vec<_> = (0..20).map(|_| stage.person("Someone")).collect();
    let answers = futures::future::join_all(people.iter().map(|person| person.open(&token))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK), "{answers:?}");
    assert_eq!(stage.events_of("consent-link.opened").await.len(), 1);
}

#[tokio::test]
async fn members_of_the_organization_look_at_their_own_link_without_opening_it() {
    let stage = Stage::set().await;
    let (_, token) = stage.link().await;
    for role in [MemberRole::Owner, MemberRole::Auditor] {
        assert_eq!(stage.member(role).open(&token).await.field("state"), "pending");
    }
    assert!(stage.events_of("consent-link.opened").await.is_empty());
}

#[tokio::test]
async fn a_used_link_says_when_it_was_used() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let (_, token) = stage.link().await;
    holder.deny(&token).await;
    stage.clock.advance(Duration::days(60));
    let answer = holder.open(&token).await;
    answer.problem(409, "link-already-used");
    assert_eq!(answer.field("detail"), "The link was used at 2025-06-15T15:06:40Z.");
}

#[tokio::test]
async fn an_unknown_token_is_nothing() {
    let stage = Stage::set().await;
    let (_, token) = stage.link().await;
    let someone = stage.person("Someone");
    let other = contract::secret::LinkToken::generate(stage.env());
    for unknown in [other.reveal(), "mandate_cl_short", "x", &token[..token.len() - 1]] {
        someone.open(unknown).await.problem(404, "consent-request-not-found");
        someone.approve(unknown, &[]).await.problem(404, "consent-request-not-found");
        someone.deny(unknown).await.problem(404, "consent-request-not-found");
    }
}

#[tokio::test]
async fn the_links_of_a_suspended_app_rest_until_it_is_resumed() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let account = stage.account(&holder, AccountRole::Admin);
    let (_, token) = stage.link().await;
    stage.remote.app_state(stage.app, AppState::Suspended);
    holder.open(&token).await.problem(409, "app-not-active");
    holder.approve(&token, &[account]).await.problem(409, "app-not-active");
    holder.deny(&token).await.problem(409, "app-not-active");
    stage.remote.app_state(stage.app, AppState::Active);
    assert_eq!(holder.approve(&token, &[account]).await.status, StatusCode::OK);
}
