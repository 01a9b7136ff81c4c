//! Whoever had a token for seconds, or is no longer to do anything, keeps nothing of it: on no replica.

use chrono::{DateTime, TimeDelta, Utc};
use contract::Environment;
use journeys::people::Person;
use journeys::system::System;
use serde_json::json;
use stage::{Addresses, Answer, Client};

async fn two() -> (System, [Addresses; 2]) {
    let mut system = System::start().await;
    let second = system.replica().await;
    let both = [system.addresses(), second];
    (system, both)
}

/// A token that this one makes: the answer, and a client with it.
async fn token(maker: &Client, name: &str) -> (Answer, Client) {
    let made = maker.post("/v1/api-tokens", json!({ "name": name })).await.expect(201);
    let client = maker.with_token(&made.field("token"));
    (made, client)
}

async fn opens_nothing(client: &Client, replicas: &[Addresses; 2]) {
    for replica in replicas {
        let client = client.at(replica.clone());
        for path in ["/v1/people/me", "/v1/apps", "/v1/events", "/v1/grants"] {
            client.get(path).await.problem(401, "invalid-token");
        }
    }
}

#[tokio::test]
async fn a_token_with_seconds_to_live_leaves_none_without_an_end() {
    let (system, replicas) = two().await;
    let operator = system.operator();
    let person: Person = operator.person("Victim").await;
    let end = Environment::system().now() + TimeDelta::minutes(5);
    let short = json!({ "name": "stolen", "expires_at": end });
    let made = person.post("/v1/api-tokens", short).await.expect(201);
    let stolen = person.with_token(&made.field("token"));

    let later = json!({ "name": "longer", "expires_at": end + TimeDelta::minutes(1) });
    stolen.post("/v1/api-tokens", later).await.refuses_fields(&["expires_at"]);
    let (child, chained) = token(&stolen, "without an end").await;
    let child_end: DateTime<Utc> = child.field("expires_at").parse().unwrap();
    assert!(child_end <= end, "{child_end} is later than {end}");
    let (grandchild, chained_on) = token(&chained, "and on").await;
    let grandchild_end: DateTime<Utc> = grandchild.field("expires_at").parse().unwrap();
    assert!(grandchild_end <= end, "{grandchild_end} is later than {end}");

    // Ending the one that was stolen ends what it made, on every replica at once.
    person.delete(&format!("/v1/api-tokens/{}", made.field("id"))).await.expect(204);
    for ended in [&stolen, &chained, &chained_on] {
        opens_nothing(ended, &replicas).await;
    }
    person.get("/v1/people/me").await.expect(200);
    system.stop().await;
}

#[tokio::test]
async fn whoever_is_deactivated_can_do_nothing_on_any_replica() {
    let (system, replicas) = two().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let developer = &organization.developer;
    let (_, second) = token(developer, "second").await;
    for replica in &replicas {
        second.at(replica.clone()).get("/v1/apps").await.expect(200);
    }
    operator.act(&format!("/v1/people/{}/deactivate", developer.id)).await.expect(200);
    opens_nothing(&second, &replicas).await;
    opens_nothing(developer, &replicas).await;
    for replica in &replicas {
        let signing_in = system.anonymous().at(replica.clone());
        let signing_in = signing_in.with_password(&developer.email, journeys::people::PASSWORD);
        let refused = signing_in.post("/v1/api-tokens", json!({ "name": "anew" })).await;
        refused.problem(401, "sign-in-refused");
    }
    system.stop().await;
}

#[tokio::test]
async fn whose_right_to_operate_was_taken_away_operates_on_no_replica() {
    let (system, replicas) = two().await;
    let operator = system.operator();
    let (email, password) = ("second@people.example", journeys::people::PASSWORD);
    let new = json!({ "email": email, "name": "Second", "password": password, "operator": true });
    let id = operator.post("/v1/people", new).await.expect(201).field("id");
    let (_, second) = token(&system.anonymous().with_password(email, password), "second").await;
    second.get("/v1/events").await.expect(200);
    operator.act(&format!("/v1/people/{id}/revoke-operator")).await.expect(200);
    for replica in &replicas {
        let second = second.at(replica.clone());
        second.get("/v1/events").await.problem(403, "role-not-allowed");
        let another = json!({ "email": "x@people.example", "name": "X", "password": password });
        second.post("/v1/people", another).await.problem(403, "role-not-allowed");
    }
    system.stop().await;
}
