//! Telling that keys will expire (rule 41): so many days before, each number once.

use std::time::Duration as Patience;

use chrono::Duration;
use contract::AppId;
use contract::facts::KeyExpiring;
use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use stage::eventually;

use crate::stage::{Replica, Stage, keys_of, settings};

async fn replica(stage: &Stage) -> Replica {
    replica_with(stage, settings().notice_days).await
}

async fn replica_with(stage: &Stage, notice_days: Vec<u16>) -> Replica {
    let settings = key_issuer::Settings { notice_days, expiry_sweep_seconds: 1, ..settings() };
    stage.replica_with(settings).await.unwrap()
}

/// A key that expires in so many days: its client id.
async fn key(stage: &Stage, replica: &Replica, app: AppId, days: i64) -> String {
    let expires_at = (stage.env.now() + Duration::days(days)).to_rfc3339();
    let body = json!({"name": "short", "expires_at": expires_at});
    replica.client("owner").post(&keys_of(app), body).await.expect(201).field("client_id")
}

async fn told(stage: &Stage) -> Vec<u16> {
    let facts = stage.events("key.expiring").await;
    facts.iter().map(|event| event.fact::<KeyExpiring>().unwrap().days).collect()
}

async fn until_told(stage: &Stage, days: &[u16]) {
    eventually("it is told", async || {
        let told = told(stage).await;
        if told == days { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await;
}

/// The mails that were asked for, in the order of the events.
async fn mails(stage: &Stage) -> Vec<Value> {
    sqlx::query_scalar(
        "SELECT to_jsonb(m) FROM key_issuer.mail_requests m ORDER BY created_at, event_id",
    )
    .fetch_all(&stage.sql)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_number_of_days_is_told_once_by_all_replicas_together_with_a_mail() {
    let stage = Stage::set().await;
    let (one, _other) = (replica(&stage).await, replica(&stage).await);
    let app = stage.registry.active_app().await;
    let client_id = key(&stage, &one, app, 100).await;
    let mut all = Vec::new();
    for (advance, days) in [(10, 90), (30, 60), (30, 30), (15, 15), (8, 7), (6, 1)] {
        stage.clock.advance(Duration::days(advance));
        all.push(days);
        until_told(&stage, &all).await;
    }
    // It is no other key for that, and its events have no gap.
    let list = one.client("owner").get(&keys_of(app)).await.expect(200).json;
    assert_eq!(
        (&list["items"][0]["version"], &list["items"][0]["trouble"]),
        (&json!(7), &json!("ends_soon"))
    );
    let mails = mails(&stage).await;
    assert_eq!(mails.len(), 6);
    let events = stage.events("key.expiring").await;
    for (mail, event) in mails.iter().zip(&events) {
        assert_eq!(mail["event_id"], json!(event.id));
        assert_eq!(mail["recipient"], json!({"kind": "contact", "id": stage.organization}));
        assert_eq!(mail["mail"]["template"], "key_expiring");
        assert_eq!(mail["mail"]["parameters"]["days"], event.data["days"]);
        assert_eq!(mail["organization_id"], json!(stage.organization));
    }
    assert_eq!(events[0].actor.to_string(), "system/key-issuer");
    assert_eq!(events[0].data["key_id"].as_str().unwrap().replace('-', ""), client_id);
    // When it has expired, nothing is told any more.
    stage.clock.advance(Duration::days(2));
    eventually("it expires", async || stage.events("key.expired").await.len() == 1).await;
    until_told(&stage, &all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_keys_each_is_told_once_and_a_clock_that_moves_tells_nothing_twice() {
    let stage = Stage::set().await;
    let (one, _other) = (replica(&stage).await, replica(&stage).await);
    let apps = join_all((0..12).map(|_| stage.registry.active_app())).await;
    for app in &apps {
        for _ in 0..5 {
            key(&stage, &one, *app, 100).await;
        }
    }
    // Several are due at once: the nearest is told.
    stage.clock.advance(Duration::days(71));
    let all = [30; 60];
    until_told(&stage, &all).await;
    stage.clock.advance(Duration::days(-30));
    stage.clock.advance(Duration::days(31));
    stage.clock.advance(Duration::days(13));
    let mut all = all.to_vec();
    all.extend([15; 60]);
    until_told(&stage, &all).await;
    assert_eq!(mails(&stage).await.len(), 120);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_dies_in_the_midst_of_it_has_told_nothing_and_another_does() {
    let stage = Stage::set().await;
    let dying = replica(&stage).await;
    let app = stage.registry.active_app().await;
    key(&stage, &dying, app, 31).await;
    let mut owner = PgConnection::connect(&stage.servers.database.url).await.unwrap();
    let mut held = owner.begin().await.unwrap();
    let lock = "LOCK TABLE key_issuer.key_notices IN SHARE MODE";
    sqlx::query(lock).execute(&mut *held).await.unwrap();
    stage.clock.advance(Duration::days(2));
    eventually("it is about to tell", async || -> bool {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'key_issuer.key_notices'::regclass)",
        )
        .fetch_one(&stage.sql)
        .await
        .unwrap()
    })
    .await;
    dying.tasks.shutdown(Patience::from_secs(10)).await;
    held.rollback().await.unwrap();
    assert!(told(&stage).await.is_empty() && mails(&stage).await.is_empty());
    let _living = replica(&stage).await;
    until_told(&stage, &[30]).await;
    assert_eq!(mails(&stage).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_before_and_other_days_are_told_of_too() {
    let stage = Stage::set().await;
    let first = replica_with(&stage, vec![5]).await;
    let app = stage.registry.active_app().await;
    key(&stage, &first, app, 100).await;
    // As it was before there were notices.
    sqlx::raw_sql("UPDATE key_issuer.keys SET notice_at = NULL; UPDATE key_issuer.notice_days SET days = '{}'")
        .execute(&stage.sql)
        .await
        .unwrap();
    first.tasks.shutdown(Patience::from_secs(10)).await;
    let second = replica_with(&stage, vec![50]).await;
    stage.clock.advance(Duration::days(50));
    until_told(&stage, &[50]).await;
    second.tasks.shutdown(Patience::from_secs(10)).await;
    let _third = replica_with(&stage, vec![60, 20]).await;
    // 60 days before has passed, and a nearer number was told already.
    stage.clock.advance(Duration::days(30));
    until_told(&stage, &[50, 20]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_key_is_not_told_of() {
    let stage = Stage::set().await;
    let replica = replica(&stage).await;
    let app = stage.registry.active_app().await;
    let deleted = key(&stage, &replica, app, 31).await;
    let path = format!("/v1/keys/{deleted}/replace");
    let at = (stage.env.now() + Duration::days(20)).to_rfc3339();
    replica.client("owner").post(&path, json!({"old_ends": at})).await.expect(201);
    let told_of = key(&stage, &replica, app, 31).await;
    stage.clock.advance(Duration::days(2));
    until_told(&stage, &[30]).await;
    let [event] = &stage.events("key.expiring").await[..] else { panic!("one event") };
    assert_eq!(event.data["key_id"].as_str().unwrap().replace('-', ""), told_of);
}
