//! Signing in, and API tokens.

use chrono::Duration;
use contract::Environment;
use serde_json::json;

use crate::stage::{PASSWORD, Stage};

#[tokio::test]
async fn a_password_gets_a_token_whatever_the_emails_case() {
    let stage = Stage::set().await;
    stage.person("owner").await;
    let basic = stage.signing_in("OWNER@example.com", PASSWORD);
    let (answer, events) =
        stage.events_of(basic.post("/v1/api-tokens", &json!({"name": "laptop"}))).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert!(answer.expect(201).json["token"].as_str().unwrap().starts_with("mandate_pat_"));
    assert_eq!(events, ["sign-in.accepted", "api-token.created"]);
    stage.close().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_person_are_answered_the_same() {
    let stage = Stage::set().await;
    stage.person("owner").await;
    let mut answers = Vec::new();
    for (email, password) in [
        ("owner@example.com", "wrong password"),
        ("nobody@example.com", PASSWORD),
        ("nobody", PASSWORD),
        ("p@ssword", PASSWORD),
    ] {
        let basic = stage.signing_in(email, password);
        let answer = basic.post("/v1/api-tokens", &json!({"name": "x"})).await;
        assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Basic"));
        answer.problem(401, "sign-in-refused");
        answers.push(answer.json);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    stage.refused_sign_ins(4).await;
    let contexts: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT context FROM directory.contexts c JOIN directory.events e ON e.id = c.event_id
         WHERE type = 'mandate.sign-in.refused.v1' ORDER BY seq",
    )
    .fetch_all(&stage.resources.pool)
    .await
    .unwrap();
    let claimed = contexts.iter().map(|context| {
        let context: serde_json::Value = serde_json::from_slice(context).unwrap();
        context["claimed_name"].as_str().map(str::to_owned)
    });
    let email = |email: &str| Some(email.to_owned());
    // People type their password there: only what looks like an email is kept.
    let expected = [email("owner@example.com"), email("nobody@example.com"), None, None];
    assert_eq!(claimed.collect::<Vec<_>>(), expected);
    stage.close().await;
}

#[tokio::test]
async fn an_expired_token_opens_nothing() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let expires_at = stage.resources.env.now() + Duration::minutes(10);
    let body = json!({"name": "short", "expires_at": expires_at});
    let made = owner.post("/v1/api-tokens", &body).await.expect(201).json;
    let short = owner.with_token(made["token"].as_str().unwrap());
    short.get("/v1/people/me").await.expect(200);
    stage.clock.advance(Duration::minutes(10));
    short.get("/v1/people/me").await.problem(401, "invalid-token");
    owner.get("/v1/people/me").await.expect(200);
    owner.post("/v1/api-tokens", &body).await.refuses_fields(&["expires_at"]);
    stage.close().await;
}

#[tokio::test]
async fn a_revoked_token_opens_nothing_and_only_its_owner_revokes_it() {
    let stage = Stage::set().await;
    let (owner, other) = (stage.person("owner").await, stage.person("other").await);
    let mine = owner.get("/v1/api-tokens").await.expect(200).json;
    let path = format!("/v1/api-tokens/{}", mine["items"][0]["id"].as_str().unwrap());
    other.delete(&path).await.problem(404, "api-token-not-found");
    let (answer, events) = stage.events_of(owner.delete(&path)).await;
    answer.expect(204);
    assert_eq!(events, ["api-token.revoked"]);
    owner.get("/v1/people/me").await.problem(401, "invalid-token");
    let (answer, events) = stage.events_of(stage.operator.delete(&path)).await;
    answer.expect(204);
    assert_eq!(events.len(), 0);
    stage.close().await;
}

#[tokio::test]
async fn a_use_is_written_down_to_the_minute_and_without_an_event() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let last_use = async || {
        let mine = owner.get("/v1/api-tokens").await.expect(200).json;
        mine["items"][0]["last_used_at"].as_str().unwrap().to_owned()
    };
    let before = stage.events().await.len();
    let first = last_use().await;
    stage.clock.advance(Duration::seconds(59));
    assert_eq!(last_use().await, first);
    stage.clock.advance(Duration::seconds(1));
    assert_ne!(last_use().await, first);
    assert_eq!(stage.events().await.len(), before);
    stage.close().await;
}

#[tokio::test]
async fn tokens_are_listed_in_pages() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    for number in 0..4 {
        owner.post("/v1/api-tokens", &json!({"name": format!("t{number}")})).await.expect(201);
        stage.clock.advance(Duration::seconds(1));
    }
    let (mut path, mut names) = ("/v1/api-tokens?limit=2".to_owned(), Vec::new());
    loop {
        let page = owner.get(&path).await.expect(200).json;
        names.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|t| t["name"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/api-tokens?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    names.sort();
    assert_eq!(names, ["t0", "t1", "t2", "t3", "test"]);
    stage.close().await;
}

#[tokio::test]
async fn nobody_gets_in_without_a_token() {
    let stage = Stage::set().await;
    let unknown = contract::secret::ApiToken::generate(&Environment::system());
    for authorization in ["", "Bearer x", &format!("Bearer {}", unknown.reveal())] {
        let nobody = stage.anonymous().with_authorization(authorization);
        for path in ["/v1/organizations", "/v1/people/me", "/v1/accounts", "/v1/api-tokens"] {
            nobody.get(path).await.expect(401);
        }
    }
    stage.close().await;
}
