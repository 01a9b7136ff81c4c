//! Replacing keys (rule 41): a new pair, and when the old one ends.

use axum::http::Method;
use chrono::{Duration, SecondsFormat};
use contract::AppId;
use contract::facts::{KeyCreated, KeyDeleted, KeyDeletionReason};
use futures::future::join_all;
use serde_json::{Value, json};
use stage::Answer;

use crate::stage::{Replica, Stage, keys_of, oauth, settings};

async fn replace(replica: &Replica, key: &(String, String), body: Value) -> Answer {
    replica.client("developer").post(&format!("/v1/keys/{}/replace", key.0), body).await
}

fn pair(answer: &Answer) -> (String, String) {
    (answer.field("client_id"), answer.field("client_secret"))
}

async fn keys(replica: &Replica, app: AppId) -> Vec<Value> {
    let list = replica.client("owner").get(&keys_of(app)).await.expect(200).json;
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_replaced_key_works_for_its_grace_beside_the_new_one_and_both_have_one_name() {
    let (stage, replica, app) = Stage::with_app().await;
    let other = stage.replica().await;
    let old = replica.key(app).await;
    assert_eq!(other.token(&old).await.status, 200);
    let answer = replace(&replica, &old, json!({})).await.expect(201);
    let new = pair(&answer);
    assert_eq!(answer.header("location"), format!("/v1/keys/{}", new.0));
    assert_eq!(answer.header("cache-control"), "no-store");
    let replaced = &answer.json["replaced"];
    assert_eq!(
        (&answer.json["name"], &answer.json["state"]),
        (&json!("production"), &json!("live"))
    );
    assert_eq!((&replaced["client_id"], &replaced["state"]), (&json!(old.0), &json!("ending")));
    assert_eq!(replaced["ends_at"], "2027-01-15T08:15:00Z");
    assert_eq!(answer.json["replaces"], json!(old.0));
    for replica in [&replica, &other] {
        assert_eq!(replica.token(&old).await.status, 200);
        assert_eq!(replica.token(&new).await.status, 200);
    }
    stage.clock.advance(Duration::minutes(15));
    for replica in [&replica, &other] {
        oauth(&replica.token(&old).await, 401, "invalid_client");
        assert_eq!(replica.token(&new).await.status, 200);
    }

    let [_, event] = &stage.events("key.created").await[..] else { panic!("two events") };
    let created: KeyCreated = event.fact().unwrap();
    assert_eq!(created.client_id.to_string(), new.0);
    assert_eq!(created.replaces.unwrap().client_id().to_string(), old.0);
    assert_eq!(stage.details(event).await, json!({"name": "production"}));
    let [deleted] = &stage.events("key.deleted").await[..] else { panic!("one event") };
    assert_eq!(deleted.correlationid, event.correlationid);
    let deleted: KeyDeleted = deleted.fact().unwrap();
    assert_eq!(deleted.reason, KeyDeletionReason::Replaced);
    assert_eq!(deleted.key_id, created.replaces.unwrap());
}

#[tokio::test]
async fn the_old_key_ends_at_once_or_on_a_date() {
    let (stage, replica, app) = Stage::with_app().await;
    let old = replica.key(app).await;
    let now = replace(&replica, &old, json!({"old_ends": "now"})).await.expect(201);
    assert_eq!(now.json["replaced"]["state"], "deleted");
    oauth(&replica.token(&old).await, 401, "invalid_client");

    let old = pair(&now);
    let at = |days| {
        let at = stage.env.now() + Duration::days(days);
        at.to_rfc3339_opts(SecondsFormat::Secs, true)
    };
    let body = json!({"old_ends": at(90), "expires_at": at(365)});
    let later = replace(&replica, &old, body).await.expect(201);
    assert_eq!(later.json["replaced"]["ends_at"], json!(at(90)));
    assert_eq!(later.json["expires_at"], json!(at(365)));
    stage.clock.advance(Duration::days(90) - Duration::seconds(1));
    assert_eq!(replica.token(&old).await.status, 200);
    stage.clock.advance(Duration::seconds(1));
    oauth(&replica.token(&old).await, 401, "invalid_client");

    // One that works on for long can still be ended sooner, as any.
    let old = pair(&later);
    replace(&replica, &old, json!({"old_ends": at(60)})).await.expect(201);
    let sooner = replica.client("owner").delete(&format!("/v1/keys/{}", old.0)).await.expect(200);
    assert_eq!(sooner.json["ends_at"], "2027-04-15T08:15:00Z");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_nothing_is_replaced() {
    let (stage, replica, app) = Stage::with_app().await;
    let at = |days| (stage.env.now() + Duration::days(days)).to_rfc3339();
    let body = json!({"name": "short", "expires_at": at(10)});
    let short = replica.client("owner").post(&keys_of(app), body).await.expect(201);
    let short = pair(&short);
    let key = replica.key(app).await;
    for (key, body, field) in [
        (&key, json!({"old_ends": at(0)}), "old_ends"),
        (&key, json!({"old_ends": at(91)}), "old_ends"),
        (&short, json!({"old_ends": at(11)}), "old_ends"),
        (&key, json!({"old_ends": "soon"}), "old_ends"),
        (&key, json!({"old_ends": 7}), "old_ends"),
        (&key, json!({"expires_at": at(0)}), "expires_at"),
        (&key, json!({"name": "another"}), "name"),
    ] {
        let refused = replace(&replica, key, body.clone()).await;
        refused.problem(422, "invalid-request");
        assert!(refused.json["errors"].to_string().contains(field), "{body}: {refused:?}");
    }
    assert!(stage.events("key.deleted").await.is_empty());
    assert_eq!(keys(&replica, app).await.len(), 2);
}

#[tokio::test]
async fn who_may_not_is_refused_and_so_is_a_key_that_has_ended_or_changed() {
    let (stage, replica, app) = Stage::with_app().await;
    let key = replica.key(app).await;
    let path = format!("/v1/keys/{}/replace", key.0);
    let post = async |who| replica.client(who).post(&path, json!({})).await;
    assert_eq!(post("nobody").await.status, 401);
    post("stranger").await.problem(404, "key-not-found");
    post("auditor").await.problem(403, "role-not-allowed");
    post("operator").await.problem(403, "role-not-allowed");
    let unknown = format!("/v1/keys/{}/replace", "0".repeat(32));
    replica.client("owner").post(&unknown, json!({})).await.problem(404, "key-not-found");
    let headers = [("if-match", "\"7\"")];
    let stale = replica.ask_with("owner", Method::POST, &path, json!({}), &headers).await;
    assert_eq!(stale.status, 412, "{stale:?}");
    stage.registry.suspend(app).await;
    replace(&replica, &key, json!({})).await.problem(409, "app-not-active");
    stage.registry.resume(app).await;
    replace(&replica, &key, json!({})).await.expect(201);
    replace(&replica, &key, json!({})).await.problem(409, "key-deleted");
    let at = (stage.env.now() + Duration::days(1)).to_rfc3339();
    let body = json!({"name": "short", "expires_at": at});
    let short = replica.client("owner").post(&keys_of(app), body).await.expect(201);
    stage.clock.advance(Duration::days(1));
    replace(&replica, &pair(&short), json!({})).await.problem(409, "key-expired");
}

#[tokio::test]
async fn repeated_under_its_idempotency_key_it_is_one_replacement_and_no_secret() {
    let (stage, replica, app) = Stage::with_app().await;
    let key = replica.key(app).await;
    let path = format!("/v1/keys/{}/replace", key.0);
    let headers = [("idempotency-key", "first")];
    let post = async || replica.ask_with("owner", Method::POST, &path, json!({}), &headers).await;
    let (first, again) = (post().await.expect(201), post().await.expect(201));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.json["client_id"], first.json["client_id"]);
    assert_eq!(again.json["client_secret"], Value::Null);
    assert_eq!(again.json["replaced"], first.json["replaced"]);
    assert_eq!(stage.events("key.created").await.len(), 2);
    let headers = [("accept", "text/plain")];
    let path = format!("/v1/keys/{}/replace", first.field("client_id"));
    let file = replica.ask_with("owner", Method::POST, &path, json!({}), &headers).await;
    let text = String::from_utf8(file.expect(201).body.to_vec()).unwrap();
    assert!(text.starts_with("Key \"production\" of app"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_replacements_of_one_key_at_the_same_time_one_succeeds() {
    let (stage, replica, app) = Stage::with_app().await;
    let other = stage.replica().await;
    let key = replica.key(app).await;
    let replicas = [&replica, &other];
    let answers =
        join_all((0..20).map(|number| replace(replicas[number % 2], &key, json!({})))).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1, "{answers:?}");
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        refused.problem(409, "key-deleted");
    }
    assert_eq!(stage.events("key.created").await.len(), 2);
    assert_eq!(stage.events("key.deleted").await.len(), 1);
    assert_eq!(replica.token(&pair(made[0])).await.status, 200);
}

#[tokio::test]
async fn an_app_with_all_its_keys_replaces_each_of_them_and_not_more_than_may_work() {
    let (stage, replica, app) = Stage::with_app().await;
    let mut keys = Vec::new();
    for _ in 0..5 {
        keys.push(replica.key(app).await);
    }
    for key in &mut keys {
        *key = pair(&replace(&replica, key, json!({})).await.expect(201));
    }
    let full = replace(&replica, &keys[0], json!({})).await;
    full.problem(409, "too-many-keys");
    assert_eq!(full.header("retry-after"), "900");
    assert_eq!(replica.token(&keys[0]).await.status, 200, "it is left as it is");
    // What ends at once leaves its place.
    replace(&replica, &keys[0], json!({"old_ends": "now"})).await.expect(201);
    stage.clock.advance(Duration::minutes(15));
    replace(&replica, &keys[1], json!({})).await.expect(201);
}

#[tokio::test]
async fn what_somebody_may_do_now_is_said_of_each_key() {
    let (stage, replica, app) = Stage::with_app().await;
    let key = replica.key(app).await;
    let allowed = async |who: &str| {
        let list = replica.client(who).get(&keys_of(app)).await.expect(200).json;
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key["allowed"].clone())
            .collect::<Vec<_>>()
    };
    let all = json!(["rename", "replace", "delete"]);
    for who in ["owner", "developer"] {
        assert_eq!(allowed(who).await, std::slice::from_ref(&all));
    }
    for who in ["auditor", "operator"] {
        assert_eq!(allowed(who).await, [json!([])]);
    }
    // Lists are in the order of making, by the millisecond.
    stage.clock.advance(Duration::seconds(1));
    replace(&replica, &key, json!({})).await.expect(201);
    assert_eq!(allowed("owner").await, [all, json!(["delete"])]);
    stage.registry.suspend(app).await;
    stage.until_known(app, "suspended").await;
    assert_eq!(allowed("owner").await, [json!(["rename", "delete"]), json!(["delete"])]);
    stage.clock.advance(Duration::minutes(15));
    assert_eq!(allowed("owner").await, [json!(["rename", "delete"]), json!([])]);
}

#[tokio::test]
async fn senseless_settings_are_refused() {
    let stage = Stage::set().await;
    for (senseless, named) in [
        (key_issuer::Settings { max_replaced_key_days: 0, ..settings() }, "max_replaced_key_days"),
        (key_issuer::Settings { notice_days: vec![0], ..settings() }, "notice_days"),
        (key_issuer::Settings { notice_days: vec![3651], ..settings() }, "notice_days"),
    ] {
        let error = stage.replica_with(senseless).await.err().unwrap().to_string();
        assert!(error.contains(named), "{error}");
    }
}
