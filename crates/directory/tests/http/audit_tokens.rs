//! Tokens for auditors of the whole log: operators make them, and here they open nothing.

use chrono::Duration;
use contract::facts::{AccessRefused, ApiTokenCreated, RefusedBecause};
use contract::{Envelope, Fact, TokenScope};
use serde_json::json;
use stage::Client;

use crate::stage::{PASSWORD, Stage};

/// A token for an auditor, made by this caller: its id, and a caller with it.
async fn auditor(maker: &Client) -> (String, Client) {
    let body = json!({"name": "Chartered Auditors", "scope": "audit-log"});
    let made = maker.post("/v1/api-tokens", body).await.expect(201);
    assert_eq!(made.field("scope"), "audit-log");
    (made.field("id"), maker.with_token(&made.field("token")))
}

/// The last event of this type.
async fn last<F: Fact>(stage: &Stage) -> F {
    let envelope: Vec<u8> = sqlx::query_scalar(
        "SELECT envelope FROM directory.events WHERE type = $1 ORDER BY seq DESC LIMIT 1",
    )
    .bind(F::TYPE)
    .fetch_one(&stage.resources.pool)
    .await
    .unwrap();
    Envelope::parse(&envelope).unwrap().fact().unwrap()
}

#[tokio::test]
async fn an_operator_makes_a_token_for_an_auditor_and_nobody_else_does() {
    let stage = Stage::set().await;
    let basic = stage.signing_in("operator@example.com", PASSWORD);
    let (id, _) = auditor(&basic).await;
    let created: ApiTokenCreated = last(&stage).await;
    assert_eq!(created.scope, Some(TokenScope::AuditLog));
    assert_eq!(
        (created.api_token_id.to_string(), created.person_id),
        (id.clone(), stage.operator.id)
    );
    let mine = stage.operator.get("/v1/api-tokens").await.expect(200).json;
    let listed = mine["items"].as_array().unwrap().iter().find(|token| token["id"] == id.as_str());
    assert_eq!(listed.unwrap()["scope"], "audit-log");

    let owner = stage.person("owner").await;
    let wanted = json!({"name": "mine", "scope": "audit-log"});
    owner.post("/v1/api-tokens", &wanted).await.refuses_fields(&["scope"]);
    let basic = stage.signing_in(&owner.email, PASSWORD);
    basic.post("/v1/api-tokens", &wanted).await.refuses_fields(&["scope"]);
    let unknown = json!({"name": "mine", "scope": "everything"});
    stage.operator.post("/v1/api-tokens", &unknown).await.refuses_fields(&["scope"]);
    stage.close().await;
}

#[tokio::test]
async fn it_opens_nothing_of_the_operators_and_the_refusal_names_it() {
    let stage = Stage::set().await;
    let (id, auditor) = auditor(&stage.operator).await;
    let organization = stage.operator.organization().await;
    for path in [
        "/v1/people/me",
        "/v1/people",
        "/v1/api-tokens",
        "/v1/sessions",
        "/v1/accounts",
        &organization,
    ] {
        let refused = auditor.get(path).await;
        refused.problem(403, "insufficient-scope");
        assert_eq!(
            refused.header("www-authenticate"),
            "Bearer error=\"insufficient_scope\"",
            "{path}"
        );
    }
    // Nor does it make others, such as would open more, or end any, itself included.
    auditor
        .post("/v1/api-tokens", json!({"name": "more"}))
        .await
        .problem(403, "insufficient-scope");
    auditor.delete("/v1/api-tokens").await.problem(403, "insufficient-scope");
    auditor.delete(&format!("/v1/api-tokens/{id}")).await.problem(403, "insufficient-scope");
    let refused: AccessRefused = last(&stage).await;
    assert_eq!(refused.target, format!("api-token/{id}"));
    assert_eq!(
        (refused.operation.as_str(), refused.reason),
        ("api-token.use", RefusedBecause::ScopeNotAllowed)
    );
    stage.close().await;
}

#[tokio::test]
async fn it_ends_as_others_do_and_with_the_operators_right() {
    let stage = Stage::set().await;
    let opens = |auditor: Client| async move {
        let answer = auditor.get("/v1/people/me").await;
        // Not what it is for, but a token; or none any more.
        match answer.status.as_u16() {
            403 => true,
            401 => false,
            _ => panic!("{answer:?}"),
        }
    };
    let (id, revoked) = auditor(&stage.operator).await;
    assert!(opens(revoked.clone()).await);
    stage.operator.delete(&format!("/v1/api-tokens/{id}")).await.expect(204);
    assert!(!opens(revoked).await);

    let body = json!({
        "name": "for an hour", "scope": "audit-log", "expires_at": stage.resources.env.now() + Duration::hours(1),
    });
    let made = stage.operator.post("/v1/api-tokens", &body).await.expect(201);
    let short = stage.anonymous().with_token(&made.field("token"));
    assert!(opens(short.clone()).await);
    stage.clock.advance(Duration::hours(1));
    assert!(!opens(short).await);

    let new = json!({"email": "second@example.com", "name": "Second", "password": PASSWORD, "operator": true});
    let second = stage.operator.post("/v1/people", &new).await.expect(201).field("id");
    let (_, of_second) = auditor(&stage.signing_in("second@example.com", PASSWORD)).await;
    assert!(opens(of_second.clone()).await);
    stage.operator.act(&format!("/v1/people/{second}/revoke-operator")).await.expect(200);
    assert!(!opens(of_second).await);
    stage.close().await;
}

#[tokio::test]
async fn not_even_the_database_lets_it_become_a_key_to_everything() {
    let stage = Stage::set().await;
    auditor(&stage.operator).await;
    let superuser = stage.superuser().await;
    let refused =
        sqlx::query("UPDATE directory.api_tokens SET scope = NULL WHERE scope IS NOT NULL")
            .execute(&superuser)
            .await
            .unwrap_err();
    assert!(refused.to_string().contains("can only be used and revoked once"), "{refused}");
    stage.close().await;
}
