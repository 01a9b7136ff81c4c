//! Operators list people and look for some.

use chrono::Duration;
use serde_json::{Value, json};

use crate::stage::{PASSWORD, Stage};

/// Everybody whom this query finds, page by page.
async fn found(stage: &Stage, query: &str) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/people?limit=2{query}{cursor}");
        let page = stage.operator.get(&path).await.expect(200).json;
        let items = page["items"].as_array().unwrap();
        names.extend(items.iter().map(|person| person["name"].as_str().unwrap().to_owned()));
        match &page["next_cursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            _ => return names,
        }
    }
}

#[tokio::test]
async fn people_are_found_by_the_beginning_of_their_email_or_name() {
    let stage = Stage::set().await;
    for (email, name) in [
        ("zoe@example.com", "Ada Lovelace"),
        ("ada@example.com", "ada"),
        ("adam@example.com", "Adam"),
        ("a_b@example.com", "100% Percent"),
        ("azb@example.com", "Ada Lovelace"),
    ] {
        stage.clock.advance(Duration::seconds(1));
        let new = json!({"email": email, "name": name, "password": PASSWORD});
        stage.operator.post("/v1/people", new).await.expect(201);
    }
    let all = ["Operator", "Ada Lovelace", "ada", "Adam", "100% Percent", "Ada Lovelace"];
    assert_eq!(found(&stage, "").await, all);
    for (query, names) in [
        ("&name=ADA", &["ada", "Ada Lovelace", "Ada Lovelace", "Adam"][..]),
        ("&name=ada%20l", &["Ada Lovelace", "Ada Lovelace"]),
        ("&name=love", &[]),
        ("&name=100%25", &["100% Percent"]),
        ("&name=%25", &[]),
        ("&email=Ada", &["ada", "Adam"]),
        ("&email=ada%40example.com", &["ada"]),
        // No character stands for another.
        ("&email=a_", &["100% Percent"]),
        ("&email=example", &[]),
    ] {
        assert_eq!(found(&stage, query).await, names, "{query}");
    }
    for wrong in
        ["name=", "name=a&email=b", "email=%20", "who=ada", "cursor=x", "limit=0", "limit=201"]
    {
        stage.operator.get(&format!("/v1/people?{wrong}")).await.expect(422);
    }
    stage.close().await;
}

#[tokio::test]
async fn only_operators_look_for_people() {
    let stage = Stage::set().await;
    let person = stage.person("person").await;
    let (answer, events) = stage.events_of(person.get("/v1/people?name=operator")).await;
    answer.problem(403, "role-not-allowed");
    assert_eq!(events, ["access.refused"]);
    stage.anonymous().get("/v1/people").await.problem(401, "unauthenticated");
    stage.close().await;
}
