//! Filling holes: fetches from their producers the events that did not arrive.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use contract::Service;
use contract::rpc::StreamEvents;
use futures::stream::{self, StreamExt};
use uuid::Uuid;

use crate::entry::Entry;
use crate::producers::{Producers, Unreachable};
use crate::stream::{Hole, StreamPosition};

/// How many requests are in flight at a time.
const CONCURRENT_REQUESTS: usize = 8;

/// For how long is asked, whatever is missing: others wait for it. The rest is asked for another time.
const TIME_LIMIT: Duration = Duration::from_secs(4);

/// Until when is asked from now on.
pub(crate) fn deadline() -> Instant {
    Instant::now() + TIME_LIMIT
}

/// Why a hole, or the rest of it, could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("there was no time left to ask for it")]
    DeadlinePassed,
    /// It failed to answer for another hole: it is not asked for this one.
    #[error("{0} does not answer")]
    Silent(Service),
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("{service} does not have version {version} of stream {stream_id}")]
    NoSuchVersion { service: Service, stream_id: Uuid, version: i64 },
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
pub(crate) async fn fetch_holes(
    producers: &dyn Producers,
    holes: Vec<Hole>,
    deadline: Instant,
) -> (Vec<Entry>, Vec<(Hole, FetchError)>) {
    let fetching = Fetching { producers, deadline, silent: Mutex::default() };
    let fetching = &fetching;
    let mut answers = stream::iter(holes)
        .map(|hole| async move {
            let (found, failure) = fetching.fetch(&hole).await;
            // What was had is a hole no more.
            let from = found.last().map_or(hole.from, |last| last.version + 1);
            (Hole { from, ..hole }, found, failure)
        })
        .buffered(CONCURRENT_REQUESTS);
    let (mut entries, mut failures) = (Vec::new(), Vec::new());
    while let Some((hole, found, failure)) = answers.next().await {
        entries.extend(found);
        failures.extend(failure.map(|reason| (hole, reason)));
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

    /// Fetches one hole, in as many requests as it takes. What was had before a failure counts.
    async fn fetch(&self, hole: &Hole) -> (Vec<Entry>, Option<FetchError>) {
        let mut found: Vec<Entry> = Vec::new();
        let mut next = hole.from;
        let mut alone = false;
        while next <= hole.to {
            let to = if alone { next } else { hole.to };
            let asked = StreamEvents { stream_id: hole.stream_id, from: next, to };
            if Instant::now() >= self.deadline {
                return (found, Some(FetchError::DeadlinePassed));
            }
            if self.is_silent(hole.source) {
                return (found, Some(FetchError::Silent(hole.source)));
            }
            let answer = match self.producers.stream_events(hole.source, &asked).await {
                Ok(answer) => answer,
                // Large events do not fit into one answer together: one at a time they do.
                Err(_) if !alone && next < hole.to => {
                    alone = true;
                    continue;
                }
                Err(unreachable) => {
                    self.did_not_answer(hole.source);
                    return (found, Some(unreachable.into()));
                }
            };
            let before = next;
            for stored in answer {
                let position = StreamPosition { stream_id: hole.stream_id, version: next };
                match Entry::read(stored.envelope.into_bytes().into()) {
                    Ok(entry)
                        if entry.stream_position() == position && entry.is_of(hole.source) =>
                    {
                        next += 1;
                        found.push(Entry { fetched: true, ..entry });
                    }
                    Ok(_) | Err(_) => break,
                }
            }
            if next == before {
                let missing = FetchError::NoSuchVersion {
                    service: hole.source,
                    stream_id: hole.stream_id,
                    version: next,
                };
                return (found, Some(missing));
            }
        }
        (found, None)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::Relaxed;

    use async_trait::async_trait;
    use contract::facts::AppSuspended;
    use contract::rpc::{HeadsPage, RepeatEvents, StoredEvent, StreamHeads};

    use super::*;
    use crate::entry::tests::event;

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
                StoredEvent {
                    version,
                    envelope: String::from_utf8(envelope.canonical().unwrap()).unwrap(),
                }
            };
            // Two at a time, as if more did not fit.
            let versions = (asked.from..=asked.to.min(self.versions)).take(2);
            Ok(versions.map(stored).collect())
        }

        async fn stream_heads(
            &self,
            _: Service,
            _: &StreamHeads,
        ) -> Result<HeadsPage, Unreachable> {
            Err(Unreachable("not asked".to_owned()))
        }

        async fn repeat_events(&self, _: Service, _: &RepeatEvents) -> Result<u64, Unreachable> {
            Err(Unreachable("not asked".to_owned()))
        }
    }

    fn hole(stream: u128, from: i64, to: i64) -> Hole {
        Hole { stream_id: Uuid::from_u128(stream), source: Service::AppRegistry, from, to }
    }

    #[tokio::test]
    async fn what_can_be_had_of_a_hole_is_had_and_the_rest_stays_one() {
        let registry = Few::new(7, Service::AppRegistry);
        let (found, failed) =
            fetch_holes(&registry, vec![hole(1, 2, 9), hole(2, 7, 7)], deadline()).await;
        let versions: Vec<i64> = found.iter().map(|entry| entry.version).collect();
        assert_eq!(versions, [2, 3, 4, 5, 6, 7, 7]);
        assert!(found.iter().all(|entry| entry.fetched));
        let [(left, reason)] = failed.as_slice() else { panic!("{failed:?}") };
        assert_eq!(*left, hole(1, 8, 9));
        let missing = FetchError::NoSuchVersion {
            service: Service::AppRegistry,
            stream_id: left.stream_id,
            version: 8,
        };
        assert_eq!(*reason, missing);
    }

    #[tokio::test]
    async fn a_producer_answers_for_itself_only() {
        let other = Few::new(9, Service::KeyIssuer);
        let (found, failed) = fetch_holes(&other, vec![hole(1, 1, 2)], deadline()).await;
        assert!(found.is_empty());
        assert_eq!(failed[0].0, hole(1, 1, 2));
    }

    #[tokio::test]
    async fn when_the_time_is_over_nothing_more_is_asked() {
        let registry = Few::new(9, Service::AppRegistry);
        let (found, failed) = fetch_holes(&registry, vec![hole(1, 1, 2)], Instant::now()).await;
        assert!(found.is_empty());
        assert_eq!(failed[0].0, hole(1, 1, 2));
    }

    #[tokio::test]
    async fn a_producer_that_does_not_answer_is_not_asked_for_each_of_its_streams() {
        let away = Few {
            versions: 9,
            of: Service::AppRegistry,
            away: Some(Service::KeyIssuer),
            asked: AtomicUsize::new(0),
        };
        let of_the_away = |stream| Hole { source: Service::KeyIssuer, ..hole(stream, 1, 1) };
        let mut holes: Vec<Hole> = (10..110).map(of_the_away).collect();
        holes.push(hole(1, 1, 1));
        let (found, failed) = fetch_holes(&away, holes, deadline()).await;
        assert_eq!((found.len(), failed.len()), (1, 100));
        let asked = away.asked.load(Relaxed);
        assert!(asked <= CONCURRENT_REQUESTS + 1, "{asked} requests");
    }
}
