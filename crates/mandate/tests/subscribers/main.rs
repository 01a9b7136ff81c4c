//! `mandate subscribers`: what a subscriber can do on NATS, and what it cannot.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod installation;
mod reader;

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use installation::Installation;
use local_servers::testing;
use reader::{Reader, ids};
use serde_json::Value;
use stage::eventually;

const GRANTED: &str = "mandate.consent.granted.v1";

#[tokio::test]
async fn a_subscriber_reads_its_organizations_consents_and_can_do_nothing_else() {
    let system = Installation::start().await;
    let (ours, theirs) = (system.organization(), system.another_organization().await);
    let credentials = system.add("billing", &ours, "consent.granted");
    let other = system.add("other", &theirs, "consent.granted,consent.revoked");
    system.consent(&theirs).await;
    system.consent(&ours).await;

    let reader = Reader::connect(&credentials).await.unwrap();
    let events = reader.read_until(2).await;
    assert_eq!(ids(&events).len(), 2);
    for event in &events {
        assert_eq!(event["type"], GRANTED);
        assert_eq!(event["organization"], ours);
    }

    // The server answers with its own rights, wherever the asker says. An empty answer to the
    // second of these would delete the stream.
    let before = stream(&system, &credentials.url).await;
    for subject in [
        "$JS.API.STREAM.PURGE.EVENTS",
        "$JS.API.STREAM.DELETE.EVENTS",
        &format!("mandate.events.{theirs}.consent.granted.forged"),
    ] {
        reader.have_answered_at(subject).await;
    }
    assert!(reader.read().await.is_empty());
    assert_eq!(stream(&system, &credentials.url).await, before);

    let event = format!("mandate.events.{ours}.consent.granted.x");
    for subject in [
        event.as_str(),
        "mandate.audit.directory",
        "mandate.rpc.directory.authenticate",
        "_INBOX.directory.x",
        "$JS.API.CONSUMER.MSG.NEXT.EVENTS.subscriber-other",
        "$JS.API.CONSUMER.MSG.NEXT.EVENTS.audit",
        "$JS.API.CONSUMER.MSG.NEXT.AUDIT.audit",
        "$JS.API.CONSUMER.INFO.EVENTS.subscriber-billing",
        "$JS.API.CONSUMER.CREATE.EVENTS",
        "$JS.API.CONSUMER.CREATE.EVENTS.mine.mandate.events.x",
        "$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.mine",
        "$JS.API.CONSUMER.DELETE.EVENTS.subscriber-billing",
        "$JS.API.CONSUMER.NAMES.EVENTS",
        "$JS.API.STREAM.MSG.GET.EVENTS",
        "$JS.API.DIRECT.GET.EVENTS",
        "$JS.API.STREAM.INFO.EVENTS",
        "$JS.API.STREAM.CREATE.MINE",
        "$JS.API.STREAM.PURGE.EVENTS",
        "$JS.API.STREAM.DELETE.EVENTS",
        "$JS.ACK.EVENTS.subscriber-other.1.1.1.1.0",
    ] {
        reader.is_refused_to_publish(subject).await;
    }
    for subject in [
        ">",
        "mandate.events.>",
        &event,
        "mandate.audit.>",
        "mandate.rpc.>",
        "$SRV.>",
        "$JS.>",
        "_INBOX.>",
        "_INBOX.subscriber-other.>",
    ] {
        reader.is_refused_to_subscribe(subject).await;
    }
    let other = Reader::connect(&other).await.unwrap();
    assert_eq!(other.read_until(1).await[0]["organization"], theirs);
}

/// When the stream of events was made, its first message and those under a forged subject, as the
/// directory sees it.
async fn stream(system: &Installation, url: &str) -> [Value; 3] {
    let directory = Reader::connect(&system.service("directory", url)).await.unwrap();
    let question = r#"{"subjects_filter":"mandate.events.*.*.*.forged"}"#;
    let answer =
        directory.client.request("$JS.API.STREAM.INFO.EVENTS", question.into()).await.unwrap();
    let info: Value = serde_json::from_slice(&answer.payload).unwrap();
    assert!(info["created"].is_string(), "{info}");
    let state = &info["state"];
    [&info["created"], &state["first_seq"], &state["subjects"]].map(Value::clone)
}

#[tokio::test]
async fn whatever_nats_loses_a_subscriber_gets_every_event() {
    let mut system = Installation::start().await;
    let organization = system.organization();
    let credentials = system.add("billing", &organization, "consent.granted");
    let reader = Reader::connect(&credentials).await.unwrap();
    let before = ids(&reader.read_until(1).await);

    let notifier = Reader::connect(&system.service("notifier", &credentials.url)).await.unwrap();
    let consumer = "$JS.API.CONSUMER.DELETE.EVENTS.subscriber-billing";
    notifier.client.request(consumer, "".into()).await.unwrap();
    system.consent(&organization).await;
    let all = ids(&reader.read_until(2).await);
    assert!(all.is_superset(&before), "{all:?} {before:?}");

    system.crash_and_lose_nats().await;
    // It knows the login at once, although nobody added it to this run.
    let reader = Reader::connect(&credentials).await.unwrap();
    system.consent(&organization).await;
    let again = ids(&reader.read_until(3).await);
    assert!(again.is_superset(&all), "{again:?} {all:?}");
}

#[tokio::test]
async fn a_removed_subscriber_is_cut_off_and_its_name_is_not_used_again() {
    let system = Installation::start().await;
    let organization = system.organization();
    let credentials = system.add("billing", &organization, "consent.granted");
    let listed = system.subscribers(&["list"]).unwrap();
    assert!(listed.contains("billing") && listed.contains(&organization), "{listed}");
    let again = ["add", "billing", "--organization", &organization, "--events", "app.created"];
    assert!(system.subscribers(&again).unwrap_err().contains("choose another"));

    let reader = Reader::connect(&credentials).await.unwrap();
    system.subscribers(&["remove", "billing"]).unwrap();
    eventually("the connection is cut", async || {
        use async_nats::connection::State;
        match reader.client.connection_state() {
            State::Connected => Err("connected".to_owned()),
            _ => Ok(()),
        }
    })
    .await;
    assert!(Reader::connect(&credentials).await.is_err());
    let notifier = Reader::connect(&system.service("notifier", &credentials.url)).await.unwrap();
    eventually("its consumer is deleted", async || {
        let question = "$JS.API.CONSUMER.NAMES.EVENTS";
        // Nobody answers in the moment in which the server reads its configuration anew.
        let answer = notifier.client.request(question, "".into()).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let names = String::from_utf8_lossy(&answer.payload).into_owned();
        if names.contains("subscriber-billing") { Err(names) } else { Ok(()) }
    })
    .await;
    assert_eq!(system.subscribers(&["list"]).unwrap(), "");
    assert!(system.subscribers(&["remove", "billing"]).unwrap_err().contains("no subscriber"));
    assert!(system.subscribers(&again).unwrap_err().contains("choose another"));
}

#[tokio::test]
async fn the_program_in_the_documentation_reads_events() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/subscribing.md");
    let text = std::fs::read_to_string(file).unwrap();
    let (_, rest) = text.split_once("```python\n").unwrap();
    let (program, _) = rest.split_once("```").unwrap();
    let client = testing::python_client().unwrap();
    assert!(text.contains(&format!("pip install {}", client.requirement)));

    let system = Installation::start().await;
    let organization = system.organization();
    let credentials = system.add("billing", &organization, "consent.granted,consent.revoked");
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("output");
    let mut running = Command::new(&client.python)
        .args(["-c", program])
        .env("PYTHONPATH", &client.path)
        .env("NATS_URL", &credentials.url)
        .env("NATS_USER", &credentials.user)
        .env("NATS_PASSWORD", &credentials.password)
        .stdin(Stdio::null())
        .stdout(File::create(&output).unwrap())
        .spawn()
        .unwrap();
    system.consent(&organization).await;
    eventually("the program prints both events", async || {
        let printed = std::fs::read_to_string(&output).unwrap();
        let ended = running.try_wait().unwrap();
        assert!(ended.is_none(), "it ended: {ended:?} {printed}");
        if printed.matches(GRANTED).count() == 2 { Ok(()) } else { Err(printed) }
    })
    .await;
    running.kill().unwrap();
    running.wait().unwrap();
}
