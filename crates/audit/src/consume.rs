//! From the work queue into the log.

use std::ops::Range;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use contract::Service;
use eventstore::audit_message::{self, EventWithParts};
use eventstore::consumer::{BatchHandler, ConsumerOptions, Delivery, Outcome};
use eventstore::transport::AUDIT;

use crate::entry::Entry;
use crate::ingest::{Ingest, StreamPosition};
use crate::producers::deadline;

/// After how long what could not be recorded is delivered again.
const RETRY: Duration = Duration::from_secs(1);

/// From this delivery on a message is let go although something before its events is missing: that is
/// noted, reaching as far as they do, and had from its producer later. To bring up to 512 events again
/// and again for one stream of them would keep both sides busy.
const LAST_DELIVERY: i64 = 3;

/// How soon one batch may follow another, unless it is a large one.
const PACE: Duration = Duration::from_millis(15);

/// At most so many messages are taken at once: each holds up to 512 KiB.
const MESSAGES: usize = 16;

/// The consumer of all events, the only one of its work queue. Replicas share it.
pub(crate) fn consumer() -> ConsumerOptions {
    ConsumerOptions {
        stream: AUDIT,
        durable: "audit".to_owned(),
        subjects: Vec::new(),
        max_batch: MESSAGES,
        pace: PACE,
    }
}

/// Records events.
pub(crate) struct Events {
    pub(crate) ingest: Ingest,
    /// About so many events are recorded in one transaction: messages are not divided.
    pub(crate) max_batch: usize,
}

/// Messages whose events are recorded together.
#[derive(Default)]
struct Together {
    entries: Vec<Entry>,
    /// For each message its place in the batch, and where its entries are.
    messages: Vec<(usize, Range<usize>)>,
}

#[async_trait]
impl BatchHandler for Events {
    async fn handle(&self, batch: &[Delivery]) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::Retry(RETRY); batch.len()];
        // For all of the batch, however often something is missing: it must be dealt with in time.
        let deadline = deadline();
        let mut together = Together::default();
        for (index, delivery) in batch.iter().enumerate() {
            match self.open(delivery).await {
                Ok(Some(entries)) => {
                    let from = together.entries.len();
                    together.entries.extend(entries);
                    together.messages.push((index, from..together.entries.len()));
                }
                Ok(None) => outcomes[index] = Outcome::Rejected,
                Err(error) => tracing::error!(%error, "what cannot be recorded could not be kept"),
            }
            if together.entries.len() >= self.max_batch {
                let together = std::mem::take(&mut together);
                self.record(together, deadline, batch, &mut outcomes).await;
            }
        }
        self.record(together, deadline, batch, &mut outcomes).await;
        outcomes
    }
}

impl Events {
    /// The events of a message; none if it cannot be read. What can never be recorded is noted as a
    /// conflict, and holds up nothing.
    async fn open(&self, delivery: &Delivery) -> sqlx::Result<Option<Vec<Entry>>> {
        let Some(service) = audit_message::service_of(&delivery.subject) else {
            self.note(delivery, "no service has this subject").await?;
            return Ok(None);
        };
        let events = match audit_message::read(&delivery.payload) {
            Ok(events) => events,
            Err(error) => {
                self.note(delivery, &error.to_string()).await?;
                return Ok(None);
            }
        };
        let mut entries = Vec::with_capacity(events.len());
        for EventWithParts { event, context, .. } in events {
            match read(service, event) {
                Ok(entry) => {
                    let (entry, foreign) = entry.with_context(context);
                    if let Some(foreign) = foreign {
                        self.ingest.refuse_context(entry.event_id, &foreign).await?;
                    }
                    entries.push(entry);
                }
                Err(Refused::NoEvent(reason, bytes)) => {
                    let subject = &delivery.subject;
                    self.ingest.note_unreadable(subject, &bytes, &reason).await?;
                }
                Err(Refused::Foreign(reason, event)) => {
                    let subject = &delivery.subject;
                    self.ingest.keep_malformed(subject, &event, &reason).await?;
                }
            }
        }
        Ok(Some(entries))
    }

    async fn note(&self, delivery: &Delivery, reason: &str) -> sqlx::Result<()> {
        let Delivery { subject, payload, .. } = delivery;
        self.ingest.note_unreadable(subject, payload, reason).await
    }

    /// Records entries and says what became of their messages: one with an entry that waits for what
    /// comes before it is delivered again, a few times, and what is recorded of it is known then.
    async fn record(
        &self,
        together: Together,
        deadline: Instant,
        batch: &[Delivery],
        outcomes: &mut [Outcome],
    ) {
        let Together { entries, messages } = together;
        let positions: Vec<StreamPosition> = entries.iter().map(Entry::stream_position).collect();
        match self.ingest.record(entries, deadline).await {
            Ok(outcome) => {
                for (index, range) in messages {
                    let mut positions = positions[range].iter();
                    if batch[index].attempt >= LAST_DELIVERY
                        || !positions.any(|place| outcome.waiting.contains(place))
                    {
                        outcomes[index] = Outcome::Done;
                    }
                }
            }
            Err(error) => {
                tracing::error!(%error, events = positions.len(), "a batch could not be recorded");
            }
        }
    }
}

/// A part of a message that is no event of its service.
enum Refused {
    /// It may be anything.
    NoEvent(String, Bytes),
    /// It is an event of another.
    Foreign(String, Bytes),
}

/// Reads an event of this service, which must not speak for another.
fn read(service: Service, event: Bytes) -> Result<Entry, Refused> {
    match Entry::read(event) {
        Ok(entry) if entry.is_of(service) => Ok(entry),
        Ok(entry) => Err(Refused::Foreign(
            format!(
                "{service} published an event of {} about a stream of kind {}",
                entry.source, entry.stream_kind
            ),
            entry.envelope,
        )),
        Err((error, event)) => Err(Refused::NoEvent(error.to_string(), event)),
    }
}
