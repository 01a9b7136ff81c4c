//! A token for auditors of the whole log, at every operation of the document.

use coverage::document::Operation;
use journeys::system::System;
use local_servers::testing::{MailServer, MailServerOptions};
use serde_json::json;
use stage::{Answer, Client};

use crate::cast::{Cast, Who};
use crate::system::{document, settings};
use crate::table::{self, Entry};

/// What it opens.
const OPEN: [&str; 5] =
    ["findEventPlaces", "getCompleteness", "getEvent", "getEventProof", "listEvents"];

/// What anyone may call, and who is signed in calls as who they are: in an operator's name, with that token.
const OPTIONALLY_SIGNED_IN: [&str; 1] = ["acceptInvitation"];

#[tokio::test]
async fn a_token_for_auditors_reads_the_log_and_opens_nothing_else() {
    let mail = MailServer::start(&MailServerOptions::default());
    let system = System::configured(&settings(&mail)).await;
    let operations = document(&system).await.operations().unwrap();
    let cast = Cast::assemble(&system, mail).await;
    let wanted = json!({ "name": "auditor", "scope": "audit-log" });
    let made = cast.operator.post("/v1/api-tokens", wanted).await.expect(201);
    let auditor = cast.anonymous.with_token(&made.field("token"));

    let (mut open, mut faults) = (Vec::new(), Vec::new());
    for entry in table::entries() {
        let operation = &operations[entry.id];
        let answer = asked(&cast, &auditor, operation, &entry).await;
        match answer.status.as_u16() {
            200 if OPEN.contains(&entry.id) => open.push(entry.id),
            // Of those that prove themselves otherwise, or not at all, some do not look at the token.
            401 if !is_for_tokens(operation) => {}
            _ if operation.promise.allows_anyone() && !OPTIONALLY_SIGNED_IN.contains(&entry.id) => {
            }
            403 if answer.json["type"] == "urn:mandate:problem:insufficient-scope" => {}
            _ => faults.push(format!("{answer:?}")),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    open.sort_unstable();
    assert_eq!(open, OPEN);
    auditor.get("/audit/log/tile/entries/000.p/1").await.expect(200);
    system.stop().await;
}

/// A call that would succeed for whoever may make it, made with this token.
async fn asked(cast: &Cast, auditor: &Client, operation: &Operation, entry: &Entry) -> Answer {
    let may = Who::all().find(|who| who.is_named(&operation.promise)).expect("somebody may");
    let call = (entry.make)(cast, may).await;
    call.send(auditor, operation).await
}

/// Whether API tokens prove who calls it, and nothing else does.
fn is_for_tokens(operation: &Operation) -> bool {
    operation.promise.is_for_people() && operation.id != "createSession"
}
