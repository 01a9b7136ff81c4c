//! What others get wrong, and how much an app may ask for.

use std::collections::BTreeSet;

use chrono::Duration;
use contract::Envelope;
use contract::facts::{CountedRefusals, TokenRefused};
use futures::future::join_all;
use service::limits::LimitSettings;
use stage::wide_limits;

use crate::stage::{Replica, Stage, oauth};

fn facts(events: &[Envelope]) -> Vec<TokenRefused> {
    events.iter().map(|event| event.fact().unwrap()).collect()
}

/// Some requests with a client id that nobody has, or a wrong secret.
async fn refused(replica: &Replica, client_id: &str, times: usize) -> BTreeSet<u16> {
    let pair = (client_id.to_owned(), "wrong".to_owned());
    let answers = join_all((0..times).map(|_| replica.token(&pair))).await;
    answers.iter().map(|answer| answer.status.as_u16()).collect()
}

#[tokio::test]
async fn the_first_refusal_of_a_kind_is_an_event_and_the_others_of_the_minute_are_one() {
    let (stage, _, app) = Stage::with_app().await;
    let limits = LimitSettings { refusals_per_kind: 1, ..wide_limits() };
    let replica = stage.replica_within(limits).await;
    let (client_id, _) = replica.key(app).await;
    let began = stage.env.now();
    assert_eq!(refused(&replica, &client_id, 40).await, [401].into());
    // Ids that nobody has are one kind, however many a stranger thinks of.
    for number in 0..20 {
        refused(&replica, &format!("{number:032x}"), 1).await;
    }
    let own = facts(&stage.refused_tokens(2).await);
    assert_eq!(own.len(), 2);
    assert!(own.iter().all(|fact| fact.counted.is_none() && fact.counted_since.is_some()));

    stage.clock.advance(Duration::seconds(60));
    let counted = facts(&stage.refused_tokens(4).await[2..]);
    let times = |fact: &TokenRefused| fact.counted.map(|counted| counted.times);
    let of_app = counted.iter().find(|fact| fact.app_id == Some(app)).unwrap();
    let of_nobody = counted.iter().find(|fact| fact.app_id.is_none()).unwrap();
    assert_eq!((times(of_app), times(of_nobody)), (Some(39), Some(19)));
    let expected = CountedRefusals { times: 39, since: began, until: began, several_kinds: false };
    assert_eq!(of_app.counted, Some(expected));
}

#[tokio::test]
async fn so_many_refusals_in_all_are_events_and_the_rest_is_one_that_is_nobodys() {
    let (stage, _, app) = Stage::with_app().await;
    let limits = LimitSettings { refusals_per_kind: 1, refusals_in_all: 1, ..wide_limits() };
    let replica = stage.replica_within(limits).await;
    refused(&replica, &"0".repeat(32), 1).await;
    for _ in 0..3 {
        let (client_id, _) = replica.key(app).await;
        refused(&replica, &client_id, 2).await;
    }
    assert_eq!(stage.refused_tokens(1).await.len(), 1);
    // What is counted is written at the end, too.
    assert!(replica.tasks.shutdown(std::time::Duration::from_secs(10)).await);
    let events = stage.refused_tokens(2).await;
    let rest = facts(&events)[1].counted.unwrap();
    assert_eq!((events.len(), rest.times, rest.several_kinds), (2, 6, true));
    assert_eq!((events[1].organization, events[1].actor.to_string()), (None, "anonymous".into()));
}

#[tokio::test]
async fn refusals_that_cannot_be_written_are_not_lost() {
    let (stage, _, app) = Stage::with_app().await;
    let limits = LimitSettings { refusals_per_kind: 1, ..wide_limits() };
    let replica = stage.replica_within(limits).await;
    let (client_id, _) = replica.key(app).await;
    sqlx::query("REVOKE INSERT ON key_issuer.events FROM mandate_key_issuer")
        .execute(&stage.sql)
        .await
        .unwrap();
    assert_eq!(refused(&replica, &client_id, 3).await, [401].into());
    sqlx::query("GRANT INSERT ON key_issuer.events TO mandate_key_issuer")
        .execute(&stage.sql)
        .await
        .unwrap();
    stage.clock.advance(Duration::seconds(60));
    let events = facts(&stage.refused_tokens(2).await);
    assert_eq!(events[1].counted.map(|counted| counted.times), Some(2));
}

#[tokio::test]
async fn who_counts_says_since_when_so_that_a_lost_count_is_noticed() {
    let (stage, one, app) = Stage::with_app().await;
    let (client_id, _) = one.key(app).await;
    refused(&one, &client_id, 1).await;
    let before = stage.env.now();
    stage.clock.advance(Duration::seconds(90));
    // As after a kill: another process, which knows nothing of what the first one counted.
    let other = stage.replica().await;
    stage.clock.advance(Duration::seconds(5));
    stage.refused_tokens(1).await;
    refused(&other, &client_id, 1).await;
    let since: Vec<_> =
        facts(&stage.refused_tokens(2).await).iter().map(|fact| fact.counted_since).collect();
    assert_eq!(since, [Some(before), Some(before + Duration::seconds(90))]);
}

#[tokio::test]
async fn an_app_gets_as_many_tokens_in_a_minute_as_it_may_over_all_replicas() {
    const LIMIT: u32 = 20;
    let (stage, _, app) = Stage::with_app().await;
    let limits = LimitSettings { tokens_per_app: LIMIT, ..wide_limits() };
    let one = stage.replica_within(limits.clone()).await;
    let other = stage.replica_within(limits).await;
    let key = one.key(app).await;
    // The window must not end meanwhile: it is put where it cannot.
    let hold = "UPDATE key_issuer.token_rates SET window_start = date_trunc('minute', now()) + interval '1 minute'";
    assert_eq!(one.token(&key).await.status, 200);
    sqlx::query(hold).execute(&stage.sql).await.unwrap();
    let replicas = [&one, &other];
    let answers = join_all((0..80).map(|number| replicas[number % 2].token(&key))).await;
    let issued = answers.iter().filter(|answer| answer.status == 200).count() + 1;
    // A replica keeps what it holds: some may be held where nobody asks any more.
    assert!(issued <= LIMIT as usize && issued >= LIMIT as usize - 4, "{issued}");
    assert_eq!(stage.events("token.issued").await.len(), issued);
    let limited = answers.iter().find(|answer| answer.status == 429).unwrap();
    oauth(limited, 429, "slow_down");
    assert_eq!(limited.header("ratelimit-policy"), format!("\"app\";q={LIMIT};w=60"));
    assert!(limited.header("ratelimit").starts_with("\"app\";r=0;t="));
    assert!(limited.header("retry-after").parse::<u64>().unwrap() <= 120);
    // Not an event: it is told to who asks too much, and endangers nobody.
    assert!(stage.events("token.refused").await.is_empty());
}

#[tokio::test]
async fn what_others_get_wrong_costs_an_app_nothing_of_its_limit() {
    let (stage, _, app) = Stage::with_app().await;
    let limits = LimitSettings {
        tokens_per_app: 10,
        token_refusals_per_address: 5,
        token_refusals_per_network: 5,
        ..wide_limits()
    };
    let replica = stage.replica_within(limits).await;
    let key = replica.key(app).await;
    refused(&replica, &key.0, 50).await;
    let answer = replica.token(&key).await.expect(200);
    assert!(answer.header("ratelimit").starts_with("\"app\";r=9;t="), "{answer:?}");
}

#[tokio::test]
async fn without_the_count_no_token_leaves() {
    let (stage, replica, app) = Stage::with_app().await;
    let key = replica.key(app).await;
    sqlx::query("REVOKE INSERT ON key_issuer.token_rates FROM mandate_key_issuer")
        .execute(&stage.sql)
        .await
        .unwrap();
    oauth(&replica.token(&key).await, 503, "temporarily_unavailable");
    sqlx::query("GRANT INSERT ON key_issuer.token_rates TO mandate_key_issuer")
        .execute(&stage.sql)
        .await
        .unwrap();
    replica.token(&key).await.expect(200);
}
