//! Notices that a consent will end: each once, whatever the clock does.

use chrono::Duration;
use consent_broker::{Settings, grant_expiry, notices};
use contract::mail::{MailRecipient, MailRequest};
use contract::rpc::AccountRole;
use contract::{AccountId, Service};
use serde_json::json;
use stage::eventually;

use crate::people::Person;
use crate::stage::{Stage, settings};

const DAYS: [u16; 3] = [30, 7, 1];

async fn send(stage: &Stage) -> usize {
    notices::send(&stage.resources, &DAYS).await.unwrap()
}

/// The days of the notices on record, in their order.
async fn days(stage: &Stage) -> Vec<u64> {
    let sent = stage.events_of("consent-notice.sent").await;
    sent.iter().map(|event| event.data["days"].as_u64().unwrap()).collect()
}

async fn granted_to(stage: &Stage) -> (Person, AccountId, String) {
    let admin = stage.person("The admin");
    let account = stage.account(&admin, AccountRole::Admin);
    let [grant] = stage.granted(&admin, &[account]).await.try_into().unwrap();
    (admin, account, grant)
}

#[tokio::test]
async fn whoever_granted_is_told_30_7_and_1_days_before_and_sees_it() {
    let stage = Stage::set().await;
    let (admin, account, grant) = granted_to(&stage).await;
    stage.clock.advance(Duration::days(335) - Duration::seconds(1));
    assert_eq!((send(&stage).await, days(&stage).await), (0, vec![]));
    stage.clock.advance(Duration::seconds(1));
    for (told, until) in [(vec![30], 23), (vec![30, 7], 6), (vec![30, 7, 1], 1)] {
        assert_eq!(send(&stage).await, 1);
        assert_eq!(send(&stage).await, 0);
        assert_eq!(days(&stage).await, told);
        stage.clock.advance(Duration::days(until));
    }
    assert_eq!(send(&stage).await, 0);
    let events = stage.events_of("consent-notice.sent").await;
    assert_eq!(events[0].data["grant_id"], grant.as_str());
    assert_eq!(events[0].data["person_id"], json!(admin.id));
    assert_eq!(events[0].data["expires_at"], "2026-06-15T15:06:40Z");
    assert_eq!(events[0].organization, Some(stage.organization));
    let view = admin.get("/v1/grants").await.json["items"][0].clone();
    assert_eq!(
        view["notices"],
        json!([
            { "days": 30, "sent_at": "2026-05-16T15:06:40Z" },
            { "days": 7, "sent_at": "2026-06-08T15:06:40Z" },
            { "days": 1, "sent_at": "2026-06-14T15:06:40Z" },
        ])
    );
    // Each with a mail, which the directory has for good once it has answered.
    eventually("the mails are asked for", async || stage.remote.known().mails.len() == 3).await;
    let mails = stage.remote.known().mails.clone();
    for (mail, event) in mails.iter().zip(&events) {
        assert_eq!(mail.recipient, MailRecipient::Person(admin.id));
        let MailRequest::ConsentExpiring { account_id, .. } = mail.mail else { panic!("{mail:?}") };
        assert_eq!(account_id, account);
        assert!(events.iter().any(|event| event.id == mail.event_id), "{event:?}");
    }
}

#[tokio::test]
async fn of_what_was_due_while_the_service_was_away_only_the_nearest_is_sent() {
    let stage = Stage::set().await;
    granted_to(&stage).await;
    stage.clock.advance(Duration::days(359));
    assert_eq!((send(&stage).await, days(&stage).await), (1, vec![7]));
    stage.clock.advance(Duration::days(5));
    assert_eq!((send(&stage).await, days(&stage).await), (1, vec![7, 1]));
    let (_, _, _) = granted_to(&stage).await;
    stage.clock.advance(Duration::days(366));
    // That one has ended: there is nothing to tell any more.
    assert_eq!((send(&stage).await, days(&stage).await), (1, vec![7, 1]));
    assert_eq!(send(&stage).await, 0);
}

#[tokio::test]
async fn each_is_sent_once_by_whichever_replicas_and_however_the_clock_is_moved() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let accounts: Vec<_> = (0..20).map(|_| stage.account(&admin, AccountRole::Admin)).collect();
    stage.granted(&admin, &accounts).await;
    let other = stage.other_host(Service::ConsentBroker).await;
    for step in [340, -20, 19, 1, -30, 31, -1, 5, -6, 6] {
        stage.clock.advance(Duration::days(step));
        let (one, two) =
            tokio::join!(notices::send(&stage.resources, &DAYS), notices::send(&other, &DAYS));
        assert!(one.unwrap() + two.unwrap() <= 20);
    }
    assert_eq!(days(&stage).await, [30; 20]);
    stage.clock.advance(Duration::days(19));
    while send(&stage).await > 0 {}
    assert_eq!(days(&stage).await.iter().filter(|days| **days == 1).count(), 20);
    assert_eq!(days(&stage).await.len(), 40);
}

#[tokio::test]
async fn a_notice_that_was_sent_and_whose_commit_undid_the_rest_is_not_sent_again() {
    let stage = Stage::set().await;
    granted_to(&stage).await;
    stage.clock.advance(Duration::days(335));
    assert_eq!(send(&stage).await, 1);
    // As if it were due once more: a restored clock, an operator's hand.
    sqlx::query("UPDATE consent_broker.grants SET notice_due_at = granted_at")
        .execute(&stage.pool)
        .await
        .unwrap();
    assert_eq!((send(&stage).await, days(&stage).await), (1, vec![30]));
    assert!(stage.remote.known().mails.len() <= 1);
}

#[tokio::test]
async fn a_renewal_begins_anew_and_whoever_renewed_is_told() {
    let stage = Stage::set().await;
    let (admin, account, grant) = granted_to(&stage).await;
    let manager = stage.person("The manager");
    stage.remote.role(account, manager.id, Some(AccountRole::BusinessManager));
    stage.clock.advance(Duration::days(335));
    send(&stage).await;
    manager.act(&format!("/v1/grants/{grant}/renew")).await.expect(200);
    let view = admin.get("/v1/grants").await.json["items"][0].clone();
    assert_eq!(view["notices"], json!([]), "that end is history");
    stage.clock.advance(Duration::days(30));
    assert_eq!(send(&stage).await, 0);
    stage.clock.advance(Duration::days(305));
    assert_eq!((send(&stage).await, days(&stage).await), (1, vec![30, 30]));
    let events = stage.events_of("consent-notice.sent").await;
    assert_eq!(events[1].data["person_id"], json!(manager.id));
    // Nobody is told of what is revoked.
    admin.delete(&format!("/v1/grants/{grant}")).await.expect(204);
    stage.clock.advance(Duration::days(23));
    assert_eq!(send(&stage).await, 0);
}

#[tokio::test]
async fn a_grant_of_before_has_its_notices_too() {
    let stage = Stage::set().await;
    granted_to(&stage).await;
    let upgrade = "ALTER TABLE consent_broker.grants DISABLE TRIGGER ends_once;
         UPDATE consent_broker.grants
         SET awaits_expiry_since = granted_at, expires_at = NULL, lifetime_days = NULL, notice_due_at = NULL;
         ALTER TABLE consent_broker.grants ENABLE TRIGGER ends_once";
    sqlx::raw_sql(upgrade).execute(&stage.pool).await.unwrap();
    assert_eq!(grant_expiry::sweep(&stage.resources).await.unwrap(), 1);
    assert_eq!((send(&stage).await, days(&stage).await), (1, vec![]), "it was looked at");
    assert_eq!(send(&stage).await, 0);
    stage.clock.advance(Duration::days(335));
    assert_eq!((send(&stage).await, days(&stage).await), (1, vec![30]));
}

#[tokio::test]
async fn senseless_days_are_refused_at_the_start() {
    let stage = Stage::set().await;
    for notice_days in [vec![0], vec![3_651], vec![7, 7], (1..=11).collect()] {
        let resources = stage.other_host(Service::ConsentBroker).await;
        let wrong = Settings { notice_days: notice_days.clone(), ..settings() };
        let refused = consent_broker::start(resources, wrong).await.unwrap_err().to_string();
        assert!(refused.contains("consent_broker.notice_days"), "{notice_days:?}: {refused}");
    }
}
