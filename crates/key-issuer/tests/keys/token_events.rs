//! Group commit of token events: what is written together and one by one.

use contract::facts::{TokenRefusalReason, TokenRefused};
use contract::{Provenance, Service, TokenId};
use eventstore::EventStore;
use eventstore::batch::Work;
use eventstore::group_commit::Writer;
use key_issuer::token_events::TokenEvent;

use crate::stage::{Stage, oauth};

fn token_event(stage: &Stage, events: &EventStore, attempt_id: TokenId) -> TokenEvent {
    let provenance = Provenance::system(Service::KeyIssuer, None, stage.env.new_id());
    let fact = TokenRefused {
        attempt_id,
        client_id: None,
        app_id: None,
        reason: TokenRefusalReason::UnknownClient,
    };
    TokenEvent::refused(events, provenance, &fact).unwrap()
}

#[tokio::test]
async fn an_event_that_is_refused_fails_by_itself() {
    let stage = Stage::set().await;
    let replica = stage.replica().await;
    let taken: TokenId = stage.env.new_id();
    let events = &replica.resources.events;
    let mut writer = Writer::new(events.clone());
    assert!(writer.carry_out(vec![token_event(&stage, events, taken)]).await[0].is_ok());
    let batch = vec![
        token_event(&stage, events, stage.env.new_id()),
        token_event(&stage, events, taken),
        token_event(&stage, events, stage.env.new_id()),
    ];
    let outcomes: Vec<_> = writer.carry_out(batch).await.iter().map(Result::is_ok).collect();
    assert_eq!(outcomes, [true, false, true]);
    assert_eq!(stage.events("token.refused").await.len(), 3);
}

#[tokio::test]
async fn without_its_event_no_token_leaves() {
    let (stage, replica, app) = Stage::with_app().await;
    let key = replica.key(app).await;
    sqlx::query("REVOKE INSERT ON key_issuer.events FROM mandate_key_issuer")
        .execute(&stage.sql)
        .await
        .unwrap();
    let answer = replica.token(&key).await;
    oauth(&answer, 503, "temporarily_unavailable");
    assert!(!String::from_utf8_lossy(&answer.body).contains("access_token"));
    sqlx::query("GRANT INSERT ON key_issuer.events TO mandate_key_issuer")
        .execute(&stage.sql)
        .await
        .unwrap();
    assert_eq!(replica.token(&key).await.status, 200);
    assert_eq!(stage.events("token.issued").await.len(), 1);
}
