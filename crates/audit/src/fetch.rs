//! Filling gaps: fetches from their producers the events that did not arrive.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use contract::Service;
use contract::rpc::{StoredEvent, StreamEvents};
use eventstore::gap::{self, Gap, Repair};
use futures::stream::{self, StreamExt};
use tokio::time::Instant;

use crate::entry::Entry;
use crate::producers::Producers;
use crate::stream::StreamPosition;

/// How many requests are in flight at a time.
const CONCURRENT_REQUESTS: usize = 8;

/// For how long is asked, whatever is missing: others wait for it. The rest is asked for another time.
const TIME_LIMIT: Duration = Duration::from_secs(4);

/// Until when is asked from now on.
pub(crate) fn deadline() -> Instant {
    Instant::now() + TIME_LIMIT
}

/// What is known of the producers while they are asked.
struct Fetching<'p> {
    producers: &'p dyn Producers,
    deadline: Instant,
    /// Those that did not answer: they are not asked for each of their streams.
    silent: Mutex<HashSet<Service>>,
}

/// Fetches what is missing, as much as can be had until then. Of what could not be had, the reason is
/// told.
pub(crate) async fn fetch_gaps(
    producers: &dyn Producers,
    gaps: Vec<Gap>,
    deadline: Instant,
) -> (Vec<Entry>, Vec<(Gap, String)>) {
    let fetching = Fetching { producers, deadline, silent: Mutex::default() };
    let fetching = &fetching;
    let mut answers = stream::iter(gaps)
        .map(|gap| async move {
            let (found, failure) = fetching.fetch(&gap).await;
            // What was had is a gap no more.
            let from = found.last().map_or(gap.from, |last| last.version.next());
            (Gap { from, ..gap }, found, failure)
        })
        .buffered(CONCURRENT_REQUESTS);
    let (mut entries, mut failures) = (Vec::new(), Vec::new());
    while let Some((gap, found, failure)) = answers.next().await {
        entries.extend(found);
        failures.extend(failure.map(|reason| (gap, reason)));
    }
    (entries, failures)
}

impl Fetching<'_> {
    fn is_silent(&self, service: Service) -> bool {
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        silent.contains(&service)
    }

    fn did_not_answer(&self, service: Service) {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        silent.insert(service);
    }

    /// Fetches one gap. What was had before a failure counts.
    async fn fetch(&self, gap: &Gap) -> (Vec<Entry>, Option<String>) {
        let filled = gap::fill(self, gap, |version, stored| {
            let position = StreamPosition { stream_id: gap.stream_id, version };
            let entry = Entry::read(stored.envelope.into_bytes().into()).ok()?;
            (entry.stream_position() == position && entry.is_of(gap.producer)).then_some(entry)
        });
        let filled = filled.await;
        (filled.events, filled.unfilled)
    }
}

#[async_trait]
impl Repair for Fetching<'_> {
    async fn stream_events(
        &self,
        producer: Service,
        asked: StreamEvents,
    ) -> Result<Vec<StoredEvent>, String> {
        if Instant::now() >= self.deadline {
            return Err("there was no time left to ask for it".to_owned());
        }
        if self.is_silent(producer) {
            return Err(format!("{producer} does not answer"));
        }
        self.producers.stream_events(producer, &asked).await.map_err(|unreachable| {
            // Of several events the answer may only have been too large: they are asked for one by one.
            if asked.from == asked.to {
                self.did_not_answer(producer);
            }
            unreachable.to_string()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::Relaxed;

    use contract::Version;
    use contract::facts::AppSuspended;
    use contract::rpc::{
        EventDigest, HeadsPage, ManifestListOf, ManifestsWritten, RepeatEvents, StreamHeads,
        UnknownEvents,
    };
    use uuid::Uuid;

    use super::*;
    use crate::entry::tests::event;
    use crate::producers::Unreachable;

    /// Has the first versions of each stream, and says that they are of another service if told so.
    struct Few {
        versions: i64,
        of: Service,
        away: Option<Service>,
        asked: AtomicUsize,
    }

    impl Few {
        fn new(versions: i64, of: Service) -> Self {
            Self { versions, of, away: None, asked: AtomicUsize::new(0) }
        }
    }

    #[async_trait]
    impl Producers for Few {
        async fn stream_events(
            &self,
            of: Service,
            asked: &StreamEvents,
        ) -> Result<Vec<StoredEvent>, Unreachable> {
            self.asked.fetch_add(1, Relaxed);
            tokio::task::yield_now().await;
            if self.away == Some(of) {
                return Err(Unreachable("away".to_owned()));
            }
            let fact = AppSuspended { app_id: contract::AppId::from_uuid(asked.stream_id) };
            let stored = |version| {
                let bytes = event(asked.stream_id, version, &fact);
                let mut envelope = contract::Envelope::parse(&bytes).unwrap();
                envelope.source = self.of;
                let version = envelope.streamversion;
                let envelope = String::from_utf8(envelope.canonical().unwrap()).unwrap();
                StoredEvent { version, envelope }
            };
            // Two at a time, as if more did not fit.
            let versions = asked.from.number()..=asked.to.number().min(self.versions);
            Ok(versions.take(2).map(stored).collect())
        }

        async fn stream_heads(
            &self,
            _: Service,
            _: &StreamHeads,
        ) -> Result<HeadsPage, Unreachable> {
            Err(Unreachable("not asked".to_owned()))
        }

        async fn unknown_events(
            &self,
            _: Service,
            _: &UnknownEvents,
        ) -> Result<Vec<EventDigest>, Unreachable> {
            Err(Unreachable("not asked".to_owned()))
        }

        async fn repeat_events(&self, _: Service, _: &RepeatEvents) -> Result<u64, Unreachable> {
            Err(Unreachable("not asked".to_owned()))
        }

        async fn manifest_list(
            &self,
            _: Service,
            _: &ManifestListOf,
        ) -> Result<Option<String>, Unreachable> {
            Err(Unreachable("not asked".to_owned()))
        }

        async fn write_manifests(&self, _: Service) -> Result<ManifestsWritten, Unreachable> {
            Err(Unreachable("not asked".to_owned()))
        }
    }

    fn gap(stream: u128, from: i64, to: i64) -> Gap {
        let [from, to] = [from, to].map(|number| Version::new(number).unwrap());
        Gap { producer: Service::AppRegistry, stream_id: Uuid::from_u128(stream), from, to }
    }

    #[tokio::test]
    async fn what_can_be_had_of_a_gap_is_had_and_the_rest_stays_one() {
        let registry = Few::new(7, Service::AppRegistry);
        let (found, failed) =
            fetch_gaps(&registry, vec![gap(1, 2, 9), gap(2, 7, 7)], deadline()).await;
        let versions: Vec<i64> = found.iter().map(|entry| entry.version.number()).collect();
        assert_eq!(versions, [2, 3, 4, 5, 6, 7, 7]);
        let [(left, reason)] = failed.as_slice() else { panic!("{failed:?}") };
        assert_eq!(*left, gap(1, 8, 9));
        let missing = format!("app-registry does not have version 8 of stream {}", left.stream_id);
        assert_eq!(*reason, missing);
    }

    #[tokio::test]
    async fn a_producer_answers_for_itself_only() {
        let other = Few::new(9, Service::KeyIssuer);
        let (found, failed) = fetch_gaps(&other, vec![gap(1, 1, 2)], deadline()).await;
        assert!(found.is_empty());
        assert_eq!(failed[0].0, gap(1, 1, 2));
    }

    #[tokio::test]
    async fn when_the_time_is_over_nothing_more_is_asked() {
        let registry = Few::new(9, Service::AppRegistry);
        let (found, failed) = fetch_gaps(&registry, vec![gap(1, 1, 2)], Instant::now()).await;
        assert!(found.is_empty());
        assert_eq!(failed[0].0, gap(1, 1, 2));
    }

    #[tokio::test]
    async fn a_producer_that_does_not_answer_is_not_asked_for_each_of_its_streams() {
        let away = Few {
            versions: 9,
            of: Service::AppRegistry,
            away: Some(Service::KeyIssuer),
            asked: AtomicUsize::new(0),
        };
        let of_the_away = |stream| Gap { producer: Service::KeyIssuer, ..gap(stream, 1, 1) };
        let mut gaps: Vec<Gap> = (10..110).map(of_the_away).collect();
        gaps.push(gap(1, 1, 1));
        let (found, failed) = fetch_gaps(&away, gaps, deadline()).await;
        assert_eq!((found.len(), failed.len()), (1, 100));
        let asked = away.asked.load(Relaxed);
        assert!(asked <= CONCURRENT_REQUESTS + 1, "{asked} requests");
    }
}
