//! Asking producers for what did not arrive.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use contract::rpc::{HeadsPage, RepeatEvents, Request, StoredEvent, StreamEvents, StreamHeads};
use contract::{Environment, Service};
use futures::stream::{self, StreamExt};
use service::{CallContext, RpcClient};

use crate::entry::Entry;
use crate::stream::{Hole, StreamPosition};

/// The producers of events, as those see them who miss some.
#[async_trait]
pub(crate) trait Producers: Send + Sync {
    /// Some of a stream's events, from the first asked for on.
    async fn stream_events(
        &self,
        of: Service,
        asked: &StreamEvents,
    ) -> Result<Vec<StoredEvent>, Unreachable>;
    /// How far streams reach.
    async fn stream_heads(
        &self,
        of: Service,
        asked: &StreamHeads,
    ) -> Result<HeadsPage, Unreachable>;
    /// Publishes some of a stream's events once more, with their contexts: how many.
    async fn repeat_events(&self, of: Service, asked: &RepeatEvents) -> Result<u64, Unreachable>;
}

/// The producer could not be asked, or did not have what must exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unreachable(pub(crate) String);

/// How many producers' answers are waited for at a time.
const QUESTIONS_AT_A_TIME: usize = 8;

/// For how long is asked, whatever is missing: others wait for it. The rest is asked for another time.
const ASKING: Duration = Duration::from_secs(4);

/// Until when is asked from now on.
pub(crate) fn deadline() -> Instant {
    Instant::now() + ASKING
}

/// What is known of the producers while they are asked.
struct Asking<'p> {
    producers: &'p dyn Producers,
    deadline: Instant,
    /// Those that did not answer: they are not asked for each of their streams.
    silent: Mutex<HashSet<Service>>,
}

/// Fetches what is missing, as much as can be had until then. Of what could not be had, the reason is
/// told.
pub(crate) async fn fetch_all(
    producers: &dyn Producers,
    holes: Vec<Hole>,
    deadline: Instant,
) -> (Vec<Entry>, Vec<(Hole, Unreachable)>) {
    let asking = Asking { producers, deadline, silent: Mutex::default() };
    let asking = &asking;
    let mut answers = stream::iter(holes)
        .map(|hole| async move {
            let (found, failure) = asking.fetch(&hole).await;
            // What was had is a hole no more.
            let from = found.last().map_or(hole.from, |last| last.version + 1);
            (Hole { from, ..hole }, found, failure)
        })
        .buffered(QUESTIONS_AT_A_TIME);
    let (mut entries, mut failures) = (Vec::new(), Vec::new());
    while let Some((hole, found, failure)) = answers.next().await {
        entries.extend(found);
        failures.extend(failure.map(|reason| (hole, reason)));
    }
    (entries, failures)
}

impl Asking<'_> {
    fn is_silent(&self, service: Service) -> bool {
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        silent.contains(&service)
    }

    fn did_not_answer(&self, service: Service) {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        silent.insert(service);
    }

    /// Fetches one hole, in as many questions as it takes. What was had before a failure counts.
    async fn fetch(&self, hole: &Hole) -> (Vec<Entry>, Option<Unreachable>) {
        let mut found: Vec<Entry> = Vec::new();
        let mut next = hole.from;
        let mut alone = false;
        while next <= hole.to {
            let to = if alone { next } else { hole.to };
            let asked = StreamEvents { stream_id: hole.stream_id, from: next, to };
            if Instant::now() >= self.deadline {
                let text = "there was no time left to ask for it".to_owned();
                return (found, Some(Unreachable(text)));
            }
            if self.is_silent(hole.source) {
                let text = format!("{} does not answer", hole.source);
                return (found, Some(Unreachable(text)));
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
                    return (found, Some(unreachable));
                }
            };
            let before = next;
            for event in answer {
                let position = StreamPosition { stream_id: hole.stream_id, version: next };
                match Entry::read(event.envelope.into_bytes().into()) {
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
                let text = format!(
                    "{} does not have version {next} of stream {}",
                    hole.source, hole.stream_id
                );
                return (found, Some(Unreachable(text)));
            }
        }
        (found, None)
    }
}

/// The producers, asked over NATS.
pub(crate) struct RpcProducers {
    pub(crate) rpc: RpcClient,
    pub(crate) env: Environment,
}

#[async_trait]
impl Producers for RpcProducers {
    async fn stream_events(
        &self,
        of: Service,
        asked: &StreamEvents,
    ) -> Result<Vec<StoredEvent>, Unreachable> {
        self.ask(of, asked).await
    }

    async fn stream_heads(
        &self,
        of: Service,
        asked: &StreamHeads,
    ) -> Result<HeadsPage, Unreachable> {
        self.ask(of, asked).await
    }

    async fn repeat_events(&self, of: Service, asked: &RepeatEvents) -> Result<u64, Unreachable> {
        self.ask(of, asked).await
    }
}

impl RpcProducers {
    async fn ask<R: Request>(&self, of: Service, question: &R) -> Result<R::Reply, Unreachable> {
        let context = CallContext::new(&self.env);
        self.rpc
            .call_at(of, context, question)
            .await
            .map_err(|error| Unreachable(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::Relaxed;

    use contract::facts::AppSuspended;
    use uuid::Uuid;

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
            fetch_all(&registry, vec![hole(1, 2, 9), hole(2, 7, 7)], deadline()).await;
        let versions: Vec<i64> = found.iter().map(|entry| entry.version).collect();
        assert_eq!(versions, [2, 3, 4, 5, 6, 7, 7]);
        assert!(found.iter().all(|entry| entry.fetched));
        let [(left, reason)] = failed.as_slice() else { panic!("{failed:?}") };
        assert_eq!(*left, hole(1, 8, 9));
        assert!(reason.0.contains("does not have version 8"), "{reason}");
    }

    #[tokio::test]
    async fn a_producer_answers_for_itself_only() {
        let other = Few::new(9, Service::KeyIssuer);
        let (found, failed) = fetch_all(&other, vec![hole(1, 1, 2)], deadline()).await;
        assert!(found.is_empty());
        assert_eq!(failed[0].0, hole(1, 1, 2));
    }

    #[tokio::test]
    async fn when_the_time_is_over_nothing_more_is_asked() {
        let registry = Few::new(9, Service::AppRegistry);
        let (found, failed) = fetch_all(&registry, vec![hole(1, 1, 2)], Instant::now()).await;
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
        let (found, failed) = fetch_all(&away, holes, deadline()).await;
        assert_eq!((found.len(), failed.len()), (1, 100));
        let asked = away.asked.load(Relaxed);
        assert!(asked <= QUESTIONS_AT_A_TIME + 1, "{asked} questions");
    }
}
