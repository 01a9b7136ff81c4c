//! Logs that were well signed, and have entries that they should not have.

use contract::envelope::{Commitments, EventHeader};
use contract::facts::LogContinued;
use contract::{Envelope, Environment, LogId, Provenance, Service, Version};

use crate::log::{Log, event, events};

fn with(change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Log {
    let mut entries = events(1000);
    change(&mut entries);
    Log::of(entries)
}

#[test]
fn an_event_that_was_never_logged_is_a_hole_in_its_stream() {
    // Entry 401 is version 11 of the first stream.
    let log = with(|entries| drop(entries.remove(400)));
    let said = log.verify(&[]);
    said.is(
        5,
        &[
            "ok      tree",
            "entry 440 (index 439): it is version 12 of app/",
            "version 11 is missing",
        ],
    );
    assert_eq!(said.text.matches("FAILED").count(), 1, "{}", said.text);
    let log = with(|entries| drop(entries.remove(0)));
    log.verify(&[])
        .is(5, &["entry 40 (index 39): it is version 2 of app/", "version 1 is missing"]);
}

#[test]
fn an_event_that_is_there_twice_is_named_with_both_its_places() {
    let log = with(|entries| entries.insert(700, entries[20].clone()));
    log.verify(&[]).is(
        5,
        &[
            "entry 701 (index 700): it is version 1 of app/",
            "has come to version 17 already",
            "entry 701 (index 700): its event id ",
            "is that of entry 21 (index 20), too",
        ],
    );
    // Another event by the same id, at a place that is well.
    let log = with(|entries| {
        let id = |entry: &[u8]| {
            let event: serde_json::Value = serde_json::from_slice(entry).unwrap();
            event["id"].as_str().unwrap().to_owned()
        };
        let (old, new) = (id(&entries[500]), id(&entries[3]));
        let text = String::from_utf8(entries[500].clone()).unwrap();
        entries[500] = text.replace(&old, &new).into_bytes();
    });
    let said = log.verify(&[]);
    said.is(5, &["entry 501 (index 500): its event id ", "is that of entry 4 (index 3), too"]);
    assert_eq!(said.text.matches("FAILED").count(), 1, "{}", said.text);
}

#[test]
fn what_comes_before_its_time_is_named() {
    let log = with(|entries| entries.swap(400, 440));
    let said = log.verify(&[]);
    said.is(
        5,
        &[
            "entry 401 (index 400): it is version 12 of",
            "entry 441 (index 440): it is version 11 of",
        ],
    );
}

#[test]
fn an_entry_that_is_no_event_is_named() {
    let other = String::from_utf8(event(1, 1)).unwrap();
    let spaced = other.replacen(':', ": ", 1);
    let twice = other.replacen('{', r#"{"actor":"anonymous","#, 1);
    let subject = other
        .replace("/00000000-0000-0000-0000-000000000002\"", "/00000000000000000000000000000002\"");
    assert_ne!(subject, other);
    for (bytes, why) in [
        ("{}", "it is no event: not a Mandate event"),
        ("", "it is no event: not a Mandate event"),
        (&spaced, "it is no event: it is not in canonical form"),
        (&twice, "it is no event"),
        (&subject, "it is no event: its subject"),
    ] {
        let log = with(|entries| entries.push(bytes.as_bytes().to_vec()));
        let said = log.verify(&[]);
        said.is(5, &["ok      tree", "entry 1001 (index 1000): ", why]);
        assert_eq!(said.text.matches("FAILED").count(), 1, "{}", said.text);
    }
}

#[test]
fn an_attribute_of_a_later_version_is_an_event_still() {
    let event = String::from_utf8(event(50, 1)).unwrap();
    let later = event.replacen(r#""type":"#, r#""traits":[1],"type":"#, 1);
    assert_ne!(later, event);
    Log::of(vec![later.into_bytes()]).verify(&[]).is(0, &[]);
}

#[test]
fn a_type_in_a_stream_of_another_kind_is_named_and_one_of_a_later_version_is_told() {
    let text = |stream, version| String::from_utf8(event(stream, version)).unwrap();
    let of_type =
        |text: String, name: &str| text.replace("mandate.app.suspended.v1", name).into_bytes();
    let wrong = of_type(text(50, 1), "mandate.key.revoked.v1");
    let later = of_type(text(50, 2), "mandate.app.frozen.v1");
    let log = Log::of(vec![wrong, later.clone()]);
    let named = "entry 1 (index 0): its type is `mandate.key.revoked.v1`, which belongs in a stream of key, not of app";
    let said = log.verify(&[]);
    said.is(5, &[named]);
    assert_eq!(said.text.matches("FAILED").count(), 1, "{}", said.text);
    // Written by a service that records no such events.
    let foreign = text(50, 1).replace("/mandate/app-registry", "/mandate/key-issuer");
    let log = Log::of(vec![foreign.into_bytes()]);
    log.verify(&[]).is(5, &["key-issuer records no events of app"]);
    let log = Log::of(vec![event(50, 1), later]);
    let said = log.verify(&[]);
    said.is(0, &["Note: this program does not know events of type mandate.app.frozen.v1 (1 here)"]);
    let json: serde_json::Value = serde_json::from_str(&log.verify(&["--json"]).text).unwrap();
    assert_eq!(json["notes"].as_array().unwrap().len(), 1, "{json}");
}

#[test]
fn of_many_kinds_that_are_unknown_the_first_are_named_and_the_rest_is_counted() {
    let letters = |number: u32| -> String {
        let digits = (0..4).map(|at| number / 26_u32.pow(at) % 26);
        digits.map(|digit| char::from_digit(digit + 10, 36).unwrap()).collect()
    };
    let one = String::from_utf8(event(50, 1)).unwrap();
    let id = |number: u32| format!("{number:08x}-0000-0000-0000-000000000002");
    let entry = |number: u32| {
        let own_id = &one[one.find("\"id\":\"").unwrap() + 6..][..36];
        let kind = letters(number);
        one.replace("mandate.app.suspended.v1", &format!("mandate.{kind}.suspended.v1"))
            .replace(own_id, &id(number))
            .replace("\"subject\":\"app/00000000", &format!("\"subject\":\"{kind}/{number:08x}"))
            .into_bytes()
    };
    let log = Log::of((0..3_000).map(entry).collect());
    log.verify(&[]).is(0, &["3000 streams have every version", "of type others (2980 here)"]);
}

/// The log goes on from another, of which so many entries were restored.
fn continued(restored_size: u64) -> Vec<u8> {
    let environment = Environment::system();
    let log_id: LogId = environment.new_id();
    let key = "log.example.com/audit/log+00000000+AA==".to_owned();
    let fact = LogContinued {
        log_id,
        verifier_key: key.clone(),
        former_verifier_key: key,
        former_checkpoint: "a note".to_owned(),
        former_size: restored_size,
        restored_size,
    };
    let header = EventHeader {
        id: environment.new_id(),
        stream: log_id.uuid(),
        version: Version::FIRST,
        time: environment.now(),
        source: Service::Audit,
    };
    let provenance = Provenance::system(Service::Audit, None, environment.new_id());
    let envelope = Envelope::of(&header, &provenance, Commitments::default(), &fact).unwrap();
    envelope.canonical().unwrap()
}

#[test]
fn a_log_goes_on_from_another_with_its_first_entry() {
    let note =
        "Note: entry 1 says that this log goes on from another, of which 11 entries were restored";
    let all = [vec![continued(11)], events(10)].concat();
    Log::of(all).verify(&[]).is(0, &[note]);
    // That one went on from another itself.
    let all = [vec![continued(11), continued(10)], events(10)].concat();
    Log::of(all).verify(&[]).is(0, &[note]);
    let all = [vec![continued(11)], events(10), vec![continued(11)]].concat();
    let text =
        "Note: entry 12 (index 11) says that a log goes on from another, and is not the first";
    Log::of(all).verify(&[]).is(0, &[note, text]);
}
