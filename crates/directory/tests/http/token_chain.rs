//! Tokens that tokens make: each ends no later than the one that made it, and with it.

use chrono::Duration;
use contract::environment::Clock as _;
use futures::future::join;
use serde_json::{Value, json};
use stage::Client;

use crate::stage::{PASSWORD, Person, Stage};

/// A token made by this caller: its record, and a client with it.
async fn token(maker: &Client, name: &str) -> (Value, Client) {
    let made = maker.post("/v1/api-tokens", json!({"name": name})).await.expect(201).json;
    let client = maker.with_token(made["token"].as_str().unwrap());
    (made, client)
}

fn path(record: &Value) -> String {
    format!("/v1/api-tokens/{}", record["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_token_with_seconds_to_live_makes_none_that_lives_longer() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let end = stage.clock.now() + Duration::seconds(8);
    let short = json!({"name": "short", "expires_at": end});
    let made = owner.post("/v1/api-tokens", &short).await.expect(201).json;
    let short = owner.with_token(made["token"].as_str().unwrap());

    let longer = json!({"name": "longer", "expires_at": end + Duration::seconds(1)});
    short.post("/v1/api-tokens", &longer).await.refuses_fields(&["expires_at"]);
    let (child, child_client) = token(&short, "child").await;
    assert_eq!((&child["expires_at"], &child["parent_id"]), (&made["expires_at"], &made["id"]));
    let (_, grandchild) = token(&child_client, "grandchild").await;
    grandchild.get("/v1/people/me").await.expect(200);

    stage.clock.advance(Duration::seconds(8));
    for ended in [&short, &child_client, &grandchild] {
        ended.get("/v1/people/me").await.problem(401, "invalid-token");
    }
    stage.close().await;
}

#[tokio::test]
async fn no_token_lives_longer_than_the_longest_life() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let basic = stage.signing_in(&owner.email, PASSWORD);
    let last = stage.clock.now() + Duration::days(365);
    let longer = json!({"name": "longer", "expires_at": last + Duration::seconds(1)});
    let refused = basic.post("/v1/api-tokens", &longer).await;
    refused.refuses_fields(&["expires_at"]);
    assert!(refused.text().contains("is more than 365 days away"), "{}", refused.text());
    let (made, client) = token(&basic, "without an end").await;
    assert_eq!(made["parent_id"], json!(null));
    client.get("/v1/people/me").await.expect(200);
    stage.clock.advance(Duration::days(365));
    client.get("/v1/people/me").await.problem(401, "invalid-token");
    stage.close().await;
}

#[tokio::test]
async fn whatever_a_token_made_ends_with_it() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let basic = stage.signing_in(&owner.email, PASSWORD);
    let (root, root_client) = token(&basic, "root").await;
    let (_, child) = token(&root_client, "child").await;
    let (leaf, leaf_client) = token(&child, "grandchild").await;
    let (_, other) = token(&basic, "other").await;

    let (answer, events) = stage.events_of(other.delete(&path(&root))).await;
    answer.expect(204);
    assert_eq!(events, ["api-token.revoked"; 3]);
    for ended in [&root_client, &child, &leaf_client] {
        ended.get("/v1/people/me").await.problem(401, "invalid-token");
    }
    let (answer, events) = stage.events_of(other.delete(&path(&leaf))).await;
    answer.expect(204);
    assert!(events.is_empty(), "it has ended: {events:?}");
    let because: Vec<Value> = facts(&stage, "mandate.api-token.revoked.v1").await;
    let because: Vec<_> = because.iter().map(|fact| fact["because"].as_str().unwrap()).collect();
    assert_eq!(because, ["requested", "parent_revoked", "parent_revoked"]);
    stage.close().await;
}

#[tokio::test]
async fn a_person_sees_all_their_tokens_and_ends_them_by_one_call() {
    let stage = Stage::set().await;
    let (owner, other) = (stage.person("owner").await, stage.person("other").await);
    let (child, child_client) = token(&owner, "child").await;
    let (_, grandchild) = token(&child_client, "grandchild").await;
    let listed = owner.get("/v1/api-tokens").await.expect(200).json;
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    assert!(items.iter().any(|token| token["parent_id"] == child["id"]), "{listed}");

    let (answer, events) = stage.events_of(grandchild.delete("/v1/api-tokens")).await;
    answer.expect(204);
    assert_eq!(events, ["api-token.revoked"; 3]);
    for ended in [&owner, &child_client, &grandchild] {
        ended.get("/v1/people/me").await.problem(401, "invalid-token");
    }
    other.get("/v1/people/me").await.expect(200);
    let (_, anew) = token(&stage.signing_in(&owner.email, PASSWORD), "anew").await;
    anew.get("/v1/people/me").await.expect(200);
    stage.close().await;
}

#[tokio::test]
async fn nobody_has_any_number_of_tokens() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let second = token(&owner, "second").await.0;
    for name in ["third", "fourth", "fifth"] {
        token(&owner, name).await;
    }
    let sixth = json!({"name": "sixth"});
    owner.post("/v1/api-tokens", &sixth).await.problem(409, "too-many-api-tokens");
    owner.delete(&path(&second)).await.expect(204);
    owner.post("/v1/api-tokens", &sixth).await.expect(201);
    stage.close().await;
}

/// Both at once, and in whichever order they are carried out: what was made does not outlive its maker.
async fn nothing_is_left(stage: &Stage, owner: &Person, ending: impl Future<Output = u16>) {
    let making = async { owner.post("/v1/api-tokens", json!({"name": "late"})).await };
    let (made, ended) = stage.meeting("people", owner.id.uuid(), 2, join(making, ending)).await;
    assert!(ended == 200 || ended == 204, "{ended}");
    owner.get("/v1/people/me").await.problem(401, "invalid-token");
    if made.status == 201 {
        let late = owner.with_token(&made.field("token"));
        late.get("/v1/people/me").await.problem(401, "invalid-token");
    } else {
        made.problem(401, "invalid-token");
    }
}

#[tokio::test]
async fn a_token_that_is_made_while_its_maker_ends_ends_too() {
    let stage = Stage::set().await;
    for round in 0..4 {
        let owner = stage.person(&format!("owner-{round}")).await;
        let mine = owner.get("/v1/api-tokens").await.expect(200).json;
        let mine = path(&mine["items"][0]);
        let ending = async { stage.operator.delete(&mine).await.status.as_u16() };
        Box::pin(nothing_is_left(&stage, &owner, ending)).await;
    }
    stage.close().await;
}

#[tokio::test]
async fn a_token_that_is_made_while_its_person_is_deactivated_opens_nothing() {
    let stage = Stage::set().await;
    for round in 0..4 {
        let owner = stage.person(&format!("owner-{round}")).await;
        let path = format!("/v1/people/{}/deactivate", owner.id);
        let ending = async { stage.operator.act(&path).await.status.as_u16() };
        Box::pin(nothing_is_left(&stage, &owner, ending)).await;
    }
    stage.close().await;
}

#[tokio::test]
async fn the_database_lets_no_token_outlive_its_maker() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let copy = "INSERT INTO directory.api_tokens
                    (id, person_id, parent_id, name, token_hash, hint, created_at, expires_at, version)
                SELECT gen_random_uuid(), person_id, id, name, sha256('x'), hint, created_at,
                       expires_at + interval '1 second', 1
                FROM directory.api_tokens WHERE person_id = $1";
    let query = sqlx::query(copy).bind(owner.id.uuid());
    let error = query.execute(&stage.resources.pool).await.unwrap_err();
    assert!(error.to_string().contains("ends no later"), "{error}");
    stage.close().await;
}

#[tokio::test]
async fn a_context_names_the_credential_that_was_used() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let mine = owner.get("/v1/api-tokens").await.expect(200).json;
    owner.organization().await;
    let contexts: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT context FROM directory.contexts c JOIN directory.events e ON e.id = c.event_id
         WHERE type IN ('mandate.organization.created.v1', 'mandate.sign-in.accepted.v1') ORDER BY seq",
    )
    .fetch_all(&stage.resources.pool)
    .await
    .unwrap();
    let credentials: Vec<Value> = contexts
        .iter()
        .map(|context| serde_json::from_slice::<Value>(context).unwrap()["credential"].clone())
        .collect();
    let token = format!("api-token/{}", mine["items"][0]["id"].as_str().unwrap());
    assert_eq!(credentials, [json!(null), json!(token)], "a password is nothing that has an id");
    stage.close().await;
}

/// What the events of this type say, in the order of their recording.
pub(crate) async fn facts(stage: &Stage, kind: &str) -> Vec<Value> {
    let envelopes: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT envelope FROM directory.events WHERE type = $1 ORDER BY seq")
            .bind(kind)
            .fetch_all(&stage.resources.pool)
            .await
            .unwrap();
    envelopes
        .iter()
        .map(|envelope| serde_json::from_slice::<Value>(envelope).unwrap()["data"].clone())
        .collect()
}
