//! Approvals of all accounts that a search finds, and how many there are of which.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use contract::AccountId;
use contract::rpc::AccountRole;
use futures::future::join_all;
use serde_json::{Value, json};
use stage::Answer;

use crate::people::Person;
use crate::stage::{RETAIL, Stage};

/// Accounts of this name, on which the person holds this role.
fn named(stage: &Stage, holder: &Person, role: AccountRole, count: usize) -> Vec<AccountId> {
    let account = |_| {
        let account = stage.remote.account(stage.env(), "Harbour Bakery", RETAIL);
        stage.remote.role(account, holder.id, Some(role));
        account
    };
    (0..count).map(account).collect()
}

fn granted(answer: &Answer) -> BTreeSet<AccountId> {
    let granted = answer.json["granted"].as_array().unwrap().iter();
    granted.map(|grant| grant["account_id"].as_str().unwrap().parse().unwrap()).collect()
}

fn left_out(excepted: u32, role_may_not_consent: u32, already_granted: u32) -> Value {
    json!({
        "excepted": excepted, "role_may_not_consent": role_may_not_consent, "already_granted": already_granted
    })
}

#[tokio::test]
async fn all_are_those_that_match_and_can_be_chosen_and_the_answer_says_how_many_are_not() {
    let stage = Stage::set().await;
    let holder = stage.person("The holder");
    let own = named(&stage, &holder, AccountRole::Admin, 20);
    let managed = named(&stage, &holder, AccountRole::TechnicalManager, 5);
    named(&stage, &holder, AccountRole::Viewer, 11);
    stage.granted(&holder, &own[..3]).await;
    let elsewhere = stage.remote.account(stage.env(), "Harbour Bakery", "marketing_solutions");
    stage.remote.role(elsewhere, holder.id, Some(AccountRole::Admin));
    // A shop is no bakery.
    stage.account(&holder, AccountRole::Admin);

    let (id, token) = stage.link().await;
    let path = format!("/v1/consent-requests/{token}/accounts");
    let first = holder.get(&format!("{path}?q=bakery&limit=30")).await.expect(200).json;
    let counts = json!({
        "matching": 36, "selectable": 22, "more": false,
        "unselectable": { "role_may_not_consent": 11, "already_granted": 3 },
    });
    assert_eq!(first["counts"], counts);
    let next = format!("{path}?q=bakery&cursor={}", first["next_cursor"].as_str().unwrap());
    assert_eq!(holder.get(&next).await.expect(200).json["counts"], json!(null));
    let page = holder.open(&token).await.expect(200).json;
    assert_eq!(
        (&page["counts"]["matching"], &page["counts"]["selectable"]),
        (&json!(37), &json!(23))
    );
    let nothing = holder.get(&format!("{path}?q=harbor")).await.expect(200).json;
    assert_eq!(nothing["counts"]["matching"], json!(0));

    // What is not found is not left out, and one that cannot be chosen counts as an exception all the same.
    let except = [own[19], managed[4], own[0], stage.env().new_id()];
    let answer = holder.approve_all(&token, Some("bakery"), &except).await.expect(200);
    assert_eq!(answer.json["granted_count"], json!(20));
    let expected: BTreeSet<_> = own[3..19].iter().chain(&managed[..4]).copied().collect();
    assert_eq!(granted(&answer), expected);
    assert_eq!(answer.json["already_granted"], json!([]));
    assert_eq!(answer.json["left_out"], left_out(3, 11, 2));
    let [_, redeemed] = stage.events_of("consent-link.redeemed").await.try_into().unwrap();
    assert_eq!(redeemed.data["granted_count"], json!(20));
    assert_eq!(redeemed.authority.as_str(), "account:admin+technical_manager");
    assert_eq!(stage.events_of("consent.granted").await.len(), 23);
    let link = stage.developer.get(&format!("/v1/consent-links/{id}")).await.expect(200).json;
    assert_eq!((&link["granted_count"], &link["already_granted_count"]), (&json!(20), &json!(0)));
    assert!(stage.refusals().await.is_empty());

    // The rest, with no search.
    let (_, second) = stage.link().await;
    let rest = holder.approve_all(&second, None, &[]).await.expect(200).json;
    assert_eq!((&rest["granted_count"], &rest["left_out"]), (&json!(3), &left_out(0, 11, 23)));
}

#[tokio::test]
async fn a_choice_is_one_of_two_and_of_at_least_one_account() {
    let stage = Stage::set().await;
    let limited = stage.limited_replica(10).await;
    let holder = stage.person("The holder");
    let all = named(&stage, &holder, AccountRole::Admin, 11);
    let (_, token) = stage.link().await;
    let path = format!("/v1/consent-requests/{token}/approve");
    let accounts = [all[0]];
    for (body, field) in [
        (json!({}), "accounts"),
        (json!({ "accounts": accounts, "all": {} }), "all"),
        (json!({ "accounts": accounts, "all": {}, "except": [] }), "all"),
        (json!({ "accounts": accounts, "except": [] }), "except"),
        (json!({ "except": accounts }), "accounts"),
        (json!({ "all": { "q": "x".repeat(201) } }), "all.q"),
        (json!({ "all": { "query": "x" } }), "all.query"),
    ] {
        let answer = holder.post(&path, body.clone()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert!(answer.text().contains(field), "{body}: {}", answer.text());
    }
    let nothing = holder.approve_all(&token, Some("nothing"), &[]).await;
    nothing.problem(422, "nothing-to-choose");
    holder.approve_all(&token, None, &all).await.problem(422, "nothing-to-choose");
    let stranger = stage.person("A stranger");
    stranger.approve_all(&token, None, &[]).await.problem(422, "nothing-to-choose");
    let viewer = stage.person("A viewer");
    named(&stage, &viewer, AccountRole::Viewer, 3);
    viewer.approve_all(&token, None, &[]).await.problem(422, "nothing-to-choose");
    holder.at(&limited).approve_all(&token, None, &[]).await.refuses_fields(&["all"]);
    assert!(stage.events_of("consent.granted").await.is_empty());

    holder.at(&limited).approve_all(&token, None, &all[..1]).await.expect(200);
    holder.approve_all(&token, None, &[]).await.problem(409, "link-already-used");
    assert_eq!(stage.refusals().await, ["link_already_used"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_simultaneous_approvals_of_all_exactly_one_succeeds() {
    let stage = Stage::set().await;
    let other = stage.replica().await;
    let people = (0..200).map(|place| {
        let person = stage.person("An admin");
        named(&stage, &person, AccountRole::Admin, 3);
        if place % 2 == 0 { person } else { person.at(&other) }
    });
    let people: Vec<Person> = people.collect();
    let (_, token) = stage.link().await;
    let answers =
        join_all(people.iter().map(|person| person.approve_all(&token, Some("bakery"), &[]))).await;
    let won = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    assert_eq!(won, 1);
    for lost in answers.iter().filter(|answer| answer.status != StatusCode::OK) {
        lost.problem(409, "link-already-used");
    }
    assert_eq!(stage.events_of("consent.granted").await.len(), 3);
    assert_eq!(stage.events_of("consent-link.redeemed").await.len(), 1);
}

/// Roles are taken away in the order of the accounts while all are approved: who keeps a role to the end is granted, and
/// nobody is granted for an account on which they never held one.
#[tokio::test(flavor = "multi_thread")]
async fn an_approval_of_all_that_races_the_loss_of_roles_takes_those_that_are_left() {
    let stage = Stage::set().await;
    let holder = stage.person("The holder");
    let all = named(&stage, &holder, AccountRole::Admin, 120);
    let lost_before = &all[..20];
    for account in lost_before {
        stage.remote.role(*account, holder.id, Some(AccountRole::Viewer));
    }
    let (_, token) = stage.link().await;
    let losing = async {
        for account in &all[20..70] {
            stage.remote.role(*account, holder.id, None);
            tokio::task::yield_now().await;
        }
    };
    let (answer, ()) = tokio::join!(holder.approve_all(&token, None, &[]), losing);
    let answer = answer.expect(200);
    let granted = granted(&answer);
    assert!(all[70..].iter().all(|account| granted.contains(account)));
    assert!(lost_before.iter().all(|account| !granted.contains(account)));
    assert_eq!(answer.json["left_out"]["role_may_not_consent"], json!(20));
    let events = stage.events_of("consent.granted").await;
    assert_eq!(events.len(), granted.len());
    assert!(events.iter().all(|event| event.authority.as_str() == "account:admin"));
}

#[tokio::test]
async fn very_many_at_once_wait_for_their_turn_and_count_as_they_are_then() {
    let stage = Stage::set().await;
    // A page of the directory's real size: more than a few hundred questions take their time.
    stage.remote.known().most_at_a_time = 10_000;
    let holder = stage.person("The holder");
    named(&stage, &holder, AccountRole::Admin, 2_500);
    let (_, token) = stage.link().await;
    let answer = holder.approve_all(&token, None, &[]).await.expect(200);
    assert_eq!(answer.json["granted_count"], json!(2_500));
    assert_eq!(stage.events_of("consent.granted").await.len(), 2_500);
    let versions: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM consent_broker.details d JOIN consent_broker.events e ON e.id = d.event_id
         WHERE e.type = 'mandate.consent.granted.v1'",
    )
    .fetch_one(&stage.pool)
    .await
    .unwrap();
    assert_eq!(versions, 2_500, "each with the words that were shown");
}
