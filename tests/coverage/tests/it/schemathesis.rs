//! Schemathesis makes up requests from the document, right and wrong ones, and looks whether each
//! answer is one that the document promises and none a server error.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::Duration;

use coverage::promise::Promise;
use journeys::system::System;
use local_servers::testing::{MailServer, MailServerOptions, Schemathesis};
use stage::{Addresses, Client};
use tempfile::TempDir;
use tokio::process::Command;

use crate::cast::{Cast, Who};
use crate::system;
use crate::table;

/// So many requests are made up for an operation in the last phase.
const EXAMPLES: &str = "10";
/// The same requests each time; those with ids differ, because the ids do.
const SEED: &str = "20";
/// How long a run may take before it is taken to hang. It takes a quarter of a minute on a machine with nothing else
/// to do.
const PATIENCE: Duration = Duration::from_mins(10);
/// What is looked at.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";

#[tokio::test]
async fn schemathesis_finds_no_server_error_and_no_answer_outside_the_document() {
    let mail = MailServer::start(&MailServerOptions::default());
    let system = System::configured(&system::settings(&mail)).await;
    let cast = Cast::assemble(&system, mail).await;
    let (made_up, real) = tokio::join!(
        try_out(&system, everything_made_up(&cast)),
        try_out(&system, about_real_things(&system, &cast).await),
    );
    println!("{made_up}\n{real}");
    system.stop().await;
}

/// By an operator, about things that are not there.
fn everything_made_up(cast: &Cast) -> String {
    format!("[headers]\nAuthorization = {:?}\n", credentials(cast, Who::Operator))
}

/// Each operation by somebody who may call it, about something that is there.
async fn about_real_things(system: &System, cast: &Cast) -> String {
    let operations = system::document(system).await.operations().unwrap();
    let mut text = String::new();
    for entry in table::entries() {
        let who = caller(&operations[entry.id].promise);
        let call = (entry.make)(cast, who).await;
        let authorization = match &call.by {
            Some((caller, _)) => authorization(caller),
            None => Some(credentials(cast, who)),
        };
        writeln!(text, "[[operations]]\ninclude-operation-id = {:?}", entry.id).unwrap();
        if let Some(authorization) = authorization {
            writeln!(text, "headers = {{ Authorization = {authorization:?} }}").unwrap();
        }
        let given: Vec<String> = call
            .given()
            .map(|(place, name, value)| format!("\"{place}.{name}\" = {value:?}"))
            .collect();
        writeln!(text, "parameters = {{ {} }}", given.join(", ")).unwrap();
    }
    text
}

/// Somebody who may call it.
fn caller(promise: &Promise) -> Who {
    let likely = [Who::Owner, Who::Holder("admin"), Who::Operator, Who::App, Who::Holder("viewer")];
    let mut allowed = likely.into_iter().filter(|who| who.is_named(promise));
    allowed.next().unwrap()
}

fn credentials(cast: &Cast, who: Who) -> String {
    authorization(&cast.client(who)).unwrap()
}

/// The header that proves who a caller is; none of somebody who is nobody yet.
fn authorization(caller: &Client) -> Option<String> {
    caller.authorization().map(str::to_owned)
}

/// Runs it with this configuration; what it says of its work, if it finds nothing wrong.
async fn try_out(system: &System, configuration: String) -> String {
    // Its own notes go where it runs.
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("schemathesis.toml");
    std::fs::write(&file, configuration).unwrap();
    let Addresses::One(address) = system.addresses() else {
        panic!("the system is behind one address");
    };
    let tool = Schemathesis::provide().unwrap_or_else(|error| panic!("{error}"));
    let mut command = Command::from(tool.command());
    command
        .args(["run", &format!("{address}/openapi.json")])
        .args(["--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", EXAMPLES, "--seed", SEED])
        .args(["--checks", CHECKS, "--continue-on-failure"])
        .args(["--no-color", "--output-truncate", "false"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output())
        .await
        .unwrap_or_else(|_| panic!("Schemathesis took longer than {} s", PATIENCE.as_secs()))
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let beside = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{beside}");
    let report = said.find("= WARNINGS =").unwrap_or_default();
    said[report..].to_owned()
}
