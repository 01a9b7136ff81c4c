//! Manifests: what a producer says that it had recorded. The entry has the hash of a list, a line for each stream
//! that changed (`contract::manifest`).
//!
//! Of the streams that are here as a whole it is compared what lists say. Of a time there are none: then it is shown that
//! the lists are those that the manifests name, by their hashes, and nothing more.

use std::collections::{BTreeMap, HashMap};

use contract::manifest::{InvalidList, ManifestLine, read_list, read_list_of};
use contract::{ManifestId, Service};
use uuid::Uuid;

use super::description::Asked;
use super::files::File;
use super::package::Package;
use crate::failure::{Check, Failure};
use crate::outcome::Outcome;

/// The type of a manifest.
pub(super) const MANIFEST: &str = "mandate.manifest.written.v1";

/// The last manifest that lists a stream to its last event here: its position. It covers what its service had recorded
/// when it was begun, and what was recorded since may stand before it.
pub(super) type Listed = HashMap<String, u64>;

/// A manifest that is among the entries.
pub(super) struct Written {
    pub(super) position: u64,
    pub(super) service: Service,
    pub(super) version: i32,
    pub(super) stream: Uuid,
    pub(super) list_hash: String,
}

/// Whether this list has this stream, `<aggregate>/<id>`, up to this version at least.
pub(super) fn lists(list: &[u8], stream: &str, version: i64) -> bool {
    let is_listed = |line: &ManifestLine<'_>| name(line) == stream && line.to.number() >= version;
    let lines = str::from_utf8(list).ok().and_then(|list| read_list(list).ok());
    lines.is_some_and(|lines| lines.iter().any(is_listed))
}

fn name(ManifestLine { kind, stream, .. }: &ManifestLine<'_>) -> String {
    format!("{kind}/{stream}")
}

/// Each list is the one that its manifest names, and what it lists of the streams that are there is there. The streams
/// that are listed to their last events.
pub(super) fn verify(package: &Package, written: &[Written], outcome: &mut Outcome) -> Listed {
    let mut listed = Listed::new();
    let written = in_their_streams(written, outcome);
    if written.is_empty() && package.manifests.is_empty() {
        return listed;
    }
    outcome.ask(Check::Manifests);
    let streams = package.description.streams.iter();
    let streams: HashMap<&str, u64> = streams.map(|it| (&*it.stream, it.events)).collect();
    for ((service, version), list) in &package.manifests {
        let name = File::Manifest(*service, *version).to_string();
        let mut fail = |what: &str| outcome.fail(Failure::of_file(Check::Manifests, &name, what));
        let Some(Written { position, list_hash, .. }) = written.get(&(*service, *version)) else {
            fail("its manifest is not among the entries: it proves nothing");
            continue;
        };
        match read_list_of(list_hash, list) {
            Ok(lines) => compare(*service, *position, &lines, &streams, &mut listed, &mut fail),
            Err(InvalidList::Other { .. }) => {
                fail(&format!(
                    "it is not the list that its manifest names, which is entry {position}"
                ));
            }
            Err(why) => fail(&format!("it is no list of a manifest: {why}")),
        }
    }
    let is_range = matches!(package.description.asked, Asked::Recorded { .. });
    outcome.pass(Check::Manifests, said(package.manifests.len(), written.len(), is_range));
    listed
}

/// The manifests by service and version, as far as each is in its service's stream.
fn in_their_streams<'a>(
    written: &'a [Written],
    outcome: &mut Outcome,
) -> BTreeMap<(Service, i64), &'a Written> {
    let mut all = BTreeMap::new();
    for manifest in written {
        let Written { position, service, version, stream, .. } = manifest;
        if *stream == ManifestId::of(*service).uuid() {
            all.insert((*service, i64::from(*version)), manifest);
        } else {
            let what = format!("it is a manifest of {service} in another stream than its own");
            outcome.ask(Check::Manifests);
            outcome.fail(Failure::of_entry(Check::Manifests, position - 1, &what));
        }
    }
    all
}

/// What a list says of the streams that are there as a whole, and what only the service that writes them can say.
fn compare(
    service: Service,
    position: u64,
    lines: &[ManifestLine<'_>],
    streams: &HashMap<&str, u64>,
    listed: &mut Listed,
    fail: &mut impl FnMut(&str),
) {
    for line in lines {
        let (stream, to) = (name(line), line.to.number().unsigned_abs());
        let Some(had) = streams.get(&*stream) else { continue };
        if !service.aggregates().contains(&line.kind) {
            fail(&format!("it lists {stream}, and {service} records no events of {}", line.kind));
        } else if *had < to {
            fail(&format!(
                "it lists {stream} up to version {to}, and only {had} are there: events are missing"
            ));
        } else if *had == to {
            let last = listed.entry(stream).or_default();
            *last = (*last).max(position);
        }
    }
}

/// What was shown, in words that say no more.
fn said(lists: usize, all: usize, is_range: bool) -> String {
    if is_range {
        format!(
            "{lists} of {all} manifests have their lists, by the hashes that they name; whether what these list is in the log was not looked for"
        )
    } else {
        format!(
            "{lists} of {all} manifests have their lists, and what these list of the streams here is there"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_was_begun_before_a_streams_last_event_does_not_list_it_to_there() {
        let stream = Uuid::from_u128(1);
        let (list, name) = (format!("consent {stream} 1 2\n"), format!("consent/{stream}"));
        assert!(lists(list.as_bytes(), &name, 1) && lists(list.as_bytes(), &name, 2));
        assert!(!lists(list.as_bytes(), &name, 3));
        assert!(!lists(list.as_bytes(), &format!("app/{stream}"), 1));
        assert!(!lists(b"\xff", &name, 1));
    }
}
