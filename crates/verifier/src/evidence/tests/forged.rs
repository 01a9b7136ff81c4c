//! Evidence that somebody made who may even hold the log's key.

use contract::Service;
use sha2::{Digest as _, Sha256};

use super::super::files::File;
use super::super::zip;
use super::*;

#[test]
fn an_entry_that_is_left_out_of_a_stream_or_of_a_time_is_missed() {
    let log = log_with_consent(600);
    let mut package = log.evidence_of_consent();
    let first = package.entries.keys().copied().find(|position| {
        Envelope::parse(&package.entries[position]).unwrap().subject.starts_with("consent/")
    });
    package.entries.remove(&first.unwrap());
    package.description.positions.retain(|position| Some(*position) != first);
    log.verify(&package).is(5, &["version 1 is missing", "it says 2 events of consent/"]);

    let mut package = log.evidence_of_range(100..=120);
    package.entries.remove(&110);
    package.description.positions.retain(|position| *position != 110);
    log.verify(&package).is(5, &["entry 111 (index 110)", "is entry 109"]);
}

#[test]
fn versions_within_a_time_have_no_hole_wherever_they_begin() {
    let entries = [of_app(9, 4), of_app(8, 1), of_app(9, 5)];
    let log_of = |entries: &[Vec<u8>]| log(entries.to_vec());
    let log = log_of(&entries);
    log.verify(&log.evidence_of_range(1..=3)).is(0, &[]);
    let log = log_of(&[of_app(9, 4), of_app(8, 1), of_app(9, 6)]);
    log.verify(&log.evidence_of_range(1..=3)).is(5, &["entry 3 (index 2)", "version 5 is missing"]);
}

#[test]
fn what_is_no_event_is_named() {
    let log = log(vec![of_app(9, 1), b"{}".to_vec()]);
    log.verify(&log.evidence_of_range(1..=2)).is(5, &["entry 2 (index 1): it is no event"]);
}

#[test]
fn the_description_cannot_say_what_is_not_there() {
    let log = log_with_consent(10);
    let package = log.evidence_of_consent();
    let says = |change: &dyn Fn(&mut Description), text: &str| {
        let mut package = package.clone();
        change(&mut package.description);
        log.verify(&package).is(8, &[text]);
    };
    says(&|it| it.log = "log.example.org/log".to_owned(), "another log, size or root");
    says(&|it| it.size += 1, "another log, size or root");
    says(&|it| it.root = Hash::of_empty_tree().to_string(), "another log, size or root");
    says(&|it| it.positions.truncate(3), "other positions than those of the entries");
    says(&|it| it.streams[0].events = 3, "it says 3 events of consent/");
    says(&|it| it.format = "mandate-evidence/2".to_owned(), "its format is `mandate-evidence/2`");
    let other = contract::GrantId::from_uuid(Uuid::from_u128(99));
    says(&|it| it.asked = Asked::Grant(other), "nothing of the consent that was asked for");
    says(&|it| drop(it.streams.remove(0)), "of no stream that the description names");
}

#[test]
fn a_page_that_says_something_else_than_the_entries_is_not_believed() {
    let log = log_with_consent(10);
    let package = log.evidence_of_consent();
    let mut files = package.files();
    let page = String::from_utf8(files[&File::Page].clone()).unwrap();
    files.insert(File::Page, page.replace("ended by revocation", "was granted").into_bytes());
    let said = log.verify_bytes(&zip::write(&files).unwrap());
    said.is(8, &["index.html: it is not the page that these entries make"]);

    let mut package = package;
    package.description.page += 1;
    log.verify(&package).is(1, &["index.html was drawn by another version", "do not rely on it"]);
}

#[test]
fn what_contradicts_a_checkpoint_that_was_kept_is_a_fork() {
    let mut log = log_with_consent(10);
    let size = log.entries.len();
    let kept = log.checkpoint(size);
    let older = log.evidence_of_consent();
    log.entries[0] = of_app(77, 1);
    let package = log.evidence_of_consent();
    log.verify_after(&kept, &package).is(4, &["two roots of 16 entries", "it was forked"]);
    // The tiles say it, where they reach as far.
    log.entries.push(of_app(78, 1));
    let package = log.evidence_of_consent();
    log.verify_after(&kept, &package).is(4, &["rewritten, or forked"]);
    let newer = log.checkpoint(size + 1);
    log.verify_after(&newer, &older)
        .is(4, &["it has 16 entries, and the one that was kept has 17"]);
}

/// A manifest of the consent broker, with the hash of this list.
fn manifest(list: &[u8]) -> Vec<u8> {
    let environment = Environment::system();
    let header = EventHeader {
        id: environment.new_id(),
        stream: Uuid::from_u128(50),
        version: Version::new(7).unwrap(),
        time: environment.now(),
        source: Service::ConsentBroker,
    };
    let provenance = Provenance::system(Service::ConsentBroker, None, environment.new_id());
    let app_id = AppId::from_uuid(Uuid::from_u128(50));
    let fact = AppSuspended { app_id };
    let mut event = Envelope::of(&header, &provenance, Commitments::default(), &fact).unwrap();
    event.kind = super::super::manifests::MANIFEST.to_owned();
    event.dataschema = format!("urn:mandate:schema:{}", event.kind);
    event.subject = format!("manifest/{}", Uuid::from_u128(50));
    event.data = serde_json::json!({
        "changed_events": 2, "changed_streams": 1, "kinds": [], "list_hash": hex::encode(Sha256::digest(list)),
        "previous": "0".repeat(64), "reason": "asked",
    });
    event.canonical().unwrap()
}

/// Evidence of the consent with a manifest and its list.
fn with_manifest(list: &str) -> (Log, Package) {
    let mut log = log_with_consent(10);
    log.entries.push(manifest(list.as_bytes()));
    let streams = log.evidence_of_consent().description.streams;
    let mut positions = log.of_consent();
    positions.push(log.entries.len() as u64);
    let mut package = log.evidence(Asked::Grant(grant()), positions, streams, None);
    package.manifests.insert((Service::ConsentBroker, 7), list.as_bytes().to_vec());
    (log, package)
}

#[test]
fn a_manifests_list_is_the_one_that_it_names_and_what_it_lists_is_there() {
    let of = |grant_to: u64| format!("consent {} 1 {grant_to}\n", grant());
    let (log, package) = with_manifest(&of(2));
    log.verify(&package).is(0, &["1 of 1 manifests have their lists"]);

    let (log, mut package) = with_manifest(&of(2));
    package.manifests.insert((Service::ConsentBroker, 7), of(1).into_bytes());
    log.verify(&package)
        .is(6, &["manifests/consent-broker/7", "not the list that its manifest names"]);
    package.manifests.clear();
    package.manifests.insert((Service::Directory, 7), of(2).into_bytes());
    log.verify(&package).is(6, &["manifests/directory/7", "its manifest is not among the entries"]);

    // The end of a stream that was left out: its versions alone do not show it.
    let (log, package) = with_manifest(&of(3));
    log.verify(&package).is(6, &["up to version 3, and only 2 are there"]);
    let (log, package) = with_manifest("consent\n");
    log.verify(&package).is(6, &["a line that is not <kind>"]);
}
