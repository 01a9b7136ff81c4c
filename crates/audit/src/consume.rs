//! Consumer of the work queue: records what comes, and says which messages are done.

use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use contract::Service;
use eventstore::audit_message::{self, EventWithParts};
use eventstore::consumer::{BatchHandler, ConsumerOptions, Delivery, Outcome};
use eventstore::transport::{AUDIT, AUDIT_DURABLE};
use tokio::time::Instant;

use crate::conflict::Conflict;
use crate::entry::Entry;
use crate::fetch::deadline;
use crate::ingest::Ingest;
use crate::part::Parts;
use crate::readiness::Recording;
use crate::stream::StreamPosition;

/// After how long what could not be recorded is delivered again.
const RETRY: Duration = Duration::from_secs(1);

/// From this delivery on a message is let go although something before its events is missing: that is
/// kept as a gap, reaching as far as they do, and fetched from its producer later. To bring up to 512
/// events again and again for one stream of them would keep both sides busy.
const LAST_DELIVERY: i64 = 3;

/// How soon one batch may follow another, and a batch of many events: the log lags so much at most while it is quiet, and
/// takes more at once under load.
const PACE: Duration = Duration::from_millis(4);
const BUSY_PACE: Duration = Duration::from_millis(15);

/// At most so many messages are taken at once: each holds up to 512 KiB.
const MESSAGES: usize = 16;

/// The consumer of all events, the only one of its work queue. Replicas share it.
pub(crate) fn consumer() -> ConsumerOptions {
    ConsumerOptions {
        stream: AUDIT,
        durable: AUDIT_DURABLE.to_owned(),
        subjects: Vec::new(),
        max_batch: MESSAGES,
        pace: PACE,
        busy_pace: BUSY_PACE,
    }
}

/// Records events.
pub(crate) struct EventHandler {
    pub(crate) ingest: Ingest,
    /// About so many events are recorded in one transaction: messages are not divided.
    pub(crate) max_batch: usize,
    /// How that goes.
    pub(crate) recording: Recording,
}

/// Group commit: messages whose events are recorded in one transaction.
#[derive(Default)]
struct Group {
    entries: Vec<Entry>,
    /// For each message its index in the batch, and where its entries are.
    messages: Vec<(usize, Range<usize>)>,
}

#[async_trait]
impl BatchHandler for EventHandler {
    async fn handle(&self, batch: &[Delivery]) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::Retry(RETRY); batch.len()];
        // For all of the batch, however often something is missing: it must be dealt with in time.
        let deadline = deadline();
        let mut group = Group::default();
        for (index, delivery) in batch.iter().enumerate() {
            match self.open(delivery).await {
                Ok(Some(entries)) => {
                    let from = group.entries.len();
                    group.entries.extend(entries);
                    group.messages.push((index, from..group.entries.len()));
                }
                Ok(None) => outcomes[index] = Outcome::Rejected,
                Err(error) => tracing::error!(%error, "what cannot be recorded could not be kept"),
            }
            if group.entries.len() >= self.max_batch {
                let group = std::mem::take(&mut group);
                self.record(group, deadline, batch, &mut outcomes).await;
            }
        }
        self.record(group, deadline, batch, &mut outcomes).await;
        outcomes
    }
}

impl EventHandler {
    /// The events of a message; none if it is no message. What can never be recorded is kept as a
    /// conflict, and holds up nothing.
    async fn open(&self, delivery: &Delivery) -> sqlx::Result<Option<Vec<Entry>>> {
        let Some(service) = audit_message::service_of(&delivery.subject) else {
            self.reject(delivery, "no service has this subject").await?;
            return Ok(None);
        };
        let events = match audit_message::read(&delivery.payload) {
            Ok(events) => events,
            Err(error) => {
                self.reject(delivery, &error.to_string()).await?;
                return Ok(None);
            }
        };
        let mut entries = Vec::with_capacity(events.len());
        for EventWithParts { event, context, details } in events {
            match read(service, event) {
                Ok(entry) => {
                    let (entry, mismatched) = entry.with_parts(Parts { context, details });
                    for mismatched in mismatched {
                        let conflict = Conflict::of_part(entry.event_id, &mismatched);
                        let reason = "the event does not commit to it";
                        self.ingest.reject(&conflict, reason).await?;
                    }
                    entries.push(entry);
                }
                Err(Rejected::Unreadable(reason, bytes)) => {
                    let conflict = Conflict::of_unreadable(&delivery.subject, &bytes);
                    self.ingest.reject(&conflict, &reason).await?;
                }
                Err(Rejected::WrongSender(reason, entry)) => {
                    let conflict = Conflict::of_wrong_sender(&delivery.subject, &entry);
                    self.ingest.reject(&conflict, &reason).await?;
                }
            }
        }
        Ok(Some(entries))
    }

    async fn reject(&self, delivery: &Delivery, reason: &str) -> sqlx::Result<()> {
        let conflict = Conflict::of_unreadable(&delivery.subject, &delivery.payload);
        self.ingest.reject(&conflict, reason).await
    }

    /// Records entries and says what became of their messages: one with an entry that waits for what
    /// comes before it is delivered again, a few times, and what is recorded of it is known then.
    async fn record(
        &self,
        group: Group,
        deadline: Instant,
        batch: &[Delivery],
        outcomes: &mut [Outcome],
    ) {
        let Group { entries, messages } = group;
        if entries.is_empty() {
            for (index, _) in messages {
                outcomes[index] = Outcome::Done;
            }
            return;
        }
        let positions: Vec<StreamPosition> = entries.iter().map(Entry::stream_position).collect();
        match self.ingest.record(entries, deadline).await {
            Ok(outcome) => {
                self.recording.tell(None);
                for (index, range) in messages {
                    let mut positions = positions[range].iter();
                    if batch[index].attempt >= LAST_DELIVERY
                        || !positions.any(|position| outcome.out_of_sequence.contains(position))
                    {
                        outcomes[index] = Outcome::Done;
                    }
                }
            }
            Err(error) => {
                tracing::error!(%error, events = positions.len(), "a batch could not be recorded");
                self.recording.tell(Some(error.to_string()));
            }
        }
    }
}

/// A part of a message that is no event of its sender.
enum Rejected {
    /// It may be anything.
    Unreadable(String, Bytes),
    /// It is an event of another.
    WrongSender(String, Box<Entry>),
}

/// Reads an event of this service, which must not speak for another.
fn read(service: Service, event: Bytes) -> Result<Entry, Rejected> {
    match Entry::read(event) {
        Ok(entry) if entry.is_of(service) => Ok(entry),
        Ok(entry) => Err(Rejected::WrongSender(
            format!(
                "{service} published an event of {} about a stream of kind {}",
                entry.source, entry.stream_kind
            ),
            Box::new(entry),
        )),
        Err((error, event)) => Err(Rejected::Unreadable(error.to_string(), event)),
    }
}
