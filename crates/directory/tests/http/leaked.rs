//! Tokens of people that somebody has found and reported.

use contract::rpc::{EndLeaked, LeakedToken};
use contract::secret::{ApiToken, BearerKind, SecretHash};
use futures::future::join_all;
use serde_json::json;
use service::{CallContext, RpcError};
use stage::{Client, wide_limits};

use crate::stage::{PASSWORD, Stage, settings};

fn leaked(kind: BearerKind, token: &str) -> LeakedToken {
    LeakedToken { kind, token_sha256: hex::encode(SecretHash::of(token).0) }
}

async fn report(stage: &Stage, tokens: Vec<LeakedToken>) -> Result<(), RpcError> {
    let context = CallContext::new(&stage.resources.env);
    stage.resources.rpc.call(context, &EndLeaked { tokens }).await
}

async fn stage() -> Stage {
    Stage::with(settings(), wide_limits()).await
}

/// A person's API token: itself, and whoever it speaks for.
async fn api_token(stage: &Stage, caller: &Client) -> (String, Client) {
    let token = caller.post("/v1/api-tokens", json!({"name": "test"})).await.expect(201);
    let token = token.field("token");
    let client = stage.anonymous().with_token(&token);
    (token, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reported_api_token_ends_with_those_that_it_made_and_nothing_else_does() {
    let stage = stage().await;
    let person = stage.person("careless").await;
    let (token, client) = api_token(&stage, &person).await;
    let (_, child) = api_token(&stage, &client).await;
    let (report, events) =
        stage.events_of(report(&stage, vec![leaked(BearerKind::ApiToken, &token)])).await;
    assert_eq!((report, events), (Ok(()), vec!["api-token.revoked".to_owned(); 2]));
    for ended in [&client, &child] {
        assert_eq!(ended.get("/v1/people/me").await.status, 401);
    }
    person.get("/v1/people/me").await.expect(200);
    let because: Vec<String> = sqlx::query_scalar(
        "SELECT convert_from(envelope, 'UTF8')::json -> 'data' ->> 'because' FROM directory.events
         WHERE type = 'mandate.api-token.revoked.v1' ORDER BY seq",
    )
    .fetch_all(&stage.resources.pool)
    .await
    .unwrap();
    assert_eq!(because, ["leaked", "parent_revoked"]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reported_session_ends_once_however_many_report_it() {
    let stage = stage().await;
    let person = stage.person("careless").await;
    let opened = stage.signing_in(&person.email, PASSWORD).act("/v1/sessions").await;
    let token = opened.expect(201).field("token");
    let session = stage.anonymous().with_token(&token);
    session.get("/v1/people/me").await.expect(200);
    let reports = (0..10).map(|_| report(&stage, vec![leaked(BearerKind::Session, &token)]));
    let (answers, events) = stage.events_of(join_all(reports)).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(events, ["session.ended"]);
    assert_eq!(session.get("/v1/people/me").await.status, 401);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_nobodys_is_answered_the_same_and_a_question_has_a_bound() {
    let stage = stage().await;
    let person = stage.person("careless").await;
    let (token, _) = api_token(&stage, &person).await;
    let unknown = ApiToken::generate(&stage.resources.env);
    let nothing = LeakedToken { kind: BearerKind::Session, token_sha256: "nonsense".to_owned() };
    let tokens = vec![
        leaked(BearerKind::ApiToken, unknown.reveal()),
        leaked(BearerKind::Session, &token),
        nothing.clone(),
    ];
    let (answer, events) = stage.events_of(report(&stage, tokens)).await;
    assert_eq!((answer, events.len()), (Ok(()), 0));
    let refused = report(&stage, vec![nothing; 101]).await.unwrap_err();
    assert!(matches!(refused, RpcError::Refused { code: 400, .. }), "{refused:?}");
    stage.close().await;
}
