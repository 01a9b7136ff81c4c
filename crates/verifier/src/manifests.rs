//! Manifests: what each service said that it has recorded is in the log. Versions show a hole in a stream; that the
//! end of a stream is missing, or a whole stream, only manifests show.
//!
//! On the way through the entries each manifest is held against the one before. After the last entry the lists are
//! read, if the source has them: every stream that was listed is in the log, as far as it was listed. Of what is
//! listed where there is no list, the number is compared.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use contract::facts::{KindTotals, ManifestWritten};
use contract::manifest::{InvalidList, ManifestLine, read_list_of};
use contract::{ManifestId, Service, Version};
use serde::Serialize;

use crate::event::{Event, Written};
use crate::failure::{Check, Failure, Failures};
use crate::source::{self, Source, SourceError};
use crate::streams::Streams;

/// After so long a time of waiting for lists that could not be read no more are asked for.
const WAITED_AT_MOST: Duration = Duration::from_mins(2);

/// Of so many lists that could not be read it is told why.
const TOLD_AT_MOST: usize = 3;

/// So many streams and events.
type Totals = (u64, u64);

/// The manifests of each service, as they come.
#[derive(Debug, Default)]
pub(crate) struct Manifests(BTreeMap<Service, Chain>);

/// The manifests of one service.
#[derive(Debug, Default)]
struct Chain {
    all: Vec<Manifest>,
    /// The SHA-256 of the last one, and what it says of all kinds.
    last: Option<(String, BTreeMap<String, Totals>)>,
}

/// What is checked of a manifest after the last entry.
#[derive(Debug)]
struct Manifest {
    /// Its entry.
    index: u64,
    version: i32,
    list_hash: String,
    changed: Totals,
    /// By how much the totals of the kinds grew.
    grown: BTreeMap<String, Totals>,
}

/// What was checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Checked {
    /// How many manifests there are.
    pub(crate) manifests: usize,
    /// Of how many services.
    pub(crate) services: usize,
    /// Of how many there is no list.
    pub(crate) lists_not_there: usize,
    /// Of how many it could not be read whether there is one.
    pub(crate) lists_not_read: usize,
    /// How many events are in no manifest yet.
    pub(crate) events_in_none: u64,
}

impl Manifests {
    /// Takes the next event, the entry with this index.
    pub(crate) fn take(&mut self, index: u64, event: Event, failures: &mut Failures) {
        let Some(written) = event.manifest else { return };
        let (service, version) = (event.source, event.version);
        let mut fail = |what: &str| failures.push(Failure::of_entry(Check::Manifests, index, what));
        if event.stream != ManifestId::of(service).uuid() {
            return fail(&format!("it is a manifest of {service} in another stream than its own"));
        }
        let chain = self.0.entry(service).or_default();
        if let Some(what) = chain.contradiction(&written.manifest) {
            fail(&format!("manifest {version} of {service} {what}"));
        }
        chain.push(index, version, *written);
    }

    /// After the last entry: whether what was listed is there. How many entries of each stream there are is in
    /// `streams`. And why some lists could not be read: whoever does not answer for one must not be able to keep what the
    /// others show from being told.
    pub(crate) fn finish(
        self,
        source: &dyn Source,
        streams: &mut Streams,
        failures: &mut Failures,
    ) -> (Checked, Vec<String>) {
        let mut checked = Checked { services: self.0.len(), ..Checked::default() };
        let mut lists = Lists { source, unread: Vec::new(), count: 0, waited: Duration::ZERO };
        for (service, chain) in &self.0 {
            checked.manifests += chain.all.len();
            checked.lists_not_there += chain.check_lists(*service, &mut lists, streams, failures);
        }
        checked.lists_not_read = lists.count;
        checked.lists_not_there -= lists.count;
        let found = streams.totals();
        for ((service, _), (_, events)) in &found {
            let told = self.0.get(service).and_then(|chain| chain.last.as_ref());
            if told.is_none() {
                checked.events_in_none += events;
            }
        }
        for (service, chain) in &self.0 {
            checked.events_in_none += chain.check_totals(*service, &found, failures);
        }
        (checked, lists.unread)
    }
}

/// Reads lists, and not many more of whoever does not answer.
struct Lists<'a> {
    source: &'a dyn Source,
    /// Why some could not be read: of the first ones.
    unread: Vec<String>,
    /// How many were not read.
    count: usize,
    /// For how long it was waited for those.
    waited: Duration,
}

impl Lists<'_> {
    /// The list of a manifest; none if it is not there, or cannot be read.
    fn read(&mut self, service: Service, version: i32) -> Result<Option<Vec<u8>>, SourceError> {
        if self.waited >= WAITED_AT_MOST {
            self.count += 1;
            return Ok(None);
        }
        let began = Instant::now();
        match source::manifest_list(self.source, service, version) {
            Err(SourceError::Unreadable(why)) => {
                self.waited += began.elapsed();
                self.count += 1;
                if self.unread.len() < TOLD_AT_MOST {
                    self.unread.push(why);
                }
                Ok(None)
            }
            read => read,
        }
    }
}

impl Checked {
    /// In words.
    pub(crate) fn describe(&self) -> String {
        let Self { manifests, services, lists_not_there, events_in_none, .. } = self;
        if *manifests == 0 {
            return format!(
                "there is none: nothing shows that no stream is missing among {events_in_none} events"
            );
        }
        let lists = match lists_not_there {
            0 => "all that they list is in the log".to_owned(),
            none if none == manifests => {
                "there are as many streams and events as they say; their lists are not there"
                    .to_owned()
            }
            some => format!(
                "all that they list is in the log, and as many as they say where {some} lists are not there"
            ),
        };
        format!(
            "{manifests} of {services} services: {lists}; {events_in_none} events are in none yet"
        )
    }
}

impl Chain {
    /// What this manifest says that the one before contradicts.
    fn contradiction(&self, next: &ManifestWritten) -> Option<String> {
        let none = BTreeMap::new();
        let before = match (&self.last, &next.previous) {
            (None, None) => &none,
            (None, Some(_)) => return Some("names one before it, and is the first".to_owned()),
            (Some(_), None) => {
                return Some("names none before it, and is not the first".to_owned());
            }
            (Some((hash, kinds)), Some(previous)) if hash == previous => kinds,
            (Some((hash, _)), Some(previous)) => {
                return Some(format!(
                    "goes on from one whose SHA-256 is {previous}, and that before it has {hash}"
                ));
            }
        };
        if !next.kinds.is_sorted_by(|a, b| a.kind < b.kind) {
            return Some("has its kinds in another order, or one twice".to_owned());
        }
        let now = totals_of(&next.kinds);
        let shrunk = before.iter().find(|(kind, before)| {
            now.get(*kind).is_none_or(|now| now.0 < before.0 || now.1 < before.1)
        });
        if let Some((kind, _)) = shrunk {
            return Some(format!("says that there are fewer of {kind} than before"));
        }
        let grown = |of: &BTreeMap<String, Totals>| -> u128 {
            of.values().map(|(_, events)| u128::from(*events)).sum()
        };
        if grown(&now) - grown(before) != u128::from(next.changed_events) {
            return Some(format!(
                "lists {} events, and its totals grew by {}",
                next.changed_events,
                grown(&now) - grown(before)
            ));
        }
        None
    }

    fn push(&mut self, index: u64, version: i32, written: Written) {
        let Written { manifest, hash } = written;
        let now = totals_of(&manifest.kinds);
        let before = self.last.take().map(|(_, kinds)| kinds).unwrap_or_default();
        let mut grown = BTreeMap::new();
        for (kind, (streams, events)) in &now {
            let (of_streams, of_events) = before.get(kind).copied().unwrap_or_default();
            let more = (streams.saturating_sub(of_streams), events.saturating_sub(of_events));
            if more != (0, 0) {
                grown.insert(kind.clone(), more);
            }
        }
        self.all.push(Manifest {
            index,
            version,
            list_hash: manifest.list_hash,
            changed: (manifest.changed_streams, manifest.changed_events),
            grown,
        });
        self.last = Some((hash, now));
    }

    /// Reads the lists in their order. How many are not there.
    fn check_lists(
        &self,
        service: Service,
        lists: &mut Lists<'_>,
        streams: &mut Streams,
        failures: &mut Failures,
    ) -> usize {
        let mut not_there = 0;
        for manifest in &self.all {
            let fail = |failures: &mut Failures, what: &str| {
                let what = format!("manifest {} of {service} {what}", manifest.version);
                failures.push(Failure::of_entry(Check::Manifests, manifest.index, &what));
            };
            let list = match lists.read(service, manifest.version) {
                Ok(Some(list)) => list,
                Ok(None) => {
                    not_there += 1;
                    continue;
                }
                Err(error) => {
                    not_there += 1;
                    fail(failures, &format!("has a list that is none: {error}"));
                    continue;
                }
            };
            match manifest.lines(&list) {
                Ok(lines) => {
                    for line in lines {
                        // Where a list is not there, it is not known from where the next goes on.
                        if let Err(what) = streams.list(service, &line, not_there == 0) {
                            let ManifestLine { kind, stream, to, .. } = line;
                            let what = format!("lists {kind}/{stream} to version {to}, {what}");
                            fail(failures, &what);
                        }
                    }
                }
                Err(what) => {
                    not_there += 1;
                    fail(failures, &what);
                }
            }
        }
        not_there
    }

    /// Whether there is as much as the last manifest says. How many events are in none.
    fn check_totals(
        &self,
        service: Service,
        found: &BTreeMap<(Service, String), Totals>,
        failures: &mut Failures,
    ) -> u64 {
        let (Some(last), Some((_, told))) = (self.all.last(), &self.last) else { return 0 };
        for (kind, (streams, events)) in told {
            let (of_streams, of_events) =
                found.get(&(service, kind.clone())).copied().unwrap_or_default();
            if of_streams < *streams || of_events < *events {
                let what = format!(
                    "manifest {} of {service} says that {streams} streams of {kind} with {events} events were recorded, and the log has {of_streams} with {of_events}",
                    last.version
                );
                failures.push(Failure::of_entry(Check::Manifests, last.index, &what));
            }
        }
        let of_service = found.iter().filter(|((of, _), _)| *of == service);
        let in_log: u64 = of_service.map(|(_, (_, events))| events).sum();
        let in_manifests: u64 =
            told.values().fold(0, |sum, (_, events)| sum.saturating_add(*events));
        in_log.saturating_sub(in_manifests)
    }
}

impl Manifest {
    /// The lines of its list, if it is that.
    fn lines<'a>(&self, list: &'a [u8]) -> Result<Vec<ManifestLine<'a>>, String> {
        let lines = read_list_of(&self.list_hash, list).map_err(|error| match error {
            InvalidList::Other { .. } => format!("has another list: {error}"),
            _ => format!("has a list that is none: {error}"),
        })?;
        let mut grown: BTreeMap<String, Totals> = BTreeMap::new();
        for line in &lines {
            let (streams, events) = grown.entry(line.kind.to_owned()).or_default();
            *streams += u64::from(line.from == Version::FIRST);
            *events += line.events();
        }
        let events = lines.iter().map(ManifestLine::events).sum();
        if (lines.len() as u64, events) != self.changed || grown != self.grown {
            return Err("has a list that does not add up to what it says".to_owned());
        }
        Ok(lines)
    }
}

fn totals_of(kinds: &[KindTotals]) -> BTreeMap<String, Totals> {
    kinds.iter().map(|of| (of.kind.clone(), (of.streams, of.events))).collect()
}
