//! Hostile input against a running system, byte for byte: each input of the [`table`] gets the answer
//! that stands there, each limit holds, and afterwards the system is as well as before and has logged
//! no secret.
//!
//! `docs/hostile-input.md` shows the table; `MANDATE_TEST_WRITE_DOCS=1` writes it anew.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod contents;
mod document;
mod images;
mod limits;
mod questions;
mod requests;
mod row;
mod system;
mod table;
mod wire;

use serde_json::json;

use crate::row::{Answer, With};
use crate::system::System;
use crate::table::rows;
use crate::wire::{Reply, Wire, exchange};

#[tokio::test]
async fn every_hostile_input_gets_its_answer_and_changes_nothing_else() {
    let system = System::start().await;
    let draft = draft(&system).await;
    let mut wrong = Vec::new();
    for row in rows(&With::demo(&system.demo, draft)) {
        let reply = exchange(system.address, &row.bytes).await;
        let answer = answer(&reply, row.answer);
        if answer != row.answer {
            wrong.push(format!(
                "{}: {}: {answer:?}, not {:?}; {}",
                row.group,
                row.input,
                row.answer,
                reply.json()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    questions::garbage_is_refused(&system).await;
    limits::hold(&system).await;

    let ready = exchange(system.address, &Wire::new("GET /readyz").bytes()).await;
    assert_eq!(ready.status, Some(200), "{:?}", ready.json());
    let log = system.log();
    assert!(log.contains("DEBUG"), "all that is ever logged was logged");
    for secret in system.secrets() {
        let line = log.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "a secret was logged");
    }
    let told = |line: &&str| line.contains(" ERROR ") || line.contains("panicked");
    assert_eq!(log.lines().find(told), None);
}

/// An app that can still be changed.
async fn draft(system: &System) -> String {
    let with = With::demo(&system.demo, String::new());
    let body = json!({"organization_id": with.organization, "name": "draft", "authentication_method": "client_credentials"});
    let request = Wire::new("POST /v1/apps").token(&with.owner).json(body.to_string());
    let made = exchange(system.address, &request.bytes()).await;
    made.json()["id"].as_str().unwrap().to_owned()
}

/// What came back, in the words of the table.
fn answer(reply: &Reply, expected: Answer) -> Answer {
    let Some(status) = reply.status else {
        return Answer::Closed;
    };
    let json = reply.json();
    let same = |text: &'static str, found: Option<&str>| {
        if found == Some(text) { text } else { "another" }
    };
    match expected {
        Answer::Problem(_, slug) => {
            let found =
                json["type"].as_str().and_then(|kind| kind.strip_prefix("urn:mandate:problem:"));
            Answer::Problem(status, same(slug, found))
        }
        Answer::Field(field) if status == 422 => {
            Answer::Field(same(field, json["errors"][0]["field"].as_str()))
        }
        Answer::OAuth(_, error) => Answer::OAuth(status, same(error, json["error"].as_str())),
        Answer::Bare(_) => Answer::Bare(status),
        Answer::Page(_) if reply.is_page() => Answer::Page(status),
        Answer::Taken(_) | Answer::Page(_) | Answer::Field(_) | Answer::Closed => {
            Answer::Taken(status)
        }
    }
}
