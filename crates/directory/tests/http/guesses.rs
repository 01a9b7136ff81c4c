//! Guessing passwords.

use chrono::Duration;
use contract::facts::SignInRefusal;
use futures::future::join_all;
use serde_json::json;
use service::limits::LimitSettings;
use stage::{Answer, wide_limits};

use crate::stage::{PASSWORD, Stage};

const OWNER: &str = "owner@example.com";
const NOBODY: &str = "nobody@example.com";

/// Where the owner is, and where others are.
const HOME: &str = "198.51.100.7";
const ELSEWHERE: &str = "203.0.113.7";

fn limits() -> LimitSettings {
    LimitSettings {
        sign_in_attempts_per_email: 3,
        sign_in_attempts_per_network: 8,
        sign_in_lockout_seconds: 900,
        ..wide_limits()
    }
}

async fn stage() -> Stage {
    let stage = Stage::within(limits()).await;
    // Registered and signed in behind the proxy itself, which is no home of theirs below.
    stage.person("owner").await;
    stage
}

fn wait(answer: &Answer) -> i64 {
    answer.problem(429, "too-many-requests");
    answer.header("retry-after").parse().unwrap()
}

#[tokio::test]
async fn the_wait_grows_is_told_and_ends_by_itself() {
    let stage = stage().await;
    for _ in 0..3 {
        stage.sign_in(OWNER, "wrong", ELSEWHERE).await.problem(401, "sign-in-refused");
    }
    let mut waits = Vec::new();
    for _ in 0..12 {
        let wait = wait(&stage.sign_in(OWNER, "wrong", &format!("203.0.{}.1", waits.len())).await);
        waits.push(wait);
        stage.clock.advance(Duration::seconds(wait));
        let address = format!("203.1.{}.1", waits.len());
        stage.sign_in(OWNER, "wrong", &address).await.problem(401, "sign-in-refused");
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    let locked = stage.sign_in(OWNER, PASSWORD, ELSEWHERE).await;
    assert_eq!(wait(&locked), 900, "the right password has to wait as well, where nobody knows it");
    let until = (stage.resources.env.now() + Duration::seconds(900)).format("%Y-%m-%dT%H:%M:%SZ");
    assert!(locked.text().contains(&until.to_string()), "{}", locked.text());
    stage.clock.advance(Duration::seconds(900));
    stage.sign_in(OWNER, PASSWORD, ELSEWHERE).await.expect(201);
    // What was counted is forgotten.
    stage.sign_in(OWNER, "wrong", "203.2.0.1").await.problem(401, "sign-in-refused");
    stage.sign_in(OWNER, "wrong", "203.2.1.1").await.problem(401, "sign-in-refused");
    let refused = stage.refused_sign_ins(3 + 12 + 12 + 1 + 2).await;
    let too_many = refused.iter().filter(|fact| fact.reason == SignInRefusal::TooManyAttempts);
    assert_eq!(too_many.count(), 13);
    stage.close().await;
}

#[tokio::test]
async fn whoever_need_not_wait_does_not_wait_for_a_clock_that_is_ahead() {
    let stage = stage().await;
    stage.person("other").await;
    stage.sign_in(OWNER, PASSWORD, ELSEWHERE).await.expect(201);
    // Read before, by another request or at another replica.
    stage.clock.advance(Duration::seconds(-1));
    stage.sign_in("other@example.com", PASSWORD, ELSEWHERE).await.expect(201);
    stage.close().await;
}

#[tokio::test]
async fn parallel_guesses_are_no_more_than_guesses_one_after_the_other() {
    let stage = stage().await;
    stage.sign_in(OWNER, PASSWORD, HOME).await.expect(201);
    let guesses = (0..200).map(async |number: usize| {
        let address = format!("203.0.{}.{}", number % 100, number % 250);
        stage.sign_in(OWNER, "wrong", &address).await.status.as_u16()
    });
    let right = stage.sign_in(OWNER, PASSWORD, HOME);
    let (guesses, right) = tokio::join!(join_all(guesses), right);
    right.expect(201);
    let looked_at = guesses.iter().filter(|status| **status == 401).count();
    assert_eq!(looked_at, 3, "{guesses:?}");
    assert!(guesses.iter().all(|status| [401, 429].contains(status)));
    stage.close().await;
}

#[tokio::test]
async fn nobody_is_locked_out_where_they_have_signed_in_before() {
    let stage = stage().await;
    stage.sign_in(OWNER, PASSWORD, HOME).await.expect(201);
    for _ in 0..5 {
        stage.sign_in(OWNER, "wrong", ELSEWHERE).await;
    }
    wait(&stage.sign_in(OWNER, PASSWORD, ELSEWHERE).await);
    // The same network, not only the same address.
    stage.sign_in(OWNER, PASSWORD, "198.51.100.200").await.expect(201);
    // Nor by what others of that network try.
    for number in 0..20 {
        stage.sign_in(&format!("{number}@example.com"), "wrong", HOME).await;
    }
    wait(&stage.sign_in(NOBODY, PASSWORD, HOME).await);
    stage.sign_in(OWNER, PASSWORD, HOME).await.expect(201);
    // There, too, guesses are limited.
    for _ in 0..3 {
        stage.sign_in(OWNER, "wrong", HOME).await.problem(401, "sign-in-refused");
    }
    wait(&stage.sign_in(OWNER, PASSWORD, HOME).await);
    // It is a home for ninety days.
    stage.clock.advance(Duration::days(91));
    for _ in 0..3 {
        stage.sign_in(OWNER, "wrong", ELSEWHERE).await.problem(401, "sign-in-refused");
    }
    wait(&stage.sign_in(OWNER, PASSWORD, HOME).await);
    stage.close().await;
}

#[tokio::test]
async fn emails_that_nobody_has_are_counted_alike() {
    let stage = stage().await;
    let mut all = Vec::new();
    for (email, network) in [(OWNER, "203.0.1"), (NOBODY, "203.0.2"), ("no email", "203.0.3")] {
        let mut answers = Vec::new();
        for _ in 0..6 {
            let answer = stage.sign_in(email, "wrong", &format!("{network}.7")).await;
            answers.push((
                answer.status,
                answer.json.clone(),
                answer.headers.get("retry-after").cloned(),
            ));
        }
        all.push(answers);
    }
    assert!(all.iter().all(|answers| *answers == all[0]), "{all:#?}");
    let counted: i64 = sqlx::query_scalar("SELECT count(*) FROM directory.sign_in_attempts")
        .fetch_one(&stage.resources.pool)
        .await
        .unwrap();
    assert_eq!(counted, 6, "each email and each network");
    stage.close().await;
}

#[tokio::test]
async fn a_network_that_tries_many_emails_has_to_wait() {
    let stage = stage().await;
    let mut statuses = Vec::new();
    for number in 0..10 {
        let answer = stage.sign_in(&format!("{number}@example.com"), "wrong", ELSEWHERE).await;
        statuses.push(answer.status.as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 401, 401, 401, 429, 429]);
    // An account of one's own does not reset it.
    stage.clock.advance(Duration::seconds(1));
    stage.sign_in(OWNER, PASSWORD, ELSEWHERE).await.expect(201);
    stage.sign_in("a@example.com", "wrong", ELSEWHERE).await.problem(401, "sign-in-refused");
    assert!(wait(&stage.sign_in("b@example.com", "wrong", ELSEWHERE).await) >= 2);
    stage.close().await;
}

#[tokio::test]
async fn a_flood_of_one_network_is_stopped_before_it_is_counted() {
    let limits = LimitSettings { sign_ins_per_network: 4, ..wide_limits() };
    let stage = Stage::within(limits).await;
    let guesses = (0..50).map(async |number: usize| {
        stage.sign_in(&format!("{number}@example.com"), "wrong", ELSEWHERE).await.status.as_u16()
    });
    let guesses = join_all(guesses).await;
    assert_eq!(guesses.iter().filter(|status| **status == 401).count(), 4, "{guesses:?}");
    let counted: i64 = sqlx::query_scalar("SELECT count(*) FROM directory.sign_in_attempts")
        .fetch_one(&stage.resources.pool)
        .await
        .unwrap();
    assert_eq!(counted, 1 + 4, "the network and the emails that were tried");
    stage.close().await;
}

#[tokio::test]
async fn whoever_changes_more_than_they_may_has_to_wait() {
    let limits = LimitSettings { changes_per_caller: 3, ..wide_limits() };
    let stage = Stage::within(limits).await;
    let (operator, body) = (&stage.operator, json!({"name": "again"}));
    for _ in 0..3 {
        operator.post("/v1/api-tokens", &body).await.expect(201);
    }
    let limited = operator.post("/v1/api-tokens", &body).await;
    assert!((1..=20).contains(&wait(&limited)));
    operator.get("/v1/api-tokens").await.expect(200);
    // Signing in is a change as well: it leaves an event.
    wait(&stage.sign_in(&operator.email, PASSWORD, HOME).await);
    stage.close().await;
}

#[tokio::test]
async fn of_two_credentials_neither_is_believed() {
    let stage = stage().await;
    let answer = stage
        .signing_in(OWNER, PASSWORD)
        .request(stage::Method::POST, "/v1/api-tokens")
        .header("authorization", "Basic eDp4")
        .json(json!({"name": "test"}))
        .send()
        .await;
    answer.problem(401, "unauthenticated");
    stage.close().await;
}
