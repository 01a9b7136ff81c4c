//! Asking producers for what did not arrive.

use async_trait::async_trait;
use contract::rpc::{HeadsPage, RepeatEvents, Request, StoredEvent, StreamEvents, StreamHeads};
use contract::{Environment, Service};
use futures::stream::{self, StreamExt};
use service::{CallContext, RpcClient};

use crate::arrange::Hole;
use crate::entry::Entry;

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
    /// Publishes some of a stream's events once more, with their contexts.
    async fn repeat_events(&self, of: Service, asked: &RepeatEvents) -> Result<(), Unreachable>;
}

/// The producer could not be asked, or did not have what must exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unreachable(pub(crate) String);

/// A producer repeats no more at a question.
const REPEATED_AT_ONCE: i64 = 512;

/// How many producers' answers are waited for at a time.
const QUESTIONS_AT_A_TIME: usize = 8;

/// Fetches what is missing. Of what could not be had, the reason is told.
pub(crate) async fn fetch_all(
    producers: &dyn Producers,
    holes: Vec<Hole>,
) -> (Vec<Entry>, Vec<(Hole, Unreachable)>) {
    let mut answers = stream::iter(holes)
        .map(|hole| async {
            let (found, failure) = fetch(producers, &hole).await;
            match ask_for_contexts(producers, hole.source, &found).await {
                Ok(()) => {
                    // What was had is a hole no more.
                    let from = found.last().map_or(hole.from, |last| last.version + 1);
                    (Hole { from, ..hole }, (found, failure))
                }
                // Recorded without their contexts, nobody would miss these again.
                Err(unreachable) => (hole, (Vec::new(), Some(unreachable))),
            }
        })
        .buffered(QUESTIONS_AT_A_TIME);
    let (mut entries, mut failures) = (Vec::new(), Vec::new());
    while let Some((hole, (found, failure))) = answers.next().await {
        entries.extend(found);
        failures.extend(failure.map(|reason| (hole, reason)));
    }
    (entries, failures)
}

/// Fetches one hole, in as many questions as it takes. What was had before a failure counts.
async fn fetch(producers: &dyn Producers, hole: &Hole) -> (Vec<Entry>, Option<Unreachable>) {
    let mut found: Vec<Entry> = Vec::new();
    let mut next = hole.from;
    let mut alone = false;
    while next <= hole.to {
        let to = if alone { next } else { hole.to };
        let asked = StreamEvents {
            stream_id: hole.stream_id,
            from: next,
            to,
        };
        let answer = match producers.stream_events(hole.source, &asked).await {
            Ok(answer) => answer,
            // Large events do not fit into one answer together: one at a time they do.
            Err(_) if !alone && next < hole.to => {
                alone = true;
                continue;
            }
            Err(unreachable) => return (found, Some(unreachable)),
        };
        let before = next;
        for event in answer {
            match Entry::read(event.envelope.into_bytes().into()) {
                Ok(entry)
                    if entry.place() == (hole.stream_id, next) && entry.source == hole.source =>
                {
                    next += 1;
                    found.push(entry);
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

/// Has the events of a stream that were fetched and have contexts published once more: contexts are in no
/// answer.
async fn ask_for_contexts(
    producers: &dyn Producers,
    of: Service,
    fetched: &[Entry],
) -> Result<(), Unreachable> {
    let mut committing = fetched.iter().filter(|entry| entry.contexthash.is_some());
    let Some(first) = committing.next() else {
        return Ok(());
    };
    let last = committing.next_back().unwrap_or(first);
    let mut from = first.version;
    while from <= last.version {
        let to = last.version.min(from + REPEATED_AT_ONCE - 1);
        let asked = RepeatEvents {
            stream_id: first.stream_id,
            from,
            to,
        };
        producers.repeat_events(of, &asked).await?;
        from = to + 1;
    }
    Ok(())
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

    async fn repeat_events(&self, of: Service, asked: &RepeatEvents) -> Result<(), Unreachable> {
        self.ask(of, asked).await.map(drop)
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
