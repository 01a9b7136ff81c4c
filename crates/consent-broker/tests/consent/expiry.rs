//! Consent that ends by itself: from its very moment, whoever asks; recorded once, soon after.

use axum::http::StatusCode;
use chrono::Duration;
use consent_broker::grant_expiry::sweep;
use contract::rpc::AccountRole;
use contract::{AccountId, Actor, Authority, Service};
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor};

use crate::people::Person;
use crate::stage::Stage;

/// A grant that lasts for so many days.
async fn granted_for(stage: &Stage, days: u16, person: &Person, account: AccountId) -> String {
    let token = link_for(stage, days).await;
    let answer = person.approve(&token, &[account]).await.expect(200);
    answer.json["granted"][0]["grant_id"].as_str().unwrap().to_owned()
}

async fn link_for(stage: &Stage, days: u16) -> String {
    let links = format!("/v1/apps/{}/consent-links", stage.app);
    let link = stage.developer.post(&links, json!({ "grant_lifetime_days": days })).await;
    link.expect(201).field("token")
}

/// Makes grants what they were before consents ended by themselves, as an upgrade at this moment finds them.
async fn as_of_before(stage: &Stage) {
    let upgrade = format!(
        "ALTER TABLE consent_broker.grants DISABLE TRIGGER ends_once;
         UPDATE consent_broker.grants
         SET expires_at = NULL, lifetime_days = NULL, awaits_expiry_since = '{}';
         ALTER TABLE consent_broker.grants ENABLE TRIGGER ends_once",
        stage.env().now().to_rfc3339()
    );
    stage.pool.execute(AssertSqlSafe(upgrade)).await.unwrap();
}

#[tokio::test]
async fn a_consent_lasts_as_long_as_the_catalogue_says_and_everybody_is_told_until_when() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let account = stage.account(&admin, AccountRole::Admin);
    let (_, token) = stage.link().await;
    let page = admin.open(&token).await.expect(200).json;
    assert_eq!(page["lifetime_days"], 365);
    assert_eq!(page["grants_expire_at"], "2026-06-15T15:06:40Z");
    assert!(page["duration"].as_str().unwrap().contains("365 days"), "{page}");
    let approved = admin.approve(&token, &[account]).await.expect(200).json;
    assert_eq!(approved["granted"][0]["expires_at"], "2026-06-15T15:06:40Z");
    let grant = admin.get("/v1/grants").await.json["items"][0].clone();
    assert_eq!(
        (&grant["expires_at"], &grant["lifetime_days"], &grant["state"]),
        (&json!("2026-06-15T15:06:40Z"), &json!(365), &json!("live"))
    );
    let [event] = stage.events_of("consent.granted").await.try_into().unwrap();
    assert_eq!(event.data["expires_at"], "2026-06-15T15:06:40Z");
    let app = format!("access-token-of-{}", stage.app);
    let reached = stage.send_with(&app, "/v1/me/accounts").await.json["items"][0].clone();
    assert_eq!(reached["expires_at"], "2026-06-15T15:06:40Z");
}

#[tokio::test]
async fn a_link_asks_for_less_and_never_for_more_than_the_catalogue_gives() {
    let stage = Stage::set().await;
    let links = format!("/v1/apps/{}/consent-links", stage.app);
    for days in [json!(0), json!(-1), json!(366), json!(70_000)] {
        let wrong = json!({ "grant_lifetime_days": days });
        let refused = stage.developer.post(&links, wrong).await;
        refused.refuses_fields(&["grant_lifetime_days"]);
    }
    assert!(stage.events_of("consent-link.created").await.is_empty());
    let link = stage.developer.post(&links, json!({ "grant_lifetime_days": 30 })).await.expect(201);
    assert_eq!(link.json["grant_lifetime_days"], 30);
    let read = stage.developer.get(&format!("/v1/consent-links/{}", link.field("id"))).await;
    assert_eq!(read.json["grant_lifetime_days"], 30);
    let [event] = stage.events_of("consent-link.created").await.try_into().unwrap();
    assert_eq!(event.data["grant_lifetime_days"], 30);

    let admin = stage.person("The admin");
    let account = stage.account(&admin, AccountRole::Admin);
    let page = admin.open(&link.field("token")).await.expect(200).json;
    assert_eq!((&page["lifetime_days"], &page["state"]), (&json!(30), &json!("opened")));
    let approved = admin.approve(&link.field("token"), &[account]).await.expect(200).json;
    assert_eq!(approved["granted"][0]["expires_at"], page["grants_expire_at"]);
}

#[tokio::test]
async fn from_its_expiry_on_a_grant_counts_no_more_whether_or_not_that_is_recorded() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let account = stage.account(&admin, AccountRole::Admin);
    let grant = granted_for(&stage, 30, &admin, account).await;
    stage.clock.advance(Duration::days(30) - Duration::seconds(1));
    assert_eq!(stage.reached().await, [account.to_string()]);
    assert_eq!(sweep(&stage.resources).await.unwrap(), 0);

    let token = link_for(&stage, 30).await;
    let of_app = format!("/v1/grants?app_id={}", stage.app);
    for recorded in [false, true] {
        if recorded {
            let other = stage.other_host(Service::ConsentBroker).await;
            let (one, two) = tokio::join!(sweep(&stage.resources), sweep(&other));
            assert_eq!(one.unwrap() + two.unwrap(), 1);
        } else {
            stage.clock.advance(Duration::seconds(1));
        }
        assert!(stage.reached().await.is_empty());
        for person in [&admin, &stage.operator(), &stage.developer] {
            for narrowed in ["/v1/grants?".to_owned(), format!("{of_app}&")] {
                assert!(person.get(&format!("{narrowed}state=live")).await.ids().is_empty());
                assert!(person.get(&format!("{narrowed}state=revoked")).await.ids().is_empty());
                let expired = person.get(&format!("{narrowed}state=expired")).await;
                assert_eq!(expired.ids(), [grant.as_str()], "{narrowed} {recorded}");
                assert_eq!(person.get(narrowed.trim_end_matches('&')).await.ids(), expired.ids());
            }
        }
        let view = admin.get("/v1/grants").await.json["items"][0].clone();
        assert_eq!(
            (&view["state"], &view["ended_at"], &view["allowed"], &view["revoked_at"]),
            (&json!("expired"), &view["expires_at"], &json!([]), &json!(null))
        );
        // There is nothing left to revoke, and the account can consent again.
        admin.delete(&format!("/v1/grants/{grant}")).await.expect(204);
        admin.delete(&of_app).await.problem(404, "grant-not-found");
        let page = admin.open(&token).await.expect(200).json;
        assert_eq!(page["accounts"][0]["selectable"], true);
    }
    assert!(stage.events_of("consent.revoked").await.is_empty());
    let [event] = stage.events_of("consent.expired").await.try_into().unwrap();
    assert_eq!(event.subject, format!("consent/{grant}"));
    assert_eq!((event.streamversion.number(), event.organization), (2, Some(stage.organization)));
    assert_eq!(
        (event.actor, event.authority),
        (Actor::System(Service::ConsentBroker), Authority::SYSTEM)
    );
    assert_eq!(event.data["expired_at"], "2025-07-15T15:06:40Z");
    assert_eq!(sweep(&stage.resources).await.unwrap(), 0);
}

#[tokio::test]
async fn an_account_whose_consent_has_just_expired_consents_anew_in_one_transaction() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let [one, two] = [(); 2].map(|()| stage.account(&admin, AccountRole::Admin));
    let expired = granted_for(&stage, 30, &admin, one).await;
    stage.clock.advance(Duration::days(30));
    let token = link_for(&stage, 10).await;
    let approved = admin.approve(&token, &[one, two]).await.expect(200).json;
    assert_eq!(approved["granted"].as_array().unwrap().len(), 2);
    assert_eq!(approved["already_granted"], json!([]));
    assert_eq!(stage.reached().await.len(), 2);

    let [event] = stage.events_of("consent.expired").await.try_into().unwrap();
    assert_eq!(event.subject, format!("consent/{expired}"));
    assert_eq!(event.actor, Actor::System(Service::ConsentBroker));
    let granted = stage.events_of("consent.granted").await;
    assert_eq!(event.correlationid, granted[2].correlationid);
    assert_eq!(sweep(&stage.resources).await.unwrap(), 0);
    let states = admin.get("/v1/grants?state=expired").await;
    assert_eq!(states.ids(), [expired]);
}

#[tokio::test(flavor = "multi_thread")]
async fn very_many_that_expire_at_once_are_each_recorded_once_by_whichever_replicas() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let accounts: Vec<_> = (0..1_200).map(|_| stage.account(&admin, AccountRole::Admin)).collect();
    let token = link_for(&stage, 30).await;
    admin.approve(&token, &accounts).await.expect(200);
    stage.clock.advance(Duration::days(31));
    let other = stage.other_host(Service::ConsentBroker).await;
    let drain = async |resources| {
        let mut ended = 0;
        loop {
            match sweep(resources).await.unwrap() {
                0 => return ended,
                some => ended += some,
            }
        }
    };
    let (one, two) = tokio::join!(drain(&stage.resources), drain(&other));
    // One may find none while the other holds the last of them.
    assert_eq!(one + two + drain(&stage.resources).await, 1_200);
    let events = stage.events_of("consent.expired").await;
    let subjects: std::collections::BTreeSet<_> =
        events.iter().map(|event| event.subject.clone()).collect();
    assert_eq!((events.len(), subjects.len()), (1_200, 1_200));
    let correlations: std::collections::BTreeSet<_> =
        events.iter().map(|event| event.correlationid).collect();
    assert_eq!(correlations.len(), 1_200);
}

#[tokio::test]
async fn a_grant_of_before_gets_the_catalogues_lifetime_from_the_upgrade_on_as_an_event() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let [live, revoked] = [(); 2].map(|()| stage.account(&admin, AccountRole::Admin));
    let grants = stage.granted(&admin, &[live, revoked]).await;
    stage.clock.advance(Duration::days(1_000));
    as_of_before(&stage).await;
    // Until its turn that lifetime counts all the same.
    let view = admin.get(&format!("/v1/grants?account_id={live}")).await.json["items"][0].clone();
    let expiry = view["expires_at"].clone();
    assert_eq!(expiry, "2029-03-11T15:06:40Z");
    assert_eq!(stage.reached().await.len(), 2);
    admin.delete(&format!("/v1/grants?app_id={}", stage.app)).await.expect(200);
    let [again] = stage.granted(&admin, &[live]).await.try_into().unwrap();
    as_of_before(&stage).await;

    let other = stage.other_host(Service::ConsentBroker).await;
    let (one, two) = tokio::join!(sweep(&stage.resources), sweep(&other));
    assert_eq!(one.unwrap() + two.unwrap(), 1, "what has ended needs no expiry");
    assert_eq!(sweep(&stage.resources).await.unwrap(), 0);
    let [event] = stage.events_of("consent.expiry-set").await.try_into().unwrap();
    assert_eq!(event.subject, format!("consent/{again}"));
    assert_eq!((&event.data["expires_at"], event.streamversion.number()), (&expiry, 2));
    assert!(!grants.contains(&again));
    let view = admin.get("/v1/grants?state=live").await.json["items"][0].clone();
    assert_eq!((&view["expires_at"], &view["lifetime_days"]), (&expiry, &json!(365)));
    assert_eq!(stage.reached().await, [live.to_string()]);

    stage.clock.advance(Duration::days(365));
    assert!(stage.reached().await.is_empty());
    assert_eq!(sweep(&stage.resources).await.unwrap(), 1);
    assert_eq!(stage.events_of("consent.expired").await[0].streamversion.number(), 3);
}

#[tokio::test]
async fn a_grant_of_before_ends_by_the_clock_even_where_the_upgrade_was_never_through() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let [one, two] = [(); 2].map(|()| stage.account(&admin, AccountRole::Admin));
    let grants = stage.granted(&admin, &[one, two]).await;
    as_of_before(&stage).await;
    stage.clock.advance(Duration::days(365) - Duration::seconds(1));
    assert_eq!(stage.reached().await.len(), 2);
    stage.clock.advance(Duration::seconds(1));
    assert!(stage.reached().await.is_empty());
    assert!(admin.get("/v1/grants?state=live").await.ids().is_empty());
    assert_eq!(admin.get("/v1/grants").await.json["items"][0]["state"], "expired");
    let renewed = admin.act(&format!("/v1/grants/{}/renew", grants[0])).await;
    renewed.problem(409, "grant-ended");

    // One consents anew before the upgrade comes to it, the other after it.
    stage.granted(&admin, &[one]).await;
    assert_eq!(stage.reached().await, [one.to_string()]);
    assert_eq!(stage.events_of("consent.expiry-set").await.len(), 1);
    assert_eq!(stage.events_of("consent.expired").await.len(), 1);
    assert_eq!(sweep(&stage.resources).await.unwrap(), 1);
    let expired = stage.events_of("consent.expired").await;
    assert_eq!((expired.len(), expired[1].streamversion.number()), (2, 3));
    assert_eq!(expired[1].data["expired_at"], "2026-06-15T15:06:40Z");
    assert_eq!(admin.get("/v1/grants?state=expired").await.ids().len(), 2);
}

#[tokio::test]
async fn many_approvals_of_an_expired_consent_at_once_end_it_once() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let account = stage.account(&admin, AccountRole::Admin);
    granted_for(&stage, 30, &admin, account).await;
    stage.clock.advance(Duration::days(30));
    let mut tokens = Vec::new();
    for _ in 0..10 {
        tokens.push(link_for(&stage, 30).await);
    }
    let accounts = [account];
    let approvals = tokens.iter().map(|token| admin.approve(token, &accounts));
    let (answers, swept) =
        tokio::join!(futures::future::join_all(approvals), sweep(&stage.resources));
    swept.unwrap();
    let mut granted = 0;
    for answer in answers {
        if answer.status == StatusCode::OK {
            granted += answer.json["granted"].as_array().unwrap().len();
        } else {
            answer.problem(409, "consents-changed");
        }
    }
    assert_eq!(granted, 1);
    assert_eq!(stage.events_of("consent.expired").await.len(), 1);
    assert_eq!(stage.reached().await.len(), 1);
}
