//! The use of a link.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use contract::facts::grants_sha256;
use contract::rpc::AccountRole;
use contract::{AccountId, GrantId};
use futures::future::join_all;
use serde_json::json;
use stage::Answer;

use crate::people::Person;
use crate::stage::Stage;

#[tokio::test]
async fn an_approval_grants_each_account_under_the_persons_role_on_it() {
    let stage = Stage::set().await;
    let holder = stage.person("The holder");
    let (one, two) = (
        stage.account(&holder, AccountRole::Admin),
        stage.account(&holder, AccountRole::TechnicalManager),
    );
    let (id, token) = stage.link().await;
    let answer = holder.approve(&token, &[two, one]).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.json["granted"].as_array().unwrap().len(), 2);
    assert_eq!(answer.json["already_granted"], json!([]));

    let [redeemed] = stage.events_of("consent-link.redeemed").await.try_into().unwrap();
    assert_eq!(redeemed.subject, format!("consent-link/{id}"));
    assert_eq!(redeemed.authority.as_str(), "account:admin+technical_manager");
    let granted = stage.events_of("consent.granted").await;
    let authorities: BTreeSet<_> = granted
        .iter()
        .map(|event| {
            (
                event.data["account_id"].as_str().unwrap().to_owned(),
                event.authority.as_str().to_owned(),
            )
        })
        .collect();
    let expected = [(one, "account:admin"), (two, "account:technical_manager")];
    assert_eq!(
        authorities,
        expected.map(|(account, role)| (account.to_string(), role.to_owned())).into()
    );
    for event in granted {
        assert_eq!(event.organization, Some(stage.organization));
        assert_eq!(event.correlationid, redeemed.correlationid);
        assert_eq!(event.data["domains"], json!([{"domain": "campaigns", "level": "manage"}]));
    }
    // Whoever has the consents that name the link can tell that these are all of them.
    let granted = stage.events_of("consent.granted").await;
    assert!(granted.iter().all(|event| event.data["link_id"] == json!(id)));
    let grants = granted.iter().map(|event| GrantId::from_uuid(event.stream_id()));
    assert_eq!(redeemed.data["grants_sha256"], json!(grants_sha256(grants)));
    assert_eq!(redeemed.data["granted_count"], json!(2));
    let reached: BTreeSet<_> = stage.reached().await.into_iter().collect();
    assert_eq!(reached, [one.to_string(), two.to_string()].into());
}

/// 200 people's approvals of one link, each of its own account.
async fn redeem_200_times(stage: &Stage, people: &[(Person, AccountId)]) {
    let (id, token) = stage.link().await;
    let answers = join_all(people.iter().map(|(person, account)| {
        let accounts = [*account];
        let token = token.clone();
        async move { person.approve(&token, &accounts).await }
    }))
    .await;
    let (won, lost): (Vec<&Answer>, Vec<&Answer>) =
        answers.iter().partition(|answer| answer.status == StatusCode::OK);
    assert_eq!((won.len(), lost.len()), (1, 199));
    for answer in lost {
        answer.problem(409, "link-already-used");
        assert_eq!(answer.field("detail"), "The link was used at 2025-06-15T15:06:40Z.");
    }
    let redeemed = stage.events_of("consent-link.redeemed").await;
    assert_eq!(redeemed.iter().filter(|event| event.subject.ends_with(&id)).count(), 1);
    let grant = won[0].json["granted"][0]["grant_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(redeemed[0].data["grants_sha256"], json!(grants_sha256([grant])));
    assert_eq!(stage.events_of("consent.granted").await.len(), 1);
    assert_eq!(stage.reached().await.len(), 1);
    assert_eq!(stage.refusals().await, vec!["link_already_used"; 199]);
}

fn two_hundred(stage: &Stage) -> Vec<(Person, AccountId)> {
    let with_account = |_| {
        let person = stage.person("An admin");
        let account = stage.account(&person, AccountRole::Admin);
        (person, account)
    };
    (0..200).map(with_account).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_simultaneous_redemptions_exactly_one_succeeds() {
    let stage = Stage::set().await;
    let people = two_hundred(&stage);
    redeem_200_times(&stage, &people).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_simultaneous_redemptions_at_two_replicas_exactly_one_succeeds() {
    let stage = Stage::set().await;
    let other = stage.replica().await;
    let mut people = two_hundred(&stage);
    for (person, _) in people.iter_mut().step_by(2) {
        *person = person.at(&other);
    }
    redeem_200_times(&stage, &people).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn approvals_and_denials_at_once_use_the_link_once() {
    let stage = Stage::set().await;
    let people = two_hundred(&stage);
    let (_, token) = stage.link().await;
    let answers = join_all(people.iter().take(40).enumerate().map(|(place, (person, account))| {
        let accounts = [*account];
        let token = token.clone();
        async move {
            if place % 2 == 0 {
                person.approve(&token, &accounts).await
            } else {
                person.deny(&token).await
            }
        }
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::OK).count(), 1);
    let used = stage.events_of("consent-link.redeemed").await.len()
        + stage.events_of("consent-link.denied").await.len();
    assert_eq!(used, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_links_for_the_same_accounts_at_once_grant_each_account_once() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let mut accounts: Vec<_> =
        (0..50).map(|_| stage.account(&holder, AccountRole::Admin)).collect();
    let mut uses = Vec::new();
    for _ in 0..8 {
        accounts.rotate_left(7);
        uses.push((stage.link().await.1, accounts.clone()));
    }
    let answers =
        join_all(uses.iter().map(|(token, accounts)| holder.approve(token, accounts))).await;
    let mut granted = 0;
    for answer in &answers {
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let count = |field: &str| answer.json[field].as_array().unwrap().len();
        assert_eq!(count("granted") + count("already_granted"), 50);
        granted += count("granted");
    }
    assert_eq!(granted, 50);
    assert_eq!(stage.events_of("consent.granted").await.len(), 50);
}

#[tokio::test]
async fn a_grant_that_exists_is_left_as_it_is_and_the_link_is_used_all_the_same() {
    let stage = Stage::set().await;
    let (first, second) = (stage.person("The first admin"), stage.person("The second admin"));
    let account = stage.account(&first, AccountRole::Admin);
    stage.remote.role(account, second.id, Some(AccountRole::Admin));
    let [grant] = stage.granted(&first, &[account]).await.try_into().unwrap();

    let (id, token) = stage.link().await;
    let answer = second.approve(&token, &[account]).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.json["granted"], json!([]));
    let earlier = &answer.json["already_granted"][0];
    assert_eq!((&earlier["grant_id"], &earlier["account_id"]), (&json!(grant), &json!(account)));
    assert_eq!(earlier["granted_by"], json!({"person_id": first.id, "name": "The first admin"}));
    assert_eq!(stage.events_of("consent.granted").await.len(), 1);
    let redeemed = stage.events_of("consent-link.redeemed").await;
    assert_eq!(redeemed[1].data["granted_count"], json!(0));
    assert_eq!(redeemed[1].data["already_granted_count"], json!(1));
    assert_eq!(redeemed[1].data["grants_sha256"], json!(grants_sha256([])));
    assert_eq!(
        stage.developer.get(&format!("/v1/consent-links/{id}")).await.field("state"),
        "granted"
    );
    second.approve(&token, &[account]).await.problem(409, "link-already-used");
}

#[tokio::test]
async fn the_consents_of_several_people_add_up() {
    let stage = Stage::set().await;
    for name in ["The first admin", "The second admin"] {
        let person = stage.person(name);
        let account = stage.account(&person, AccountRole::Admin);
        stage.granted(&person, &[account]).await;
    }
    assert_eq!(stage.reached().await.len(), 2);
}

#[tokio::test]
async fn a_denial_uses_the_link_and_grants_nothing() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let account = stage.account(&holder, AccountRole::Admin);
    let (id, token) = stage.link().await;
    assert_eq!(holder.deny(&token).await.status, StatusCode::OK);
    let [event] = stage.events_of("consent-link.denied").await.try_into().unwrap();
    assert_eq!((event.subject, event.authority.as_str()), (format!("consent-link/{id}"), "link"));
    holder.approve(&token, &[account]).await.problem(409, "link-already-used");
    holder.deny(&token).await.problem(409, "link-already-used");
    assert_eq!(stage.refusals().await, ["link_already_used", "link_already_used"]);
    assert!(stage.reached().await.is_empty());
}
