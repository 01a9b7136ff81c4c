//! People, and the first operator.

use directory::{AddOperatorError, NewOperator, add_first_operator};
use serde_json::{Value, json};

use crate::stage::{PASSWORD, Stage, settings};

#[tokio::test]
async fn operators_register_people_once() {
    let stage = Stage::set().await;
    let body = json!({"email": "New@Example.com", "name": "New", "password": PASSWORD});
    let (answer, events) = stage.events_of(stage.operator.post("/v1/people", &body)).await;
    assert_eq!(answer.expect(201).json["email"], "new@example.com");
    assert_eq!(events, ["person.registered"]);
    stage.operator.post("/v1/people", &body).await.problem(409, "email-taken");

    let other = stage.person("other").await;
    let (answer, events) = stage.events_of(other.post("/v1/people", &body)).await;
    answer.problem(403, "role-not-allowed");
    assert_eq!(events, ["access.refused"]);

    let wrong = json!({"email": "x", "name": " ", "password": "elevenchars"});
    stage.operator.post("/v1/people", &wrong).await.refuses_fields(&["email", "name", "password"]);
    stage.close().await;
}

#[tokio::test]
async fn people_see_themselves_and_their_colleagues() {
    let stage = Stage::set().await;
    let (owner, developer) = (stage.person("owner").await, stage.person("developer").await);
    let path = format!("/v1/people/{}", developer.id);
    assert_eq!(developer.get(&path).await.expect(200).json["name"], "developer");
    owner.get(&path).await.problem(404, "person-not-found");
    let members = format!("{}/members", owner.organization().await);
    let member = json!({"email": developer.email, "role": "developer"});
    stage.operator.post(&members, &member).await.expect(201);
    owner.get(&path).await.expect(200);
    let path = format!("/v1/people/{}", owner.id);
    developer.get(&path).await.expect(200);
    stage.operator.get(&path).await.expect(200);
    stage.close().await;
}

#[tokio::test]
async fn there_is_one_first_operator_unless_forced() {
    let stage = Stage::set().await;
    let new = |force| NewOperator {
        email: "second@example.com".into(),
        name: "Second".into(),
        password: None,
        force,
    };
    let (events, settings) = (&stage.resources.events, settings());
    let refused = add_first_operator(events, &settings, new(false), |_| Ok(())).await;
    assert!(matches!(refused, Err(AddOperatorError::OperatorExists)));
    let nobody_reads = |_: &_| Err(std::io::ErrorKind::BrokenPipe.into());
    let unseen = add_first_operator(events, &settings, new(true), nobody_reads).await;
    assert!(matches!(unseen, Err(AddOperatorError::NotShown(_))));
    // Nothing is left of that one.
    let (added, recorded) =
        stage.events_of(add_first_operator(events, &settings, new(true), |_| Ok(()))).await;
    added.unwrap();
    assert_eq!(recorded, ["person.registered", "api-token.created"]);
    let taken = add_first_operator(events, &settings, new(true), |_| Ok(())).await;
    assert!(matches!(taken, Err(AddOperatorError::EmailTaken)));
    stage.close().await;
}

#[tokio::test]
async fn no_event_has_personal_data_or_typed_text_in_it() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let organization = owner.organization().await;
    stage
        .operator
        .import("", "Secret Shop,advertiser,retail_media,A-1,owner@example.com,admin\n")
        .await
        .expect(200);
    let edit = json!({"name": "Renamed Typed", "description": "Described Typed"});
    owner.patch(&organization, &edit).await.expect(200);
    let envelopes: Vec<Vec<u8>> = sqlx::query_scalar("SELECT envelope FROM directory.events")
        .fetch_all(&stage.resources.pool)
        .await
        .unwrap();
    for envelope in envelopes {
        let text = String::from_utf8(envelope).unwrap();
        let typed = ["Example Apps", "example.com", "é", "Renamed Typed", "Described Typed"];
        for beside in ["@", "Secret Shop", "argon2", "mandate_pat_"].iter().chain(&typed) {
            assert!(!text.contains(beside), "{text}");
        }
    }
    let details: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT details FROM directory.details d JOIN directory.events e ON e.id = d.event_id ORDER BY seq",
    )
    .fetch_all(&stage.resources.pool)
    .await
    .unwrap();
    let details: Vec<Value> =
        details.iter().map(|details| serde_json::from_slice(details).unwrap()).collect();
    let names: Vec<_> = details.iter().map(|details| &details["name"]).collect();
    assert_eq!(names, ["Example Apps", "Renamed Typed"]);
    assert_eq!(details[1]["description"], "Described Typed");
    stage.close().await;
}
