//! How keys end (rule 15): deleted with a grace or at once, or by themselves.

use axum::http::{Method, StatusCode};
use chrono::Duration;
use contract::facts::{KeyDeleted, KeyDeletionReason};
use serde_json::{Value, json};
use stage::{Answer, eventually};

use crate::stage::{Replica, Stage, keys_of, oauth};

async fn delete(replica: &Replica, key: &(String, String), query: &str) -> Answer {
    replica.ask("owner", Method::DELETE, &format!("/v1/keys/{}{query}", key.0), Value::Null).await
}

#[tokio::test]
async fn a_deleted_key_works_for_fifteen_minutes_and_then_never_again() {
    let (stage, replica, app) = Stage::with_app().await;
    let other = stage.replica().await;
    let key = replica.key(app).await;
    assert_eq!(other.token(&key).await.status, StatusCode::OK);
    let answer = delete(&replica, &key, "").await;
    assert_eq!((answer.status, &answer.json["state"]), (StatusCode::OK, &json!("ending")));
    stage.clock.advance(Duration::minutes(15) - Duration::seconds(1));
    for replica in [&replica, &other] {
        assert_eq!(replica.token(&key).await.status, StatusCode::OK, "at 14:59");
    }
    stage.clock.advance(Duration::seconds(2));
    for replica in [&replica, &other] {
        oauth(&replica.token(&key).await, 401, "invalid_client");
    }
    let list = replica.ask("owner", Method::GET, &keys_of(app), Value::Null).await.json;
    assert_eq!(list["items"][0]["state"], "deleted");
    let [event] = &stage.events("key.deleted").await[..] else { panic!("one event") };
    let fact: KeyDeleted = event.fact().unwrap();
    assert_eq!(
        (fact.ends_at - event.time, fact.reason),
        (Duration::minutes(15), KeyDeletionReason::Requested)
    );
}

#[tokio::test]
async fn a_leaked_key_ends_at_once_on_every_replica() {
    let (stage, replica, app) = Stage::with_app().await;
    let other = stage.replica().await;
    let key = replica.key(app).await;
    assert_eq!(other.token(&key).await.status, StatusCode::OK);
    let answer = delete(&replica, &key, "?now=true").await;
    assert_eq!((answer.status, &answer.json["state"]), (StatusCode::OK, &json!("deleted")));
    for replica in [&replica, &other] {
        oauth(&replica.token(&key).await, 401, "invalid_client");
    }
    let reasons: Vec<_> =
        stage.refused_tokens(2).await.iter().map(|event| event.data["reason"].clone()).collect();
    assert_eq!(reasons, ["key_ended", "key_ended"]);
}

/// Replicas have clocks of their own: the one that deletes it again may be a minute behind the one that did so first.
#[tokio::test]
async fn a_leaked_key_ends_at_once_whatever_the_clock_of_the_replica() {
    let (stage, replica, app) = Stage::with_app().await;
    let key = replica.key(app).await;
    assert_eq!(delete(&replica, &key, "").await.status, StatusCode::OK);
    stage.clock.advance(Duration::minutes(-1));
    let answer = delete(&replica, &key, "?now=true").await;
    assert_eq!((answer.status, &answer.json["state"]), (StatusCode::OK, &json!("deleted")));
    oauth(&replica.token(&key).await, 401, "invalid_client");
}

/// What the first replica ended at once has ended on one whose clock is behind, too: nothing gets a token for it, it takes
/// no room among those that work, and it does not end again as its app does.
#[tokio::test]
async fn a_key_that_ended_at_once_has_ended_by_a_clock_that_is_behind() {
    let (stage, replica, app) = Stage::with_app().await;
    let other = stage.replica().await;
    let mut keys = Vec::new();
    for _ in 0..5 {
        keys.push(replica.key(app).await);
    }
    for (number, key) in keys.iter().enumerate() {
        assert_eq!(other.token(key).await.status, StatusCode::OK);
        if number % 2 == 1 {
            assert_eq!(delete(&replica, key, "").await.status, StatusCode::OK);
            stage.clock.advance(Duration::minutes(1));
        }
        assert_eq!(delete(&replica, key, "?now=true").await.status, StatusCode::OK);
    }
    stage.clock.advance(Duration::hours(-2));
    for key in &keys {
        for replica in [&replica, &other] {
            oauth(&replica.token(key).await, 401, "invalid_client");
        }
    }
    let list = other.ask("owner", Method::GET, &keys_of(app), Value::Null).await.json;
    for item in list["items"].as_array().unwrap() {
        assert_eq!(item["state"], "deleted", "{item}");
    }
    // As many again, and those in their grace beside them: all that an app may have.
    for _ in 0..2 {
        keys.clear();
        for _ in 0..5 {
            keys.push(other.key(app).await);
        }
        for key in &keys {
            assert_eq!(delete(&other, key, "").await.status, StatusCode::OK);
        }
    }
    stage.registry.archive(app).await;
    stage.until_known(app, "archived").await;
    stage.until_ended(app).await;
    // Seven ends of the first five, and two of each of the ten.
    assert_eq!(stage.events("key.deleted").await.len(), 27);
}

#[tokio::test]
async fn a_key_that_changed_since_it_was_remembered_is_looked_at_again_and_goes_on_working() {
    let (stage, replica, app) = Stage::with_app().await;
    let key = replica.key(app).await;
    assert_eq!(replica.token(&key).await.status, StatusCode::OK);
    // It works for another quarter of an hour, but is no longer what was remembered.
    assert_eq!(delete(&replica, &key, "").await.status, StatusCode::OK);
    assert_eq!(replica.token(&key).await.status, StatusCode::OK);
    assert_eq!(stage.events("token.issued").await.len(), 2);
    assert!(stage.events("token.refused").await.is_empty());
}

#[tokio::test]
async fn once_a_key_has_ended_no_replica_issues_a_token_whatever_it_remembers() {
    let (stage, replica, app) = Stage::with_app().await;
    let other = stage.replica().await;
    let key = replica.key(app).await;
    let ask = async |replica: &Replica| {
        let mut issued = 0;
        while replica.token(&key).await.status == StatusCode::OK {
            issued += 1;
        }
        issued
    };
    let end = async {
        // Both have the key in mind by then.
        while stage.events("token.issued").await.len() < 40 {
            tokio::task::yield_now().await;
        }
        delete(&replica, &key, "?now=true").await
    };
    let (here, there, ended) = tokio::join!(ask(&replica), ask(&other), end);
    assert_eq!(ended.status, StatusCode::OK);
    for replica in [&replica, &other] {
        oauth(&replica.token(&key).await, 401, "invalid_client");
    }
    assert_eq!(stage.events("token.issued").await.len(), here + there);
    let refused = stage.refused_tokens(4).await;
    assert_eq!(refused.len(), 4);
    assert!(refused.iter().all(|event| event.data["reason"] == "key_ended"));
}

#[tokio::test]
async fn a_second_deletion_changes_nothing_unless_it_ends_the_key_sooner() {
    let (stage, replica, app) = Stage::with_app().await;
    let key = replica.key(app).await;
    let first = delete(&replica, &key, "").await.expect(200).json;
    stage.clock.advance(Duration::minutes(1));
    let second = delete(&replica, &key, "").await;
    assert_eq!(second.expect(200).json, first);
    assert_eq!(replica.token(&key).await.status, StatusCode::OK, "it is left as it is");
    let sooner = delete(&replica, &key, "?now=true").await.json;
    assert_eq!(
        (&sooner["deleted_at"], &sooner["state"]),
        (&sooner["ends_at"], &json!("deleted")),
        "the deletion that ended it"
    );
    assert_eq!(delete(&replica, &key, "?now=true").await.expect(200).json, sooner);
    let versions: Vec<_> = stage
        .events("key.deleted")
        .await
        .iter()
        .map(|event| event.streamversion.number())
        .collect();
    assert_eq!(versions, [2, 3]);
}

#[tokio::test]
async fn of_many_deletions_at_once_one_is_recorded_and_all_are_answered_the_same() {
    let (stage, replica, app) = Stage::with_app().await;
    let key = replica.key(app).await;
    let deletions = (0..8).map(|_| delete(&replica, &key, ""));
    let answers = futures::future::join_all(deletions).await;
    for answer in &answers {
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.json["ends_at"], answers[0].json["ends_at"]);
    }
    assert_eq!(stage.events("key.deleted").await.len(), 1);
}

#[tokio::test]
async fn refusals() {
    let (stage, replica, app) = Stage::with_app().await;
    let key = replica.key(app).await;
    let path = format!("/v1/keys/{}", key.0);
    let ask = async |person| replica.ask(person, Method::DELETE, &path, Value::Null).await;
    assert_eq!(ask("nobody").await.status, StatusCode::UNAUTHORIZED);
    ask("stranger").await.problem(404, "key-not-found");
    ask("auditor").await.problem(403, "role-not-allowed");
    ask("operator").await.problem(403, "role-not-allowed");
    assert_eq!(
        delete(&replica, &key, "?now=perhaps").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let stale = replica
        .ask_with("owner", Method::DELETE, &path, Value::Null, &[("if-match", "\"7\"")])
        .await;
    stale.problem(412, "changed-meanwhile");
    assert_eq!(replica.token(&key).await.status, StatusCode::OK);
    assert!(stage.events("key.deleted").await.is_empty());
}

#[tokio::test]
async fn a_key_expires_on_time_and_leaves_one_event_however_many_look() {
    let (stage, replica, app) = Stage::with_app().await;
    let other = stage.replica().await;
    let expires_at = stage.env.now() + Duration::hours(1);
    let body = json!({"name": "for an hour", "expires_at": expires_at});
    let created = replica.ask("owner", Method::POST, &keys_of(app), body).await.json;
    let text = |field: &str| created[field].as_str().unwrap().to_owned();
    let key = (text("client_id"), text("client_secret"));
    stage.clock.advance(Duration::hours(1) - Duration::seconds(1));
    assert_eq!(replica.token(&key).await.status, StatusCode::OK);
    stage.clock.advance(Duration::seconds(1));
    // Whether or not anyone recorded it yet.
    oauth(&replica.token(&key).await, 401, "invalid_client");
    let sweeps = [&replica, &other, &replica, &other]
        .map(|replica| key_issuer::expiry::record_expiries(&replica.resources.events));
    for sweep in futures::future::join_all(sweeps).await {
        sweep.unwrap();
    }
    eventually("the expiry is recorded", async || !stage.events("key.expired").await.is_empty())
        .await;
    key_issuer::expiry::record_expiries(&other.resources.events).await.unwrap();
    let [event] = &stage.events("key.expired").await[..] else { panic!("one event") };
    assert_eq!(
        (event.actor.to_string().as_str(), event.streamversion.number()),
        ("system/key-issuer", 2)
    );
    assert_eq!(event.organization, Some(stage.organization));
    delete(&replica, &key, "?now=true").await.problem(409, "key-expired");
    let list = replica.ask("owner", Method::GET, &keys_of(app), Value::Null).await.json;
    assert_eq!(list["items"][0]["state"], "expired");
}

#[tokio::test]
async fn the_sweeper_records_expiries_by_itself() {
    let stage = Stage::set().await;
    let settings = key_issuer::Settings { expiry_sweep_seconds: 1, ..crate::stage::settings() };
    let replica = stage.replica_with(settings).await.unwrap();
    let app = stage.registry.active_app().await;
    let body =
        json!({"name": "for a second", "expires_at": stage.env.now() + Duration::seconds(1)});
    assert_eq!(
        replica.ask("owner", Method::POST, &keys_of(app), body).await.status,
        StatusCode::CREATED
    );
    stage.clock.advance(Duration::seconds(1));
    eventually("the expiry is recorded", async || stage.events("key.expired").await.len() == 1)
        .await;
}
