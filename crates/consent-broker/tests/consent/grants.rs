//! Grants: who sees them, who ends them, and what an app reaches.

use axum::http::StatusCode;
use chrono::Duration;
use contract::Environment;
use contract::rpc::{AccountRole, MemberRole};
use serde_json::json;

use crate::stage::Stage;

#[tokio::test]
async fn whoever_holds_a_role_on_an_account_sees_its_grants_and_by_whom() {
    let stage = Stage::set().await;
    let (admin, viewer) = (stage.person("The admin"), stage.person("The viewer"));
    let account = stage.account(&admin, AccountRole::Admin);
    stage.remote.role(account, viewer.id, Some(AccountRole::Viewer));
    let grants = stage.granted(&admin, &[account]).await;
    let answer = viewer.get("/v1/grants").await;
    assert_eq!(answer.ids(), grants);
    assert!(stage.person("A stranger").get("/v1/grants").await.ids().is_empty());
}

#[tokio::test]
async fn members_see_the_grants_of_their_apps_without_the_names_of_people() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let account = stage.account(&admin, AccountRole::Admin);
    let grants = stage.granted(&admin, &[account]).await;
    let answer =
        stage.member(MemberRole::Auditor).get(&format!("/v1/grants?app_id={}", stage.app)).await;
    assert_eq!(answer.ids(), grants);
    assert_eq!(answer.json["items"][0]["granted_by"], json!(null));
    assert_eq!(
        stage.operator().get("/v1/grants").await.json["items"][0]["granted_by"]["name"],
        "The admin"
    );
}

#[tokio::test]
async fn members_of_very_many_organizations_see_the_grants_of_those_that_they_name() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let account = stage.account(&admin, AccountRole::Admin);
    let grants = stage.granted(&admin, &[account]).await;
    // Others can make somebody a member of any number; the one in question comes after them.
    let member = stage.person("The member");
    for _ in 0..100 {
        stage.remote.join(member.id, Environment::system().new_id(), MemberRole::Auditor);
        stage.remote.join(admin.id, Environment::system().new_id(), MemberRole::Auditor);
    }
    stage.remote.join(member.id, stage.organization, MemberRole::Auditor);
    let of_organization = format!("/v1/grants?organization_id={}", stage.organization);
    let of_app = format!("/v1/grants?app_id={}", stage.app);
    assert_eq!(member.get(&of_organization).await.ids(), grants);
    assert_eq!(member.get(&of_app).await.ids(), grants);
    assert!(member.get("/v1/grants").await.ids().is_empty());
    // What is granted on one's own accounts is always there, whatever others did.
    assert_eq!(admin.get("/v1/grants").await.ids(), grants);
    stage.remote.leave(member.id, stage.organization);
    assert!(member.get(&of_organization).await.ids().is_empty());
    assert!(member.get(&of_app).await.ids().is_empty());
}

#[tokio::test]
async fn grants_are_filtered_and_paged() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let mut grants = Vec::new();
    let mut accounts = Vec::new();
    for _ in 0..3 {
        let account = stage.account(&admin, AccountRole::Admin);
        grants.extend(stage.granted(&admin, &[account]).await);
        accounts.push(account);
        stage.clock.advance(Duration::seconds(1));
    }
    grants.reverse();
    let first = admin.get("/v1/grants?limit=2").await;
    assert_eq!(first.ids(), grants[..2]);
    let next = format!("/v1/grants?limit=2&cursor={}", first.field("next_cursor"));
    assert_eq!(admin.get(&next).await.ids(), grants[2..]);
    assert_eq!(
        admin.get(&format!("/v1/grants?account_id={}", accounts[0])).await.ids(),
        grants[2..]
    );
    let of_organization = format!("/v1/grants?organization_id={}", stage.organization);
    assert_eq!(admin.get(&of_organization).await.ids(), grants);

    admin.delete(&format!("/v1/grants/{}", grants[0])).await;
    // By state along every way to them.
    let of_app = format!("app_id={}&", stage.app);
    let of_organization = format!("organization_id={}&", stage.organization);
    for person in [&admin, &stage.operator()] {
        for narrowed in ["", &of_app, &of_organization] {
            let path = format!("/v1/grants?{narrowed}");
            assert_eq!(person.get(&format!("{path}state=live")).await.ids(), grants[1..]);
            assert_eq!(person.get(&format!("{path}state=revoked")).await.ids(), grants[..1]);
            assert_eq!(person.get(&path).await.ids(), grants);
        }
        for (number, account) in accounts.iter().rev().enumerate() {
            let path = format!("/v1/grants?account_id={account}&state=");
            let (live, revoked) = if number == 0 { (0, 1) } else { (1, 0) };
            assert_eq!(person.get(&format!("{path}live")).await.ids().len(), live);
            assert_eq!(person.get(&format!("{path}revoked")).await.ids().len(), revoked);
        }
    }
    let revoked = admin.get("/v1/grants?state=revoked").await;
    assert_eq!(revoked.json["items"][0]["revocation_reason"], "requested");
    admin.get("/v1/grants?state=lost").await.problem(422, "invalid-request");
    admin.get("/v1/grants?app=x&limit=2").await.refuses_fields(&["app"]);
}

#[tokio::test]
async fn a_revoked_grant_stops_working_at_once_and_can_be_granted_anew() {
    let stage = Stage::set().await;
    let (admin, manager) = (stage.person("The admin"), stage.person("The manager"));
    let account = stage.account(&admin, AccountRole::Admin);
    stage.remote.role(account, manager.id, Some(AccountRole::BusinessManager));
    let [grant] = stage.granted(&admin, &[account]).await.try_into().unwrap();
    assert_eq!(stage.reached().await, [account.to_string()]);
    for _ in 0..2 {
        assert_eq!(
            manager.delete(&format!("/v1/grants/{grant}")).await.status,
            StatusCode::NO_CONTENT
        );
        assert!(stage.reached().await.is_empty());
    }
    let [event] = stage.events_of("consent.revoked").await.try_into().unwrap();
    assert_eq!(
        (event.authority.as_str(), event.streamversion.number()),
        ("account:business_manager", 2)
    );
    assert_eq!(event.subject, format!("consent/{grant}"));

    let [anew] = stage.granted(&admin, &[account]).await.try_into().unwrap();
    assert_ne!(anew, grant);
    assert_eq!(stage.reached().await, [account.to_string()]);
}

#[tokio::test]
async fn only_roles_that_may_consent_and_operators_revoke() {
    let stage = Stage::set().await;
    let (admin, analyst) = (stage.person("The admin"), stage.person("The analyst"));
    let account = stage.account(&admin, AccountRole::Admin);
    stage.remote.role(account, analyst.id, Some(AccountRole::Analyst));
    let [grant] = stage.granted(&admin, &[account]).await.try_into().unwrap();
    let path = format!("/v1/grants/{grant}");
    analyst.delete(&path).await.problem(403, "role-not-allowed");
    stage.developer.delete(&path).await.problem(403, "role-not-allowed");
    stage.person("A stranger").delete(&path).await.problem(404, "grant-not-found");
    assert_eq!(stage.refusals().await, ["role_not_allowed", "role_not_allowed"]);
    assert_eq!(stage.operator().delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(stage.events_of("consent.revoked").await[0].authority.as_str(), "operator");
    let unknown: contract::GrantId = stage.env().new_id();
    admin.delete(&format!("/v1/grants/{unknown}")).await.problem(404, "grant-not-found");
}

#[tokio::test]
async fn the_whole_app_is_revoked_where_the_role_allows_it_and_the_rest_is_named() {
    let stage = Stage::set().await;
    let (admin, other) = (stage.person("The admin"), stage.person("The other admin"));
    let [one, two, left] = [(); 3].map(|()| stage.account(&other, AccountRole::Admin));
    let elsewhere = stage.account(&other, AccountRole::Admin);
    stage.granted(&other, &[one, two, left, elsewhere]).await;
    stage.remote.role(one, admin.id, Some(AccountRole::Admin));
    stage.remote.role(two, admin.id, Some(AccountRole::TechnicalManager));
    stage.remote.role(left, admin.id, Some(AccountRole::Viewer));

    let path = format!("/v1/grants?app_id={}", stage.app);
    let answer = admin.delete(&path).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.json["revoked"].as_array().unwrap().len(), 2);
    assert_eq!(answer.json["left"][0]["account_id"], json!(left));
    let mut authorities: Vec<_> = stage
        .events_of("consent.revoked")
        .await
        .iter()
        .map(|event| event.authority.as_str().to_owned())
        .collect();
    authorities.sort();
    assert_eq!(authorities, ["account:admin", "account:technical_manager"]);
    assert_eq!(stage.reached().await.len(), 2);

    admin.delete(&path).await.problem(403, "role-not-allowed");
    stage.person("A stranger").delete(&path).await.problem(404, "grant-not-found");
    admin.delete("/v1/grants").await.refuses_fields(&["app_id"]);
    assert_eq!(stage.operator().delete(&path).await.json["revoked"].as_array().unwrap().len(), 2);
    assert!(stage.reached().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_many_revoke_at_once_loses_each_grant_once() {
    let stage = Stage::set().await;
    let (admin, operator) = (stage.person("The admin"), stage.operator());
    let accounts: Vec<_> = (0..20).map(|_| stage.account(&admin, AccountRole::Admin)).collect();
    stage.granted(&admin, &accounts).await;
    let path = format!("/v1/grants?app_id={}", stage.app);
    let callers = (0..20).map(|n| if n % 2 == 0 { &admin } else { &operator });
    let answers = futures::future::join_all(callers.map(|caller| caller.delete(&path))).await;
    let (ended, late): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == StatusCode::OK);
    assert_eq!(ended.len(), 1, "{answers:?}");
    assert_eq!(ended[0].json["revoked"].as_array().unwrap().len(), 20);
    for answer in late {
        answer.problem(404, "grant-not-found");
    }
    assert_eq!(stage.events_of("consent.revoked").await.len(), 20);
}

#[tokio::test]
async fn an_app_asks_with_its_own_token_which_accounts_it_reaches() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let account = stage.account(&admin, AccountRole::Admin);
    stage.granted(&admin, &[account]).await;
    assert_eq!(stage.reached().await, [account.to_string()]);
    // A person's token is no app's.
    admin.get("/v1/me/accounts").await.problem(401, "invalid-token");
}
