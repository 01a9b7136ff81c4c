//! Dense streams: in the order of the log, every stream has the versions 1, 2, 3 … and every event its own
//! id. So an event that was left out shows, except the last ones of a stream.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZero;
use std::thread;

use contract::Service;
use contract::manifest::ManifestLine;
use uuid::Uuid;

use crate::event::Event;
use crate::failure::{Check, Failure, Failures};
use crate::kinds::Place;

/// So many types of events that are unknown are named.
const NAMED: usize = 20;

/// Ids are kept in so many parts by their last bits, which are random: equal ones are in one, and each part can be looked
/// at by itself.
const PARTS: usize = 16;

/// How far each stream has come, and every id that was seen: some 24 bytes an entry, and 50 a stream.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    heads: HashMap<Uuid, Head>,
    /// There are few: each is kept once.
    aggregates: Vec<Box<str>>,
    /// Which of them each is, for a log in which there are not few.
    numbers: HashMap<Box<str>, usize>,
    /// The one that came last: most often it is the next, too.
    recent: usize,
    ids: [Vec<(Uuid, u64)>; PARTS],
    /// What was before the first is not known.
    is_part: bool,
    /// How many events there are of types that this program does not know, of the first ones of these.
    unknown: BTreeMap<Box<str>, u64>,
    /// How many there are of other such types.
    unknown_besides: u64,
}

#[derive(Debug)]
struct Head {
    version: i32,
    /// To which version manifests have listed it.
    listed: i32,
    aggregate: usize,
    source: Service,
}

impl Streams {
    /// Those of a part of a log: they begin with any version.
    pub(crate) fn of_part() -> Self {
        Self { is_part: true, ..Self::default() }
    }

    /// Takes the next event, the entry with this index.
    pub(crate) fn take(&mut self, index: u64, event: &Event, failures: &mut Failures) {
        self.ids[event.id.as_bytes()[15] as usize % PARTS].push((event.id, index));
        let aggregate = self.aggregate(&event.aggregate);
        let mut fail = |what: &str| failures.push(Failure::of_entry(Check::Streams, index, what));
        match &event.place {
            Place::Own => {}
            Place::Unknown(name) => self.unknown(name),
            Place::Wrong(what) => fail(what),
        }
        let Event { stream, version, source, .. } = event;
        let name = format_args!("{}/{stream}", event.aggregate);
        match self.heads.entry(*stream) {
            Entry::Vacant(vacant) => {
                if *version != 1 && !self.is_part {
                    fail(&format!(
                        "it is version {version} of {name}, of which nothing is before it: version 1 is missing"
                    ));
                }
                vacant.insert(Head { version: *version, listed: 0, aggregate, source: *source });
            }
            Entry::Occupied(mut occupied) => {
                let head = occupied.get_mut();
                if (head.aggregate, head.source) != (aggregate, *source) {
                    let (of, by) = (&self.aggregates[head.aggregate], head.source);
                    fail(&format!(
                        "it is of {name} by {source}, and that stream is of {of} by {by}"
                    ));
                }
                let last = head.version;
                // After the last that there can be, none is missing.
                let next = last.saturating_add(1);
                if *version > next {
                    fail(&format!(
                        "it is version {version} of {name}, which has come to version {last}: version {next} is missing"
                    ));
                } else if *version <= last {
                    fail(&format!(
                        "it is version {version} of {name}, which has come to version {last} already"
                    ));
                }
                head.version = last.max(*version);
            }
        }
    }

    /// The number of an aggregate.
    fn aggregate(&mut self, name: &str) -> usize {
        if self.aggregates.get(self.recent).is_none_or(|it| **it != *name) {
            self.recent = self.numbers.get(name).copied().unwrap_or(self.aggregates.len());
            if self.recent == self.aggregates.len() {
                self.numbers.insert(name.into(), self.recent);
                self.aggregates.push(name.into());
            }
        }
        self.recent
    }

    fn unknown(&mut self, name: &str) {
        if let Some(count) = self.unknown.get_mut(name) {
            *count += 1;
        } else if self.unknown.len() < NAMED {
            self.unknown.insert(name.into(), 1);
        } else {
            self.unknown_besides += 1;
        }
    }

    /// Of which types nothing but the rule says that they belong where they are.
    pub(crate) fn notes(&self) -> Vec<String> {
        let named = self.unknown.iter().map(|(name, count)| (&**name, *count));
        let besides = Some(("others", self.unknown_besides)).filter(|(_, count)| *count > 0);
        let told = named.chain(besides).map(|(name, count)| {
            format!(
                "this program does not know events of type {name} ({count} here): it checked their place in their streams, not what they say"
            )
        });
        told.collect()
    }

    /// Whether a manifest of this service lists a stream as it is in the log, if so many lists before it were read that
    /// it `follows` on what they listed.
    ///
    /// # Errors
    /// How the log has it, in words that follow on what is listed.
    pub(crate) fn list(
        &mut self,
        service: Service,
        line: &ManifestLine<'_>,
        follows: bool,
    ) -> Result<(), String> {
        let head = self.heads.get_mut(&line.stream);
        let head = head.ok_or("and nothing of that stream is in the log")?;
        let aggregate = &*self.aggregates[head.aggregate];
        if (aggregate, head.source) != (line.kind, service) {
            return Err(format!("and in the log that stream is of {aggregate} by {}", head.source));
        }
        let listed = std::mem::replace(&mut head.listed, line.to.into());
        if head.version < head.listed {
            return Err(format!("and in the log it ends with version {}", head.version));
        }
        if follows && i32::from(line.from) != listed.saturating_add(1) {
            let from = line.from;
            return Err(format!("from version {from}; before, it was listed to version {listed}"));
        }
        Ok(())
    }

    /// How many streams and events of each kind each service has in the log.
    pub(crate) fn totals(&self) -> BTreeMap<(Service, String), (u64, u64)> {
        let mut counted: HashMap<(Service, usize), (u64, u64)> = HashMap::new();
        for head in self.heads.values() {
            let (streams, events) = counted.entry((head.source, head.aggregate)).or_default();
            *streams += 1;
            *events += u64::from(head.version.unsigned_abs());
        }
        let named = |((service, aggregate), totals): ((Service, usize), _)| {
            ((service, self.aggregates[aggregate].to_string()), totals)
        };
        counted.into_iter().map(named).collect()
    }

    /// After the last entry: which ids are there twice, found on all cores. How many streams there are.
    pub(crate) fn finish(mut self, failures: &mut Failures) -> usize {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let of_a_thread = PARTS.div_ceil(threads);
        let mut twice = thread::scope(|scope| {
            let parts = self.ids.chunks_mut(of_a_thread);
            let look = |parts: &mut [Vec<_>]| {
                parts.iter_mut().flat_map(|it| twice(it)).collect::<Vec<_>>()
            };
            let looking: Vec<_> = parts.map(|parts| scope.spawn(move || look(parts))).collect();
            let found = looking.into_iter().map(|it| it.join().expect("nothing panics here"));
            found.flatten().collect::<Vec<_>>()
        });
        twice.sort_unstable();
        for (index, first, id) in twice {
            let what =
                format!("its event id {id} is that of entry {} (index {first}), too", first + 1);
            failures.push(Failure::of_entry(Check::Streams, index, &what));
        }
        self.heads.len()
    }
}

/// Of these ids those that are there twice: where, where before that, and which.
fn twice(ids: &mut [(Uuid, u64)]) -> Vec<(u64, u64, Uuid)> {
    ids.sort_unstable();
    let twice = ids.windows(2).filter(|pair| pair[0].0 == pair[1].0);
    twice.map(|pair| (pair[1].1, pair[0].1, pair[0].0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: u128, stream: u128, version: i32) -> Event {
        let (id, stream) = (Uuid::from_u128(id), Uuid::from_u128(stream));
        let (aggregate, source) = ("app".into(), Service::AppRegistry);
        let place = Place::Own;
        Event {
            id,
            stream,
            aggregate,
            version,
            source,
            place,
            replaced_key: None,
            restored: None,
            manifest: None,
        }
    }

    fn check(events: &[Event]) -> (usize, Vec<String>) {
        let (mut streams, mut failures) = (Streams::default(), Failures::default());
        for (index, event) in (0..).zip(events) {
            streams.take(index, event, &mut failures);
        }
        let count = streams.finish(&mut failures);
        (count, failures.of(Check::Streams).iter().map(ToString::to_string).collect())
    }

    #[test]
    fn dense_streams_are_well_however_they_are_mixed() {
        let events = [event(1, 1, 1), event(2, 2, 1), event(3, 2, 2), event(4, 1, 2)];
        assert_eq!(check(&events), (2, Vec::new()));
    }

    #[test]
    fn a_hole_a_missing_beginning_and_a_version_twice_are_named_once_each() {
        let (_, failures) = check(&[event(1, 1, 1), event(2, 1, 3), event(3, 1, 4)]);
        assert_eq!(failures.len(), 1);
        assert!(failures[0].starts_with("entry 2 (index 1): it is version 3 of app/"));
        assert!(failures[0].ends_with("version 2 is missing"), "{failures:?}");
        let (_, failures) = check(&[event(1, 1, 2), event(2, 1, 3)]);
        assert_eq!(failures.len(), 1);
        assert!(failures[0].ends_with("version 1 is missing"), "{failures:?}");
        let (_, failures) = check(&[event(1, 1, 1), event(2, 1, 1), event(3, 1, 2)]);
        assert_eq!(failures.len(), 1);
        assert!(failures[0].ends_with("has come to version 1 already"), "{failures:?}");
    }

    #[test]
    fn an_id_twice_names_both_entries() {
        let (_, failures) = check(&[event(7, 1, 1), event(1, 2, 1), event(7, 3, 1)]);
        assert_eq!(failures.len(), 1);
        assert!(failures[0].starts_with("entry 3 (index 2): its event id 0"), "{failures:?}");
        assert!(failures[0].ends_with("is that of entry 1 (index 0), too"), "{failures:?}");
    }

    #[test]
    fn nothing_is_missing_after_the_last_version_that_there_can_be() {
        let (_, failures) = check(&[event(1, 1, 1), event(2, 1, i32::MAX), event(3, 1, i32::MAX)]);
        assert_eq!(failures.len(), 2, "{failures:?}");
        assert!(failures[1].ends_with("has come to version 2147483647 already"), "{failures:?}");
    }

    #[test]
    fn a_type_in_a_stream_of_another_kind_is_wrong_and_one_of_a_later_version_is_told() {
        let wrong = Event { place: Place::Wrong("it is of key".into()), ..event(1, 1, 1) };
        assert_eq!(check(&[wrong]).1, ["entry 1 (index 0): it is of key"]);
        let mut streams = Streams::default();
        for number in 0..NAMED as u128 + 5 {
            let place = Place::Unknown(format!("mandate.app.new.v{number:02}").into());
            let event = Event { place, ..event(number, number, 1) };
            streams.take(0, &event, &mut Failures::default());
        }
        let notes = streams.notes();
        assert_eq!(notes.len(), NAMED + 1);
        assert!(notes[0].contains("of type mandate.app.new.v00 (1 here)"), "{notes:?}");
        assert!(notes[NAMED].contains("of type others (5 here)"), "{notes:?}");
    }

    #[test]
    fn a_stream_is_of_one_aggregate_and_one_producer() {
        let other = Event { source: Service::KeyIssuer, ..event(2, 1, 2) };
        assert!(check(&[event(1, 1, 1), other]).1[0].contains("by key-issuer"));
        let other = Event { aggregate: "key".into(), ..event(2, 1, 2) };
        assert!(check(&[event(1, 1, 1), other]).1[0].contains("that stream is of app"));
    }
}
