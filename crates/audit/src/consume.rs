//! From JetStream into the index: the handlers of both consumers.

use std::time::Duration;

use async_trait::async_trait;
use eventstore::consumer::{BatchHandler, ConsumerOptions, Delivery, Outcome};
use eventstore::transport::{CONTEXTS, ContextMessage, EVENTS};

use crate::contexts::Received;
use crate::entry::Entry;
use crate::ingest::Ingest;

/// After how long what could not be recorded is delivered again.
const RETRY: Duration = Duration::from_secs(1);

/// How soon one batch may follow another. Contexts are only ever looked at by people.
const EVENTS_PACE: Duration = Duration::from_millis(15);
const CONTEXTS_PACE: Duration = Duration::from_millis(50);

/// The consumer of all events. Replicas share it.
pub(crate) fn events(max_batch: usize) -> ConsumerOptions {
    ConsumerOptions {
        stream: EVENTS,
        durable: "audit".to_owned(),
        subjects: Vec::new(),
        max_batch,
        pace: EVENTS_PACE,
    }
}

/// The consumer of all contexts: the only one of its work queue.
pub(crate) fn contexts(max_batch: usize) -> ConsumerOptions {
    ConsumerOptions {
        stream: CONTEXTS,
        durable: "audit-contexts".to_owned(),
        subjects: Vec::new(),
        max_batch,
        pace: CONTEXTS_PACE,
    }
}

/// Records events.
pub(crate) struct Events(pub(crate) Ingest);

#[async_trait]
impl BatchHandler for Events {
    async fn handle(&self, batch: &[Delivery]) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::Retry(RETRY); batch.len()];
        let mut places = vec![None; batch.len()];
        let mut entries = Vec::with_capacity(batch.len());
        for (index, delivery) in batch.iter().enumerate() {
            match Entry::read(delivery.payload.to_vec()) {
                Ok(entry) => {
                    places[index] = Some((entry.stream_id, entry.version));
                    entries.push(entry);
                }
                Err((error, payload)) => {
                    let kept = self
                        .0
                        .keep_malformed(&delivery.subject, payload, &error.to_string())
                        .await;
                    if kept.is_ok() {
                        outcomes[index] = Outcome::Rejected;
                    }
                }
            }
        }
        match self.0.record(entries).await {
            Ok(outcome) => {
                for (verdict, place) in outcomes.iter_mut().zip(places) {
                    if place.is_some_and(|place| !outcome.waiting.contains(&place)) {
                        *verdict = Outcome::Done;
                    }
                }
            }
            Err(error) => {
                tracing::error!(%error, events = batch.len(), "a batch could not be recorded");
            }
        }
        outcomes
    }
}

/// Keeps contexts.
pub(crate) struct Contexts(pub(crate) Ingest);

#[async_trait]
impl BatchHandler for Contexts {
    async fn handle(&self, batch: &[Delivery]) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::Retry(RETRY); batch.len()];
        let mut places = Vec::with_capacity(batch.len());
        let mut arrived = Vec::with_capacity(batch.len());
        for (index, delivery) in batch.iter().enumerate() {
            match ContextMessage::parse(&delivery.payload) {
                Ok(contexts) => {
                    places.extend(std::iter::repeat_n(index, contexts.len()));
                    arrived.extend(contexts);
                }
                Err(error) => {
                    // Not kept: whatever it is, it may be personal.
                    tracing::error!(subject = delivery.subject, %error, "a message is no context");
                    outcomes[index] = Outcome::Rejected;
                }
            }
        }
        match self.0.receive(&arrived).await {
            Ok(received) => {
                // A message is done with when each of its contexts is; a refused one is noted.
                for index in &places {
                    outcomes[*index] = Outcome::Done;
                }
                for (index, received) in places.into_iter().zip(received) {
                    if received == Received::Waits {
                        outcomes[index] = Outcome::Retry(RETRY);
                    }
                }
            }
            Err(error) => {
                tracing::error!(%error, contexts = arrived.len(), "contexts could not be kept");
            }
        }
        outcomes
    }
}
