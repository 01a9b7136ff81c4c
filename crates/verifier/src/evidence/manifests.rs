//! Manifests: what a producer says that it had recorded. The entry has the hash of a list, a line for each stream
//! that changed: `<kind> <stream id> <from> <to>`, the first and the last version since the manifest before.

use std::collections::{BTreeMap, HashMap};

use contract::{Envelope, Service};
use sha2::{Digest as _, Sha256};

use super::files::File;
use super::package::Package;
use crate::failure::{Check, Failure};
use crate::outcome::Outcome;

/// The type of a manifest.
pub(super) const MANIFEST: &str = "mandate.manifest.written.v1";

/// Whether this list has a line for this stream, `<aggregate>/<id>`.
pub(super) fn lists(list: &[u8], stream: &str) -> bool {
    lines(list).any(|line| line.is_some_and(|line| line.stream == stream))
}

struct Line {
    stream: String,
    to: u64,
}

/// The lines; none in place of one of another form.
fn lines(list: &[u8]) -> impl Iterator<Item = Option<Line>> {
    let list = list.strip_suffix(b"\n").unwrap_or(list);
    list.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(|line| {
        let words: Vec<&str> = str::from_utf8(line).ok()?.split(' ').collect();
        let [kind, id, from, to] = words[..] else { return None };
        let (from, to): (u64, u64) = (from.parse().ok()?, to.parse().ok()?);
        (1..=to).contains(&from).then(|| Line { stream: format!("{kind}/{id}"), to })
    })
}

/// Each list is the one that its manifest names, and what it lists of the streams that are there is there.
pub(super) fn verify(package: &Package, events: &[(u64, Envelope)], outcome: &mut Outcome) {
    let written = events.iter().filter(|(_, event)| event.kind == MANIFEST);
    let written: BTreeMap<(Service, i64), &(u64, Envelope)> =
        written.map(|event| ((event.1.source, event.1.streamversion.number()), event)).collect();
    if written.is_empty() && package.manifests.is_empty() {
        return;
    }
    outcome.ask(Check::Manifests);
    let streams = package.description.streams.iter();
    let streams: HashMap<&str, u64> = streams.map(|it| (&*it.stream, it.events)).collect();
    for ((service, version), list) in &package.manifests {
        let name = File::Manifest(*service, *version).to_string();
        let mut fail = |what: &str| outcome.fail(Failure::of_file(Check::Manifests, &name, what));
        let Some((position, event)) = written.get(&(*service, *version)) else {
            fail("its manifest is not among the entries: it proves nothing");
            continue;
        };
        let hash = hex::encode(Sha256::digest(list));
        if event.data.get("list_hash").and_then(|hash| hash.as_str()) != Some(&*hash) {
            fail(&format!("it is not the list that its manifest names, which is entry {position}"));
            continue;
        }
        for line in lines(list) {
            match line {
                None => fail("it has a line that is not <kind> <stream id> <from> <to>"),
                Some(Line { stream, to }) => {
                    if let Some(had) = streams.get(&*stream).filter(|had| **had < to) {
                        fail(&format!(
                            "it lists {stream} up to version {to}, and only {had} are there: events are missing"
                        ));
                    }
                }
            }
        }
    }
    let (lists, all) = (package.manifests.len(), written.len());
    outcome.pass(
        Check::Manifests,
        format!("{lists} of {all} manifests have their lists, and what these list is there"),
    );
}
