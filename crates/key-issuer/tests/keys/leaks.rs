//! Reports of leaked secrets (rule 42).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Extension;
use axum::extract::ConnectInfo;
use axum::http::Method;
use chrono::Duration;
use contract::facts::{KeyDeleted, KeyDeletionReason};
use contract::rpc::EndLeaked;
use contract::secret::{ApiToken, BearerKind, ClientSecret, SessionToken};
use contract::{Actor, Service};
use futures::future::join_all;
use serde_json::{Value, json};
use service::limits::LimitSettings;
use stage::{Answer, Client, wide_limits};

use crate::stage::{Replica, Stage, oauth};

const URL: &str = "https://github.example/owner/name/blob/0123abc/config.py";

fn found(secret: &str) -> Value {
    json!({"token": secret, "type": "mandate_client_secret", "url": URL, "source": "commit"})
}

async fn report(replica: &Replica, secrets: &[&str]) -> Answer {
    let reports: Vec<Value> = secrets.iter().map(|secret| found(secret)).collect();
    replica.client("nobody").post("/v1/leak-reports", json!(reports)).await
}

async fn mails(stage: &Stage) -> Vec<Value> {
    sqlx::query_scalar("SELECT to_jsonb(m) FROM key_issuer.mail_requests m")
        .fetch_all(&stage.sql)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_reported_key_ends_at_once_on_every_replica_and_its_organization_is_told() {
    let (stage, replica, app) = Stage::with_app().await;
    let other = stage.replica().await;
    let key = replica.key(app).await;
    stage.clock.advance(Duration::seconds(1));
    let another = replica.key(app).await;
    assert_eq!(other.token(&key).await.status, 200);
    report(&replica, &[&key.1]).await.expect(202);
    for replica in [&replica, &other] {
        oauth(&replica.token(&key).await, 401, "invalid_client");
        assert_eq!(replica.token(&another).await.status, 200);
    }
    let [leaked] = &stage.events("key.leaked").await[..] else { panic!("one event") };
    assert_eq!(leaked.actor, Actor::Anonymous);
    assert_eq!(leaked.authority.as_str(), "client_secret");
    assert_eq!(leaked.organization, Some(stage.organization));
    assert_eq!(stage.details(leaked).await, json!({"url": URL, "source": "commit"}));
    let [deleted] = &stage.events("key.deleted").await[..] else { panic!("one event") };
    assert_eq!(deleted.streamversion, leaked.streamversion.next());
    let deleted: KeyDeleted = deleted.fact().unwrap();
    assert_eq!((deleted.reason, deleted.ends_at), (KeyDeletionReason::Leaked, stage.env.now()));
    let [mail] = &mails(&stage).await[..] else { panic!("one mail") };
    assert_eq!(mail["event_id"], json!(leaked.id));
    assert_eq!(mail["recipient"], json!({"kind": "contact", "id": stage.organization}));
    assert_eq!(mail["mail"]["template"], "key_leaked");
    let list = replica.client("owner").get(&format!("/v1/apps/{app}/keys")).await.expect(200);
    let key = &list.json["items"][1];
    assert_eq!((&key["state"], &key["leaked_at"]), (&json!("deleted"), &json!(stage.env.now())));
}

#[tokio::test]
async fn the_answer_is_the_same_whatever_the_secret() {
    let (stage, replica, app) = Stage::with_app().await;
    let (key, ended, late) =
        (replica.key(app).await, replica.key(app).await, replica.key(app).await);
    replica.client("owner").delete(&format!("/v1/keys/{}?now=true", ended.0)).await.expect(200);
    replica.client("owner").delete(&format!("/v1/keys/{}", late.0)).await.expect(200);
    stage.clock.advance(Duration::minutes(15));
    let unknown = ClientSecret::generate(&stage.env);
    for secret in [&key.1, &key.1, &ended.1, &late.1, unknown.reveal(), "", "mandate_cs_", "é"] {
        let answer = report(&replica, &[secret]).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (202, 0), "{secret}");
    }
    // Only what worked has ended by it, and once.
    assert_eq!(stage.events("key.leaked").await.len(), 1);
    assert_eq!(mails(&stage).await.len(), 1);
    let stored: Vec<String> = sqlx::query_scalar(
        "SELECT convert_from(envelope, 'UTF8') FROM key_issuer.events
         UNION ALL SELECT convert_from(context, 'UTF8') FROM key_issuer.contexts
         UNION ALL SELECT convert_from(details, 'UTF8') FROM key_issuer.details
         UNION ALL SELECT m::text FROM key_issuer.mail_requests m",
    )
    .fetch_all(&stage.sql)
    .await
    .unwrap();
    let random = key.1.strip_prefix("mandate_cs_").unwrap();
    assert!(stored.iter().all(|row| !row.contains(random)));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_in_one_report_end_and_of_twenty_reports_at_the_same_time_one_ends_the_key() {
    let (stage, replica, app) = Stage::with_app().await;
    let other = stage.replica().await;
    let mut keys = Vec::new();
    for _ in 0..5 {
        keys.push(replica.key(app).await);
    }
    let replicas = [&replica, &other];
    let all: Vec<&str> = keys.iter().map(|key| key.1.as_str()).collect();
    let answers = join_all((0..20).map(|number| report(replicas[number % 2], &all))).await;
    assert!(answers.iter().all(|answer| answer.status == 202), "{answers:?}");
    assert_eq!(stage.events("key.leaked").await.len(), 5);
    assert_eq!(stage.events("key.deleted").await.len(), 5);
    assert_eq!(mails(&stage).await.len(), 5);
    for key in &keys {
        oauth(&replica.token(key).await, 401, "invalid_client");
    }
}

#[tokio::test]
async fn a_key_in_its_grace_ends_and_so_does_one_of_a_suspended_app() {
    let (stage, replica, app) = Stage::with_app().await;
    let (key, other) = (replica.key(app).await, replica.key(app).await);
    replica.client("owner").delete(&format!("/v1/keys/{}", key.0)).await.expect(200);
    stage.registry.suspend(app).await;
    stage.until_known(app, "suspended").await;
    report(&replica, &[&key.1, &other.1]).await.expect(202);
    assert_eq!(stage.events("key.leaked").await.len(), 2);
    stage.registry.resume(app).await;
    stage.until_known(app, "active").await;
    for key in [&key, &other] {
        oauth(&replica.token(key).await, 401, "invalid_client");
    }
}

#[tokio::test]
async fn tokens_of_people_are_handed_to_the_directory_by_their_hashes() {
    let (stage, replica, _app) = Stage::with_app().await;
    let (api, session) = (ApiToken::generate(&stage.env), SessionToken::generate(&stage.env));
    // As long as it is away, nobody knows whether they have ended.
    assert_eq!(report(&replica, &[api.reveal()]).await.status, 503);
    let directory = stage.servers.connect(Service::Directory, &stage::shared(&stage.env)).await;
    let asked = Arc::<Mutex<Vec<EndLeaked>>>::default();
    let noted = Arc::clone(&asked);
    directory
        .serve_rpc(move |_, question: EndLeaked| {
            noted.lock().unwrap().push(question);
            std::future::ready(Ok(()))
        })
        .await
        .unwrap();
    let answer = report(&replica, &[api.reveal(), session.reveal(), "mandate_pat_nothing"]).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (202, 0));
    let asked = asked.lock().unwrap();
    let tokens: Vec<_> = asked[0].tokens.iter().map(|it| (it.kind, &it.token_sha256)).collect();
    let expected = [
        (BearerKind::ApiToken, &in_hex(api.hash().0)),
        (BearerKind::Session, &in_hex(session.hash().0)),
    ];
    assert_eq!((asked.len(), tokens.as_slice()), (1, &expected[..]));
}

fn in_hex(bytes: [u8; 32]) -> String {
    hex::encode(bytes)
}

#[tokio::test]
async fn what_is_no_report_is_refused_and_too_many_from_one_address_are() {
    let (stage, _, app) = Stage::with_app().await;
    let limits = LimitSettings { leak_reports_per_address: 8, ..wide_limits() };
    let replica = stage.replica_within(limits).await;
    let address = SocketAddr::from(([192, 0, 2, 1], 1));
    let router = replica.router.clone().layer(Extension(ConnectInfo(address)));
    let nobody = Client::anonymous(&router);
    let post = async |body: Value| {
        let request = nobody.request(Method::POST, "/v1/leak-reports");
        request.json(body).send().await
    };
    let secret = "mandate_cs_";
    for refused in [
        json!([]),
        json!(vec![found(secret); 101]),
        json!([{"token": secret, "url": "x".repeat(2049)}]),
        json!([{"token": secret, "source": "x".repeat(101)}]),
        json!([{"token": secret, "url": "a\nb"}]),
        json!([{"url": URL}]),
        json!({"token": secret}),
    ] {
        assert_eq!(post(refused.clone()).await.status, 422, "{refused}");
    }
    let key = replica.key(app).await;
    let alone = json!([{"token": key.1, "other": {"fields": 1}}]);
    assert_eq!(post(alone).await.status, 202);
    let [leaked] = &stage.events("key.leaked").await[..] else { panic!("one event") };
    assert_eq!(stage.details(leaked).await, json!({}));
    let more = join_all((0..12).map(|_| post(json!([found(secret)])))).await;
    let limited: Vec<_> = more.iter().filter(|answer| answer.status == 429).collect();
    assert!(!limited.is_empty(), "{more:?}");
    assert!(limited[0].header("retry-after").parse::<u64>().unwrap() >= 1);
}
