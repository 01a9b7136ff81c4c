//! Evidence that somebody made who may even hold the log's key.

use contract::{ManifestId, Service};
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
    says(&|it| it.asked = Asked::Grant(other), "says how the consent was granted");
    says(&|it| it.streams.push(it.streams[0].clone()), "it names consent/");
    let foreign = Stream { stream: format!("app/{}", Uuid::from_u128(1000)), events: 1 };
    says(
        &|it| it.streams.push(foreign.clone()),
        "which is not of this consent, its link or its app",
    );
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
}

#[test]
fn a_page_of_another_version_is_not_compared_which_is_said_and_is_no_fault_of_it() {
    let log = log_with_consent(10);
    for page in [PAGE - 1, PAGE + 1] {
        let mut package = log.evidence_of_consent();
        package.description.page = page;
        let said = log.verify(&package);
        let drawn = format!("index.html is drawing {page}, and this program draws {PAGE}");
        said.is(1, &[&drawn, "another version of Mandate made it", "have it made anew"]);
        assert!(!said.text.contains("page say what the signed entries do"), "{}", said.text);
    }
}

#[test]
fn the_streams_of_the_link_and_the_app_are_there_as_a_whole_whatever_is_claimed() {
    let log = log_with_consent(10);
    let streams = log.evidence_of_consent().description.streams;
    for left_out in 1..=2 {
        // Its entries are left out, and the description does not name it.
        let mut package = log.evidence_of_consent();
        let Stream { stream, .. } = package.description.streams.remove(left_out);
        package.entries.retain(|_, entry| Envelope::parse(entry).unwrap().subject != stream);
        package.description.positions = package.entries.keys().copied().collect();
        let missing = format!("it has nothing of {stream}, which has to be there as a whole");
        log.verify(&package).is(8, &[&missing]);
        // It is named, and has none.
        package.description.streams.push(Stream { stream, events: 0 });
        log.verify(&package).is(8, &[&missing]);
    }
    // Another link's and app's in their place.
    let mut entries = log.entries.clone();
    let at = entries
        .iter()
        .position(|entry| Envelope::parse(entry).unwrap().kind == "mandate.consent.granted.v1");
    entries[at.unwrap()] = granted(LINK + 100, APP + 100);
    let other = Log { entries, ..log };
    let package = other.evidence(Asked::Grant(grant()), other.of_consent(), streams, None);
    let link = format!("it has nothing of consent-link/{}", Uuid::from_u128(LINK + 100));
    let app = format!("it has nothing of app/{}", Uuid::from_u128(APP + 100));
    other.verify(&package).is(8, &[&link, &app, "is not of this consent, its link or its app"]);
}

#[test]
fn a_fork_is_told_although_the_rest_of_the_evidence_is_missing_or_of_another_version() {
    let mut log = log_with_consent(10);
    let kept = log.checkpoint(log.entries.len());
    log.entries[1] = of_app(77, 1);
    let package = log.evidence_of_consent();
    for missing in [File::Page, File::Description] {
        let mut files = package.files();
        files.remove(&missing);
        let said = log.verify_bytes_after(&kept, &zip::write(&files).unwrap());
        said.is(4, &["two roots of 16 entries", &format!("{missing}: it is not there")]);
    }
    let mut package = package;
    package.description.format = "mandate-evidence/9".to_owned();
    log.verify_after(&kept, &package).is(4, &["two roots of 16 entries", "its format is"]);
    let mut package = log.evidence_of_consent();
    package.description.page = PAGE + 1;
    log.verify_after(&kept, &package).is(4, &["two roots of 16 entries", "another version"]);
}

#[test]
fn a_manifest_in_another_stream_than_its_services_shows_nothing() {
    let (log, package) = with_manifest_in(Uuid::from_u128(50), &lines(2));
    log.verify(&package).is(6, &["it is a manifest of consent-broker in another stream"]);
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
fn manifest(stream: Uuid, list: &[u8]) -> Vec<u8> {
    let environment = Environment::system();
    let header = EventHeader {
        id: environment.new_id(),
        stream,
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
    event.subject = format!("manifest/{stream}");
    event.data = serde_json::json!({
        "changed_events": 2, "changed_streams": 1, "kinds": [], "list_hash": hex::encode(Sha256::digest(list)),
        "previous": "0".repeat(64), "reason": "asked",
    });
    event.canonical().unwrap()
}

/// Evidence of the consent with a manifest and its list.
fn with_manifest(list: &str) -> (Log, Package) {
    with_manifest_in(ManifestId::of(Service::ConsentBroker).uuid(), list)
}

/// A list of the consent up to this version.
fn lines(to: u64) -> String {
    format!("consent {} 1 {to}\n", grant())
}

fn with_manifest_in(stream: Uuid, list: &str) -> (Log, Package) {
    let mut log = log_with_consent(10);
    log.entries.push(manifest(stream, list.as_bytes()));
    let streams = log.evidence_of_consent().description.streams;
    let mut positions = log.of_consent();
    positions.push(log.entries.len() as u64);
    let mut package = log.evidence(Asked::Grant(grant()), positions, streams, None);
    package.manifests.insert((Service::ConsentBroker, 7), list.as_bytes().to_vec());
    (log, package)
}

#[test]
fn a_manifests_list_is_the_one_that_it_names_and_what_it_lists_is_there() {
    let (log, package) = with_manifest(&lines(2));
    log.verify(&package).is(0, &["1 of 1 manifests have their lists"]);

    let (log, mut package) = with_manifest(&lines(2));
    package.manifests.insert((Service::ConsentBroker, 7), lines(1).into_bytes());
    log.verify(&package)
        .is(6, &["manifests/consent-broker/7", "not the list that its manifest names"]);
    package.manifests.clear();
    package.manifests.insert((Service::Directory, 7), lines(2).into_bytes());
    log.verify(&package).is(6, &["manifests/directory/7", "its manifest is not among the entries"]);

    // The end of a stream that was left out: its versions alone do not show it.
    let (log, package) = with_manifest(&lines(3));
    log.verify(&package).is(6, &["up to version 3, and only 2 are there"]);
    let (log, package) = with_manifest("consent\n");
    log.verify(&package).is(6, &["it is no list of a manifest: line 1 is not `<kind>"]);
    // What others than its own service say of a stream shows nothing.
    let (log, package) = with_manifest(&format!("app {} 1 2\n", Uuid::from_u128(APP)));
    log.verify(&package).is(6, &["and consent-broker records no events of app"]);
}

#[test]
fn of_a_time_it_is_only_said_that_the_lists_are_those_that_the_manifests_name() {
    // A version of the consent that is nowhere: nothing that is here can show that.
    let (log, package) = with_manifest(&lines(3));
    let size = log.entries.len() as u64;
    let mut of_time = log.evidence_of_range(1..=size);
    of_time.manifests = package.manifests;
    let said = log.verify(&of_time);
    said.is(0, &["by the hashes that they name; whether what these list is in the log was not"]);
    assert!(!said.text.contains("is there\n"), "{}", said.text);
    of_time.manifests.insert((Service::ConsentBroker, 7), lines(1).into_bytes());
    log.verify(&of_time).is(6, &["not the list that its manifest names"]);
}

#[test]
fn what_nothing_shows_is_noted() {
    let log = log_with_consent(10);
    let said = log.verify_as_json(&log.evidence_of_consent());
    let notes = said["notes"].as_array().unwrap();
    assert_eq!((notes.len(), &said["verified"]), (3, &true.into()), "{said}");
    for (note, kind) in notes.iter().zip(["consent", "consent-link", "app"]) {
        let text = note.as_str().unwrap();
        let of = format!("nothing shows that {kind}/");
        assert!(text.starts_with(&of) && text.contains("no manifest that is here lists"), "{text}");
    }
    // Though the manifest is the log's last entry: what was recorded since it was begun may stand before it.
    let (log, package) = with_manifest(&lines(2));
    let begun = "when it began the manifest that is entry 17, which lists it to version 2";
    log.verify(&package).is(0, &["Note: nothing shows that consent-link/", begun]);
    let said = log.verify_as_json(&package);
    assert_eq!(said["notes"].as_array().unwrap().len(), 3, "{said}");
    let mut longer = Log { entries: log.entries.clone(), ..log };
    longer.entries.push(of_app(99, 1));
    let (description, positions) =
        (package.description.clone(), package.entries.keys().copied().collect());
    let asked = Asked::Grant(grant());
    let mut after = longer.evidence(asked, positions, description.streams, None);
    after.manifests = package.manifests;
    longer.verify(&after).is(0, &[begun]);
    let of_time = longer.evidence_of_range(1..=3);
    longer.verify(&of_time).is(0, &["Note: nothing shows that these entries are of that time"]);
}
