//! Two replicas of every service: what happens once happens once, wherever it is asked for.

use chrono::{DateTime, Utc};
use futures::future::join_all;
use journeys::events::{self, Event, count};
use journeys::people::RETAIL_MEDIA;
use journeys::system::System;
use serde_json::json;
use stage::{Addresses, Client};

async fn two() -> (System, [Addresses; 2]) {
    let mut system = System::start().await;
    let second = system.replica().await;
    let both = [system.addresses(), second];
    (system, both)
}

#[tokio::test]
async fn of_200_simultaneous_redemptions_over_two_replicas_exactly_one_succeeds() {
    let (system, replicas) = two().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let account = operator.account(RETAIL_MEDIA, &["admin", "business_manager"]).await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let link = organization.developer.link(&app).await;

    // As two people at two replicas: four callers in turn.
    let mut callers = Vec::new();
    for role in ["admin", "business_manager"] {
        for replica in &replicas {
            callers.push(account.person(role).at(replica.clone()));
        }
    }
    let accounts = [account.id.as_str()];
    let attempts = (0..200).map(|turn| callers[turn % callers.len()].approve(&link, &accounts));
    let answers = join_all(attempts).await;

    let statuses = count(answers.iter().map(|answer| answer.status.as_u16()));
    assert_eq!(
        statuses,
        [(200, 1), (409, 199)].into(),
        "{:?}",
        answers.iter().find(|a| a.status.is_server_error())
    );
    let winner = answers.iter().find(|answer| answer.status == 200).unwrap();
    let used: DateTime<Utc> = winner.field("approved_at").parse().unwrap();
    for loser in answers.iter().filter(|answer| answer.status == 409) {
        let detail = loser.problem(409, "link-already-used");
        let told = detail.trim_start_matches("The link was used at ").trim_end_matches('.');
        let told: DateTime<Utc> = told.parse().unwrap_or_else(|_| panic!("{detail} names no time"));
        assert!((told - used).num_seconds().abs() <= 1, "{detail}, but it was at {used}");
    }

    // Every refused second use is an event, so when all are there nothing more is to come.
    let mut kinds = vec!["consent-link.redeemed", "consent.granted"];
    kinds.extend(["access.refused"; 199]);
    let query = format!("organization_id={}", organization.id);
    let found = events::found(&organization.auditor, &query, &kinds).await;
    let found = count(found.iter().map(Event::kind));
    assert_eq!(
        (found["consent-link.redeemed"], found["consent.granted"], found["access.refused"]),
        (1, 1, 199)
    );
    let grants = account.admin().get("/v1/grants").await.expect(200).json;
    assert_eq!(grants["items"].as_array().unwrap().len(), 1);
    system.stop().await;
}

#[tokio::test]
async fn an_app_never_has_more_than_five_keys_and_a_leaked_one_ends_on_both_replicas_at_once() {
    let (system, replicas) = two().await;
    let organization = system.operator().organization().await;
    let developer = &organization.developer;
    let app = developer.active_app(&organization, RETAIL_MEDIA).await;
    let path = format!("/v1/apps/{}/keys", app.id);
    let at = replicas.clone().map(|replica| developer.at(replica));

    let race =
        (0..40).map(|turn| at[turn % 2].post(&path, json!({ "name": format!("key {turn}") })));
    let answers = join_all(race).await;
    let statuses = count(answers.iter().map(|answer| answer.status.as_u16()));
    assert_eq!(statuses, [(201, 5), (409, 35)].into());
    for refused in answers.iter().filter(|answer| answer.status == 409) {
        refused.problem(409, "too-many-keys");
    }
    let listed = developer.get(&path).await.expect(200).json;
    assert_eq!(listed["items"].as_array().unwrap().len(), 5);

    let made = answers.iter().filter(|answer| answer.status == 201);
    for (turn, key) in made.enumerate() {
        let (id, secret) = (key.field("client_id"), key.field("client_secret"));
        let ask = async |client: &Client| {
            let client = client.without_credentials().with_password(&id, &secret);
            client.form("/oauth2/token", &[("grant_type", "client_credentials")]).await
        };
        // Both have seen the key work, so that whatever they remember of it is warm.
        for replica in &at {
            ask(replica).await.expect(200);
        }
        at[turn % 2].delete(&format!("/v1/keys/{id}?now=true")).await.expect(200);
        for replica in &at {
            let refused = ask(replica).await.expect(401);
            assert_eq!(refused.field("error"), "invalid_client");
        }
    }
    system.stop().await;
}

#[tokio::test]
async fn a_revoked_grant_and_a_withdrawn_role_count_on_both_replicas_at_once() {
    let (system, replicas) = two().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let account = operator.account(RETAIL_MEDIA, &["admin"]).await;
    let developer = &organization.developer;
    let app = developer.active_app(&organization, RETAIL_MEDIA).await;
    let key = developer.key(&app).await;
    let admin = replicas.clone().map(|replica| account.admin().at(replica));
    let mut itself = Vec::new();
    for replica in &replicas {
        itself.push(key.app(developer).await.at(replica.clone()));
    }
    for turn in 0..4 {
        let link = developer.link(&app).await;
        let approved = admin[turn % 2].approve(&link, &[&account.id]).await.expect(200).json;
        for replica in &itself {
            let page = replica.get("/v1/me/accounts").await.expect(200).json;
            assert_eq!(page["items"][0]["id"], account.id.as_str());
        }
        let grant = approved["granted"][0]["grant_id"].as_str().unwrap().to_owned();
        admin[(turn + 1) % 2].delete(&format!("/v1/grants/{grant}")).await.expect(204);
        for replica in &itself {
            let page = replica.get("/v1/me/accounts").await.expect(200).json;
            assert_eq!(page["items"], json!([]));
        }
    }

    let link = developer.link(&app).await;
    for replica in &admin {
        replica.open(&link).await.expect(200);
    }
    operator.assign(&account, account.admin(), "analyst").await;
    for replica in &admin {
        replica.approve(&link, &[&account.id]).await.problem(403, "role-not-allowed");
    }
    system.stop().await;
}
