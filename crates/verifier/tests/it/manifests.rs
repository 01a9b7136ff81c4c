//! Logs whose services said what they had recorded.

use std::collections::BTreeMap;

use contract::envelope::{Commitments, EventHeader};
use contract::facts::{KindTotals, ManifestReason, ManifestWritten};
use contract::manifest::{ManifestLine, sha256_hex, write_list};
use contract::{Envelope, Environment, ManifestId, Provenance, Service, Version};
use uuid::Uuid;

use crate::log::{Log, event};

const SERVICE: Service = Service::AppRegistry;

/// What a service records, and what it says of that.
#[derive(Default)]
struct Producer {
    entries: Vec<Vec<u8>>,
    /// How far each stream has come, and how far it was listed.
    heads: BTreeMap<(&'static str, Uuid), (i64, i64)>,
    previous: Option<String>,
    lists: Vec<String>,
    /// Changes what the next manifest says.
    tampering: Option<Tampering>,
}

impl Producer {
    fn record(&mut self, stream: u64, count: i64) {
        let id = Uuid::from_u128(u128::from(stream) + 1);
        for _ in 0..count {
            let (head, _) = self.heads.entry(("app", id)).or_default();
            *head += 1;
            self.entries.push(event(stream, head.unsigned_abs()));
        }
    }

    fn write_manifest(&mut self) {
        let mut lines: Vec<ManifestLine<'_>> = self
            .heads
            .iter()
            .filter(|(_, (head, listed))| head > listed)
            .map(|((kind, stream), (head, listed))| {
                let [from, to] = [listed + 1, *head].map(|it| Version::new(it).unwrap());
                ManifestLine { kind, stream: *stream, from, to }
            })
            .collect();
        let list = write_list(&mut lines);
        let mut kinds: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for ((kind, _), (head, _)) in &self.heads {
            let (streams, events) = kinds.entry(*kind).or_default();
            *streams += 1;
            *events += head.unsigned_abs();
        }
        let kinds = kinds.into_iter();
        let mut manifest = ManifestWritten {
            previous: self.previous.clone(),
            kinds: kinds
                .map(|(kind, (streams, events))| KindTotals {
                    kind: kind.to_owned(),
                    streams,
                    events,
                })
                .collect(),
            changed_streams: lines.len() as u64,
            changed_events: lines.iter().map(ManifestLine::events).sum(),
            list_hash: sha256_hex(list.as_bytes()),
            reason: ManifestReason::Hour,
        };
        if let Some(tamper) = self.tampering.take() {
            tamper(&mut manifest);
        }
        for (head, listed) in self.heads.values_mut() {
            *listed = *head;
        }
        let stream = ManifestId::of(SERVICE).uuid();
        let (head, _) = self.heads.entry(("manifest", stream)).or_default();
        *head += 1;
        let entry = entry(stream, *head, &manifest);
        self.previous = Some(sha256_hex(&entry));
        self.entries.push(entry);
        self.lists.push(list);
    }

    /// The log of it with its lists.
    fn log(self) -> Log {
        let lists = self.lists;
        let log = Log::of(self.entries);
        for (number, list) in (1..).zip(lists) {
            log.write(&format!("manifests/{SERVICE}/{number}"), list.as_bytes());
        }
        log
    }

    /// Takes out the entries of a stream after so many.
    fn lose(&mut self, stream: u64, after: usize) {
        let subject = format!("\"subject\":\"app/{}\"", Uuid::from_u128(u128::from(stream) + 1));
        let mut seen = 0;
        self.entries.retain(|entry| {
            let is_of_it = String::from_utf8_lossy(entry).contains(&subject);
            seen += usize::from(is_of_it);
            !is_of_it || seen <= after
        });
    }
}

fn entry(stream: Uuid, version: i64, manifest: &ManifestWritten) -> Vec<u8> {
    let environment = Environment::system();
    let provenance = Provenance::system(SERVICE, None, environment.new_id());
    let header = EventHeader {
        id: environment.new_id(),
        stream,
        version: Version::new(version).unwrap(),
        time: environment.now(),
        source: SERVICE,
    };
    let envelope = Envelope::of(&header, &provenance, Commitments::default(), manifest).unwrap();
    envelope.canonical().unwrap()
}

/// Three manifests over 61 events, and five events more. Entry 31 is the first manifest, 47 the second, 64 the third.
fn producer() -> Producer {
    let mut producer = Producer::default();
    for stream in 0..10 {
        producer.record(stream, 3);
    }
    producer.write_manifest();
    producer.record(0, 5);
    producer.record(10, 10);
    producer.write_manifest();
    for stream in 5..13 {
        producer.record(stream, 2);
    }
    producer.write_manifest();
    producer.record(20, 5);
    producer
}

#[test]
fn what_was_recorded_is_there() {
    let log = producer().log();
    let said = log.verify(&[]);
    // The last manifest itself, too.
    said.is(
        0,
        &[
            "ok      manifests",
            "3 of 1 services: all that they list is in the log; 6 events are in none yet",
        ],
    );
    let json = log.verify(&["--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.text).unwrap();
    assert_eq!(
        json["manifests"],
        serde_json::json!({ "manifests": 3, "services": 1, "lists_not_there": 0, "lists_not_read": 0, "events_in_none": 6 })
    );
    for number in 1..=3 {
        log.compress(&format!("manifests/{SERVICE}/{number}"));
    }
    log.verify(&[]).is(0, &["all that they list is in the log;"]);
}

#[test]
fn a_stream_that_is_missing_as_a_whole_is_named_with_the_manifest_that_lists_it() {
    let mut producer = producer();
    producer.lose(10, 0);
    let said = producer.log().verify(&[]);
    let stream = "lists app/00000000-0000-0000-0000-00000000000b to version";
    said.is(
        6,
        &[
            "ok      tree",
            "ok      streams",
            &format!("entry 37 (index 36): manifest 2 of app-registry {stream} 10, and nothing of"),
            &format!("manifest 3 of app-registry {stream} 12, and nothing of"),
        ],
    );
}

#[test]
fn the_end_of_a_stream_that_is_missing_is_named() {
    let mut producer = producer();
    producer.lose(10, 7);
    producer.log().verify(&[]).is(
        6,
        &[
            "ok      streams",
            "app/00000000-0000-0000-0000-00000000000b to version 10, and in the log it ends with version 7",
        ],
    );
}

#[test]
fn without_lists_there_are_as_many_as_the_manifests_say() {
    let mut lossy = producer();
    lossy.lists.clear();
    lossy.lose(10, 0);
    let said = lossy.log().verify(&[]);
    said.is(
        6,
        &["manifest 3 of app-registry says that 13 streams of app with 61 events were recorded, and the log has 13 with 54"],
    );
    let mut whole = producer();
    whole.lists.clear();
    let said = whole.log().verify(&[]);
    said.is(0, &["there are as many streams and events as they say; their lists are not there"]);
}

#[test]
fn where_one_list_is_not_there_the_others_are_checked() {
    let log = producer().log();
    std::fs::remove_file(log.path(&format!("manifests/{SERVICE}/2"))).unwrap();
    log.verify(&[]).is(0, &["and as many as they say where 1 lists are not there"]);
    let mut lossy = producer();
    lossy.lose(12, 0);
    let log = lossy.log();
    std::fs::remove_file(log.path(&format!("manifests/{SERVICE}/1"))).unwrap();
    log.verify(&[]).is(6, &["lists app/00000000-0000-0000-0000-00000000000d to version 2, and"]);
}

#[test]
fn a_list_that_cannot_be_read_keeps_nothing_from_being_told() {
    let unreadable = |log: &Log, numbers: &[u8]| {
        for number in numbers {
            let path = log.path(&format!("manifests/{SERVICE}/{number}"));
            std::fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink(&path, &path).unwrap();
        }
    };
    let log = producer().log();
    unreadable(&log, &[2]);
    log.verify(&[]).is(1, &["manifests    not checked", "Not finished: "]);
    let mut lossy = producer();
    lossy.lose(12, 0);
    let log = lossy.log();
    unreadable(&log, &[1]);
    let listed = "lists app/00000000-0000-0000-0000-00000000000d to version 2, and";
    log.verify(&[]).is(6, &[listed, "Not finished: "]);
    let mut lossy = producer();
    lossy.lose(10, 0);
    let log = lossy.log();
    unreadable(&log, &[1, 2, 3]);
    log.verify(&[]).is(6, &["says that 13 streams of app with 61 events were recorded"]);
}

type Tampering = fn(&mut ManifestWritten);

#[test]
fn a_manifest_names_hashes_and_counts_kinds() {
    let tampers: [(Tampering, &str); 3] = [
        (|it| it.list_hash = "a".repeat(60_000), "names what is no SHA-256"),
        (|it| it.previous = Some("A".repeat(64)), "names what is no SHA-256"),
        (|it| it.kinds[0].kind = "App ".to_owned(), "counts what are no kinds of streams"),
    ];
    for (tamper, text) in tampers {
        let mut producer = Producer::default();
        producer.record(0, 3);
        producer.tampering = Some(tamper);
        producer.write_manifest();
        producer
            .log()
            .verify(&[])
            .is(5, &["entry 4 (index 3): it is no event: it is a manifest, and", text]);
    }
}

#[test]
fn another_list_than_the_one_that_was_recorded_is_refused() {
    let file = format!("manifests/{SERVICE}/2");
    let log = producer().log();
    log.change(&file, |bytes| bytes.truncate(bytes.len() - 60));
    log.verify(&[]).is(6, &["entry 47 (index 46): manifest 2 of app-registry has another list"]);
    log.write(&file, &vec![b'x'; 2_000_000]);
    log.verify(&[]).is(6, &["manifest 2 of app-registry has a list that is none: it has over"]);
}

/// What is done to a manifest.
type Tamper = fn(&mut ManifestWritten);

#[test]
fn a_manifest_that_does_not_go_on_from_the_one_before_is_named() {
    let tamperings: [(Tamper, &str); 6] = [
        (|it| it.previous = Some("0".repeat(64)), "goes on from one whose SHA-256 is 000"),
        (|it| it.previous = None, "names none before it, and is not the first"),
        (|it| it.kinds[0].events -= 1, "lists 16 events, and its totals grew by 15"),
        (|it| it.kinds[0].streams = 1, "says that there are fewer of app than before"),
        (|it| it.kinds.reverse(), "has its kinds in another order"),
        (|it| it.changed_streams += 1, "has a list that does not add up"),
    ];
    for (tamper, why) in tamperings {
        let mut producer = Producer::default();
        producer.record(1, 3);
        producer.record(2, 1);
        producer.write_manifest();
        producer.record(1, 15);
        producer.tampering = Some(tamper);
        producer.write_manifest();
        producer.log().verify(&[]).is(6, &[why, "entry 21 (index 20): manifest 2 of app-registry"]);
    }
    // One that was left out: its stream has a hole, and the next goes on from it.
    let mut producer = producer();
    producer.entries.remove(46);
    producer.log().verify(&[]).is(5, &["version 2 is missing", "goes on from one whose SHA-256"]);
    // A first that is none.
    let tampering: fn(&mut ManifestWritten) = |it| it.previous = Some("0".repeat(64));
    let mut producer = Producer { tampering: Some(tampering), ..Producer::default() };
    producer.record(1, 3);
    producer.write_manifest();
    producer.log().verify(&[]).is(6, &["names one before it, and is the first"]);
}

#[test]
fn a_list_that_begins_elsewhere_than_the_one_before_ended_is_refused() {
    let mut producer = Producer::default();
    producer.record(1, 3);
    producer.record(2, 3);
    producer.write_manifest();
    producer.record(1, 2);
    producer.record(2, 2);
    // As many events, of other versions.
    let id = |stream: u128| ("app", Uuid::from_u128(stream + 1));
    producer.heads.get_mut(&id(1)).unwrap().1 = 2;
    producer.heads.get_mut(&id(2)).unwrap().1 = 4;
    producer.write_manifest();
    producer.log().verify(&[]).is(
        6,
        &[
            "app/00000000-0000-0000-0000-000000000002 to version 5, from version 3; before, it was listed to version 3",
            "app/00000000-0000-0000-0000-000000000003 to version 5, from version 5; before, it was listed to version 3",
        ],
    );
}

#[test]
fn a_manifest_in_another_stream_than_its_services_is_refused() {
    let mut producer = producer();
    let manifest = ManifestWritten {
        previous: None,
        kinds: Vec::new(),
        changed_streams: 0,
        changed_events: 0,
        list_hash: sha256_hex(b""),
        reason: ManifestReason::Asked,
    };
    producer.entries.push(entry(Uuid::from_u128(77), 1, &manifest));
    producer.log().verify(&[]).is(6, &["it is a manifest of app-registry in another stream"]);
}
