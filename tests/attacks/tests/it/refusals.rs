//! Whoever is refused makes us write: without end, if each refusal were an event.

use std::collections::BTreeSet;

use futures::StreamExt;
use journeys::people::{Key, RETAIL_MEDIA};
use journeys::system::System;
use serde_json::{Value, json};
use sqlx::PgPool;
use stage::{Answer, eventually};

/// Small, so that a flood takes seconds.
const LIMITS: &str = "[limits]\nrefusals_in_all = 5\ntoken_refusals_per_address = 20\n";

/// So many refused requests are a flood.
const FLOOD: usize = 400;

/// So many of them are under way at a time.
const AT_ONCE: usize = 32;

/// The answers' statuses.
async fn flood(ask: impl AsyncFn(usize) -> Answer) -> BTreeSet<u16> {
    let answers = futures::stream::iter(0..FLOOD).map(async |number| ask(number).await.status);
    answers.buffer_unordered(AT_ONCE).map(|status| status.as_u16()).collect().await
}

/// The data of all events of this type of a service.
async fn events(database: &PgPool, schema: &str, kind: &str) -> Vec<Value> {
    let query = format!("SELECT envelope FROM {schema}.events WHERE type = $1 ORDER BY seq");
    let envelopes: Vec<Vec<u8>> = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
        .bind(format!("mandate.{kind}.v1"))
        .fetch_all(database)
        .await
        .unwrap();
    let event = |bytes: &Vec<u8>| serde_json::from_slice::<Value>(bytes).unwrap()["data"].clone();
    envelopes.iter().map(event).collect()
}

/// How many refusals these events stand for.
fn stand_for(events: &[Value]) -> u64 {
    events.iter().map(|event| event["counted"]["times"].as_u64().unwrap_or(1)).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_secrets_without_end_write_little_and_hold_up_nobody_who_is_right() {
    let mut system = System::configured(LIMITS).await;
    let organization = system.operator().organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let key = organization.developer.key(&app).await;
    let database = PgPool::connect(&system.servers.database.url).await.unwrap();
    let anyone = system.anonymous();
    let wrong = |number: usize| {
        let client_id =
            if number.is_multiple_of(2) { key.client_id.clone() } else { format!("{number:032x}") };
        Key { client_id, client_secret: "wrong".to_owned() }
    };
    let flooding = flood(async |number| wrong(number).ask(&anyone).await);
    let (statuses, answers) = tokio::join!(flooding, async {
        let mut answers = BTreeSet::new();
        for _ in 0..50 {
            answers.insert(key.ask(&anyone).await.status.as_u16());
        }
        answers
    });
    assert_eq!(answers, [200].into(), "the right secret is never refused");
    assert_eq!(statuses, [401, 429].into());
    // The first of the two kinds. What was counted comes when their minute is over, or when we end.
    eventually("the first refusals are recorded", async || {
        events(&database, "key_issuer", "token.refused").await.len() >= 2
    })
    .await;
    system.stop_processes().await;
    let events = events(&database, "key_issuer", "token.refused").await;
    // Two kinds: twice that if a minute ended meanwhile.
    assert!((4..=8).contains(&events.len()), "{events:#?}");
    assert_eq!(stand_for(&events), FLOOD as u64, "none is forgotten");
    assert!(events.iter().all(|event| event["counted_since"].is_string()));
    database.close().await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kinds_that_a_stranger_makes_up_are_one() {
    let limits = format!("{LIMITS}[http]\ntrusted_proxies = [\"127.0.0.1\"]\n");
    let mut system = System::configured(&limits).await;
    let database = PgPool::connect(&system.servers.database.url).await.unwrap();
    let anyone = system.anonymous().with_password(&"0".repeat(32), "wrong");
    flood(async |number| {
        anyone
            .request(stage::Method::POST, "/oauth2/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-forwarded-for", &format!("203.{}.{}.1", number / 250, number % 250))
            .body("grant_type=client_credentials")
            .send()
            .await
    })
    .await;
    system.stop_processes().await;
    let events = events(&database, "key_issuer", "token.refused").await;
    assert!(events.len() <= 2 * (5 + 1), "{events:#?}");
    assert_eq!(stand_for(&events), FLOOD as u64);
    assert!(events.iter().any(|event| event["counted"]["several_kinds"] == true));
    database.close().await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_signed_in_and_may_not_writes_little_either() {
    let mut system = System::configured(LIMITS).await;
    let organization = system.operator().organization().await;
    let database = PgPool::connect(&system.servers.database.url).await.unwrap();
    let path = format!("/v1/organizations/{}/members", organization.id);
    let body = json!({ "person_id": organization.owner.id, "role": "owner" });
    let auditor = &organization.auditor;
    let statuses = flood(async |_| auditor.post(&path, &body).await).await;
    assert_eq!(statuses, [403].into());
    system.stop_processes().await;
    let events = events(&database, "directory", "access.refused").await;
    assert!((2..=4).contains(&events.len()), "{events:#?}");
    assert_eq!(stand_for(&events), FLOOD as u64);
    database.close().await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_proxy_that_nobody_named_addresses_do_not_count_and_the_log_says_so() {
    let system = System::configured(LIMITS).await;
    let anyone = system.anonymous().with_password(&"0".repeat(32), "wrong");
    let statuses = flood(async |_| {
        anyone
            .request(stage::Method::POST, "/oauth2/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-forwarded-for", "203.0.113.7")
            .body("grant_type=client_credentials")
            .send()
            .await
    })
    .await;
    assert_eq!(statuses, [401].into());
    let said = system.said();
    assert_eq!(said.matches("http.trusted_proxies names nobody").count(), 1, "{said}");
    system.stop().await;
}
