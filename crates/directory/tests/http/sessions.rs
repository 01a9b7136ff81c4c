//! Sessions: what a sign-in opens, and how it ends.

use axum::http::Method;
use chrono::Duration;
use contract::environment::Clock as _;
use futures::future::{join, join_all};
use serde_json::{Value, json};
use stage::Client;

use crate::stage::{PASSWORD, Person, Stage, settings};

/// Signs in: the session's record, and a client with its token.
pub(crate) async fn session(stage: &Stage, person: &Person) -> (Value, Client) {
    // One after the other, for the clock as well.
    stage.clock.advance(Duration::seconds(1));
    let signing_in = stage.signing_in(&person.email, PASSWORD);
    let opened = signing_in.act("/v1/sessions").await.expect(201).json;
    let client = stage.anonymous().with_token(opened["token"].as_str().unwrap());
    (opened, client)
}

fn path(opened: &Value) -> String {
    format!("/v1/sessions/{}", opened["id"].as_str().unwrap())
}

async fn is_over(client: &Client) {
    client.get("/v1/people/me").await.problem(401, "invalid-token");
}

/// Why sessions ended, in the order of their ends.
async fn endings(stage: &Stage) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT convert_from(envelope, 'UTF8')::jsonb -> 'data' ->> 'because' FROM directory.events
         WHERE type = 'mandate.session.ended.v1' ORDER BY seq",
    )
    .fetch_all(&stage.resources.pool)
    .await
    .unwrap()
}

/// The same, when the sweeper was there: over two replicas.
async fn endings_after_sweep(stage: &Stage) -> Vec<String> {
    let (events, settings) = (&stage.resources.events, settings());
    let sweeping = (0..2).map(|_| directory::record_session_ends(events, &settings));
    for swept in join_all(sweeping).await {
        swept.unwrap();
    }
    endings(stage).await
}

#[tokio::test]
async fn email_and_password_may_be_in_the_body_if_there_is_no_header() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let body = json!({ "email": owner.email, "password": PASSWORD });
    let (answer, events) =
        stage.events_of(stage.anonymous().post("/v1/sessions", body.clone())).await;
    let token = answer.expect(201).field("token");
    assert_eq!(events, ["sign-in.accepted", "session.created"]);
    stage.anonymous().with_token(&token).get("/v1/people/me").await.expect(200);
    let wrong = json!({ "email": owner.email, "password": "another password" });
    stage.anonymous().post("/v1/sessions", wrong).await.problem(401, "sign-in-refused");
    let more = json!({ "email": owner.email, "password": PASSWORD, "cookie": "x" });
    stage.anonymous().post("/v1/sessions", more).await.expect(422);
    // What is in the header counts, and it alone.
    let stranger = stage.signing_in(&owner.email, "another password");
    stranger.post("/v1/sessions", body.clone()).await.problem(401, "sign-in-refused");
    stage
        .anonymous()
        .with_token(&token)
        .post("/v1/sessions", body)
        .await
        .problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_sign_in_opens_a_session_of_its_own() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let signing_in = stage.signing_in("Owner@Example.com", PASSWORD);
    let (answer, events) = stage.events_of(signing_in.act("/v1/sessions")).await;
    let answer = answer.expect(201);
    assert_eq!(events, ["sign-in.accepted", "session.created"]);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("location"), path(&answer.json));
    let token = answer.field("token");
    assert!(token.starts_with("mandate_ses_"), "{token}");
    let first = stage.anonymous().with_token(&token);
    let (second, _) = session(&stage, &owner).await;
    assert_ne!(second["token"], json!(token));

    // Wherever an API token is taken.
    assert_eq!(first.get("/v1/people/me").await.expect(200).field("id"), owner.id.to_string());
    let listed = first.get("/v1/sessions").await.expect(200).json;
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!((&items[0]["id"], &items[0]["current"]), (&answer.json["id"], &json!(true)));
    assert_eq!((&items[1]["id"], &items[1]["current"]), (&second["id"], &json!(false)));
    // What the first did names it.
    first.post("/v1/organizations", crate::stage::organization()).await.expect(201);
    let credential: String = sqlx::query_scalar(
        "SELECT convert_from(c.context, 'UTF8')::jsonb ->> 'credential'
         FROM directory.contexts c JOIN directory.events e ON e.id = c.event_id
         WHERE e.type = 'mandate.organization.created.v1'",
    )
    .fetch_one(&stage.resources.pool)
    .await
    .unwrap();
    assert_eq!(credential, format!("session/{}", answer.field("id")));
    stage.close().await;
}

#[tokio::test]
async fn only_a_password_opens_a_session() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let (_, client) = session(&stage, &owner).await;
    for other in [&*owner, &client, &stage.anonymous()] {
        let answer = other.act("/v1/sessions").await;
        answer.problem(401, "unauthenticated");
        assert!(answer.header("www-authenticate").starts_with("Basic "), "{:?}", answer.headers);
    }
    let (_, events) = stage
        .events_of(async {
            for (email, password) in [(&*owner.email, "wrong"), ("nobody@example.com", PASSWORD)] {
                let answer = stage.signing_in(email, password).act("/v1/sessions").await;
                answer.problem(401, "sign-in-refused");
            }
            stage.refused_sign_ins(2).await
        })
        .await;
    assert_eq!(events, ["sign-in.refused"; 2]);
    let twice = stage.signing_in(&owner.email, PASSWORD).request(Method::POST, "/v1/sessions");
    twice.header("authorization", "Basic eDp4").send().await.problem(401, "unauthenticated");
    stage.close().await;
}

#[tokio::test]
async fn no_cookie_is_read() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let (opened, client) = session(&stage, &owner).await;
    let token = opened["token"].as_str().unwrap();
    for name in ["session", "token", "__Host-session", "authorization"] {
        let request = stage.anonymous().request(Method::GET, "/v1/people/me");
        let answer = request.header("cookie", &format!("{name}={token}")).send().await;
        answer.problem(401, "unauthenticated");
    }
    let answer = client.get("/v1/people/me").await.expect(200);
    assert!(answer.headers.get("set-cookie").is_none());
    stage.close().await;
}

#[tokio::test]
async fn a_session_that_is_not_used_ends_and_one_that_is_used_goes_on() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let (_, idle) = session(&stage, &owner).await;
    let (_, used) = session(&stage, &owner).await;
    for _ in 0..3 {
        stage.clock.advance(Duration::hours(7));
        used.get("/v1/people/me").await.expect(200);
    }
    is_over(&idle).await;
    assert_eq!(
        used.get("/v1/sessions").await.expect(200).json["items"].as_array().unwrap().len(),
        1
    );
    stage.clock.advance(Duration::hours(8));
    is_over(&used).await;
    // The events follow.
    assert_eq!(endings_after_sweep(&stage).await, ["idle", "idle"]);
    stage.close().await;
}

#[tokio::test]
async fn a_session_ends_after_thirty_days_however_much_it_is_used() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let (opened, client) = session(&stage, &owner).await;
    let end = stage.clock.now() + Duration::days(30);
    assert_eq!(opened["expires_at"], serde_json::to_value(end).unwrap());
    for _ in 0..(30 * 24 / 6 - 1) {
        stage.clock.advance(Duration::hours(6));
        client.get("/v1/people/me").await.expect(200);
    }
    stage.clock.advance(Duration::hours(6) - Duration::seconds(1));
    client.get("/v1/people/me").await.expect(200);
    stage.clock.advance(Duration::seconds(1));
    is_over(&client).await;
    stage.clock.advance(Duration::hours(8));
    assert_eq!(endings_after_sweep(&stage).await, ["expired"]);
    stage.close().await;
}

#[tokio::test]
async fn a_session_is_ended_by_its_person_and_operators_and_nobody_else() {
    let stage = Stage::set().await;
    let (owner, other) = (stage.person("owner").await, stage.person("other").await);
    let (first, first_client) = session(&stage, &owner).await;
    let (second, second_client) = session(&stage, &owner).await;
    other.delete(&path(&first)).await.problem(404, "session-not-found");
    let (answer, events) = stage.events_of(first_client.delete(&path(&first))).await;
    answer.expect(204);
    assert_eq!(events, ["session.ended"]);
    is_over(&first_client).await;
    let (answer, events) = stage.events_of(stage.operator.delete(&path(&second))).await;
    answer.expect(204);
    assert_eq!(events, ["session.ended"]);
    is_over(&second_client).await;
    let (answer, events) = stage.events_of(owner.delete(&path(&second))).await;
    answer.expect(204);
    assert!(events.is_empty(), "it has ended: {events:?}");
    let devices: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM directory.sessions WHERE ended_at IS NOT NULL AND user_agent IS NOT NULL",
    )
    .fetch_one(&stage.resources.pool)
    .await
    .unwrap();
    assert_eq!(devices, 0, "what they said of themselves is forgotten");
    stage.close().await;
}

#[tokio::test]
async fn all_others_end_by_one_call() {
    let stage = Stage::set().await;
    let (owner, other) = (stage.person("owner").await, stage.person("other").await);
    let (_, theirs) = session(&stage, &other).await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(session(&stage, &owner).await.1);
    }
    let this = &sessions[1];
    let (answer, events) = stage.events_of(this.delete("/v1/sessions")).await;
    answer.expect(204);
    assert_eq!(events, ["session.ended"; 2]);
    is_over(&sessions[0]).await;
    is_over(&sessions[2]).await;
    let (answer, events) = stage.events_of(this.delete("/v1/sessions")).await;
    answer.expect(204);
    assert!(events.is_empty(), "there is no other: {events:?}");
    // An API token is no session: all end.
    owner.delete("/v1/sessions").await.expect(204);
    is_over(this).await;
    theirs.get("/v1/people/me").await.expect(200);
    assert_eq!(endings(&stage).await, ["requested"; 3]);
    stage.close().await;
}

#[tokio::test]
async fn whoever_signs_in_too_often_loses_the_session_that_was_used_longest_ago() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let mut sessions = Vec::new();
    for _ in 0..settings().max_sessions {
        sessions.push(session(&stage, &owner).await.1);
    }
    stage.clock.advance(Duration::minutes(1));
    sessions[0].get("/v1/people/me").await.expect(200);
    let signing_in = stage.signing_in(&owner.email, PASSWORD);
    let (answer, events) = stage.events_of(signing_in.act("/v1/sessions")).await;
    answer.expect(201);
    assert_eq!(events, ["sign-in.accepted", "session.ended", "session.created"]);
    assert_eq!(endings(&stage).await, ["too_many"]);
    is_over(&sessions[1]).await;
    sessions[0].get("/v1/people/me").await.expect(200);
    stage.close().await;
}

#[tokio::test]
async fn any_number_of_sign_ins_at_once_leave_as_many_sessions_as_somebody_can_have() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let signing_in = stage.signing_in(&owner.email, PASSWORD);
    let opened = join_all((0..40).map(|_| signing_in.act("/v1/sessions"))).await;
    assert!(opened.iter().all(|answer| answer.status == 201));
    let listed = owner.get("/v1/sessions").await.expect(200).json;
    let most = usize::try_from(settings().max_sessions).unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), most);
    assert_eq!(endings(&stage).await.len(), 40 - most);
    stage.close().await;
}

#[tokio::test]
async fn a_token_that_a_session_makes_goes_on_after_it() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let (opened, client) = session(&stage, &owner).await;
    let made = client.post("/v1/api-tokens", json!({"name": "laptop"})).await.expect(201).json;
    assert_eq!((&made["session_id"], &made["parent_id"]), (&opened["id"], &Value::Null));
    let token = client.with_token(made["token"].as_str().unwrap());
    token.delete(&path(&opened)).await.expect(204);
    is_over(&client).await;
    token.get("/v1/people/me").await.expect(200);
    client.post("/v1/api-tokens", json!({"name": "later"})).await.problem(401, "invalid-token");
    // Nor does the database take one of a session that has ended.
    let forged = sqlx::query(
        "INSERT INTO directory.api_tokens (id, person_id, session_id, name, token_hash, hint, created_at, version)
         SELECT gen_random_uuid(), person_id, id, 'x', sha256('x'), 'xxxx', now(), 1 FROM directory.sessions",
    );
    let error = forged.execute(&stage.resources.pool).await.unwrap_err();
    assert!(error.to_string().contains("whom the session"), "{error}");
    stage.close().await;
}

#[tokio::test]
async fn no_token_is_made_by_a_session_that_ends_meanwhile() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let (opened, client) = session(&stage, &owner).await;
    let making = join_all((0..4).map(|_| client.post("/v1/api-tokens", json!({"name": "x"}))));
    let path = path(&opened);
    let both = join(making, owner.delete(&path));
    let (made, ended) = stage.meeting("people", owner.id.uuid(), 5, both).await;
    ended.expect(204);
    assert!(made.iter().all(|answer| [201, 401].contains(&answer.status.as_u16())));
    stage.close().await;
}

#[tokio::test]
async fn whoever_is_deactivated_has_no_session() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let (_, client) = session(&stage, &owner).await;
    let deactivate = format!("/v1/people/{}/deactivate", owner.id);
    let (answer, events) = stage.events_of(stage.operator.act(&deactivate)).await;
    answer.expect(200);
    assert_eq!(events, ["person.deactivated", "api-token.revoked", "session.ended"]);
    assert_eq!(endings(&stage).await, ["person_deactivated"]);
    is_over(&client).await;
    let signing_in = stage.signing_in(&owner.email, PASSWORD);
    signing_in.act("/v1/sessions").await.problem(401, "sign-in-refused");
    stage.operator.act(&format!("/v1/people/{}/activate", owner.id)).await.expect(200);
    is_over(&client).await;
    signing_in.act("/v1/sessions").await.expect(201);
    stage.close().await;
}

#[tokio::test]
async fn a_sign_in_that_meets_a_deactivation_leaves_no_session() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let signing_in = stage.signing_in(&owner.email, PASSWORD);
    let deactivate = format!("/v1/people/{}/deactivate", owner.id);
    let opening = join_all((0..3).map(|_| signing_in.act("/v1/sessions")));
    let both = join(opening, stage.operator.act(&deactivate));
    let (opened, gone) = stage.meeting("people", owner.id.uuid(), 4, both).await;
    gone.expect(200);
    assert!(opened.iter().all(|answer| [201, 401].contains(&answer.status.as_u16())));
    let open: i64 =
        sqlx::query_scalar("SELECT count(*) FROM directory.sessions WHERE ended_at IS NULL")
            .fetch_one(&stage.resources.pool)
            .await
            .unwrap();
    assert_eq!(open, 0);
    stage.close().await;
}

#[tokio::test]
async fn what_a_session_is_stays_whatever_the_code_does() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let (opened, _) = session(&stage, &owner).await;
    owner.delete(&path(&opened)).await.expect(204);
    session(&stage, &owner).await;
    for change in [
        "ended_at = NULL WHERE ended_at IS NOT NULL",
        "last_used_at = now() WHERE ended_at IS NOT NULL",
        "expires_at = expires_at + interval '1 day'",
        "token_hash = sha256('other') WHERE ended_at IS NULL",
        "user_agent = 'another' WHERE ended_at IS NULL",
    ] {
        let sql = format!("UPDATE directory.sessions SET {change}");
        let refused = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&stage.resources.pool).await;
        assert!(refused.is_err(), "{change}");
    }
    stage.close().await;
}
