//! Sessions that should be over, and tokens of sessions where they do not belong, at two replicas.

use journeys::people::{PASSWORD, Person};
use journeys::system::System;
use serde_json::json;
use sqlx::PgPool;
use stage::{Addresses, Client, Method, Request};

/// Every way in, at both replicas: of the directory itself, and of a service that asks it.
async fn is_over(session: &Person, replicas: &[Addresses]) {
    for replica in replicas {
        let there = session.at(replica.clone());
        for path in ["/v1/people/me", "/v1/apps", "/v1/grants", "/v1/events", "/v1/sessions"] {
            there.get(path).await.problem(401, "invalid-token");
        }
        let token = json!({ "name": "kept" });
        there.post("/v1/api-tokens", token).await.problem(401, "invalid-token");
    }
}

async fn goes_on(session: &Person, replicas: &[Addresses]) {
    for replica in replicas {
        let there = session.at(replica.clone());
        for path in ["/v1/people/me", "/v1/apps", "/v1/grants"] {
            there.get(path).await.expect(200);
        }
    }
}

async fn two() -> (System, [Addresses; 2]) {
    let mut system = System::start().await;
    let second = system.replica().await;
    let both = [system.addresses(), second];
    (system, both)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_ended_at_one_replica_opens_nothing_at_another_from_the_next_request_on() {
    let (system, replicas) = two().await;
    let operator = system.operator();
    let person = operator.person("Guest").await;
    let at_second = |session: &Person| session.at(replicas[1].clone());

    let (id, session) = person.session().await;
    goes_on(&session, &replicas).await;
    at_second(&session).delete(&format!("/v1/sessions/{id}")).await.expect(204);
    is_over(&session, &replicas).await;

    // By whoever changes the password, all but theirs.
    let (_, first) = person.session().await;
    let (_, second) = person.session().await;
    let change = json!({ "current_password": PASSWORD, "new_password": "another battery staple" });
    at_second(&second).put("/v1/people/me/password", change).await.expect(204);
    is_over(&first, &replicas).await;
    goes_on(&second, &replicas).await;
    let with_the_old = system.anonymous().with_password(&person.email, PASSWORD);
    with_the_old.act("/v1/sessions").await.problem(401, "sign-in-refused");

    // With the person, who does not get it back.
    let path = format!("/v1/people/{}", person.id);
    operator.at(replicas[1].clone()).act(&format!("{path}/deactivate")).await.expect(200);
    is_over(&second, &replicas).await;
    operator.act(&format!("{path}/activate")).await.expect(200);
    is_over(&second, &replicas).await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_nobody_used_or_that_is_too_old_opens_nothing() {
    let (system, replicas) = two().await;
    let database = PgPool::connect(&system.servers.database.url).await.unwrap();
    let person = system.operator().person("Guest").await;
    let (id, idle) = person.session().await;
    let (_, other) = person.session().await;
    goes_on(&idle, &replicas).await;
    // The clock of these processes is that of the machine: the past is moved instead.
    let moved = "UPDATE directory.sessions SET last_used_at = now() - interval '8 hours' WHERE id = $1::uuid";
    sqlx::query(moved).bind(&id).execute(&database).await.unwrap();
    is_over(&idle, &replicas).await;
    goes_on(&other, &replicas).await;
    // Nobody can give a session another end.
    for change in ["expires_at = now()", "expires_at = now() + interval '1 year'"] {
        let sql = format!("UPDATE directory.sessions SET {change}");
        assert!(sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&database).await.is_err());
    }
    database.close().await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sessions_token_counts_only_as_what_it_is() {
    let (system, _replicas) = two().await;
    let operator = system.operator();
    let person = operator.person("Guest").await;
    let (id, session) = person.session().await;
    let token = session.authorization().unwrap().trim_start_matches("Bearer ").to_owned();
    let anyone = system.anonymous();
    let me = |client: &Client| client.request(Method::GET, "/v1/people/me");
    let refused = async |request: Request| request.send().await.expect(401);

    // In no cookie, no other scheme, no parameter, no other spelling.
    refused(me(&anyone).header("cookie", &format!("session={token}; __Host-session={token}")))
        .await;
    refused(me(&anyone.with_password(&token, ""))).await;
    refused(me(&anyone.with_authorization(&token))).await;
    let in_query = anyone.get(&format!("/v1/people/me?access_token={token}")).await;
    in_query.problem(422, "invalid-request");
    let random = token.trim_start_matches("mandate_ses_");
    for other in [
        format!("mandate_pat_{random}"),
        format!("MANDATE_SES_{random}"),
        format!("{token}="),
        id.clone(),
    ] {
        refused(me(&anyone.with_token(&other))).await;
    }
    // It is no app's access token, and opens no other session.
    session.get("/v1/me/accounts").await.expect(401);
    session.act("/v1/sessions").await.problem(401, "unauthenticated");
    let by_basic = anyone.with_password(&person.email, &token);
    by_basic.act("/v1/sessions").await.problem(401, "sign-in-refused");

    // What it made is its person's: it goes on after the session, and ends with all others.
    let made = session.post("/v1/api-tokens", json!({ "name": "laptop" })).await.expect(201);
    let with_token = anyone.with_token(&made.field("token"));
    session.delete(&format!("/v1/sessions/{id}")).await.expect(204);
    with_token.get("/v1/people/me").await.expect(200);
    person.delete("/v1/api-tokens").await.expect(204);
    with_token.get("/v1/people/me").await.problem(401, "invalid-token");
    system.stop().await;
}
