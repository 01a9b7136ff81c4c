//! Takes a batch apart until the stream is alone that cannot be applied: all others go on.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use contract::Envelope;
use tokio::time::Instant;
use uuid::Uuid;

use super::applier::{Applier, Unapplied};
use crate::consumer::{BatchHandler, Delivery, Outcome};

/// After how long what could not be applied is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// For how long a batch is taken apart: well below what a batch may take at all. What is left then is delivered
/// again.
const TAKING_APART: Duration = Duration::from_secs(12);

/// Applies batches.
pub(super) struct Handler {
    applier: Applier,
}

/// The events of a stream in a batch, in order, each with its place in the batch.
type Stream = Vec<(usize, Envelope)>;

/// What is still to be done with a batch.
enum Work<'b> {
    /// To be applied in one transaction.
    Together(Vec<&'b Stream>),
    /// To be applied event by event, or parked.
    Alone(&'b Stream),
}

impl Work<'_> {
    fn places(&self) -> impl Iterator<Item = usize> {
        let streams = match self {
            Self::Together(streams) => &streams[..],
            Self::Alone(stream) => std::slice::from_ref(stream),
        };
        streams.iter().flat_map(|stream| stream.iter()).map(|(place, _)| *place)
    }
}

impl Handler {
    pub(super) fn new(applier: Applier) -> Self {
        Self { applier }
    }

    async fn do_work(&self, work: &Work<'_>) -> Result<(), Unapplied> {
        match work {
            Work::Together(streams) => {
                let events =
                    streams.iter().flat_map(|stream| stream.iter()).map(|(_, event)| event);
                self.applier.apply(&events.collect::<Vec<_>>()).await
            }
            Work::Alone(stream) => {
                let events: Vec<_> = stream.iter().map(|(_, event)| event).collect();
                self.applier.settle(&events).await.map(drop)
            }
        }
    }
}

#[async_trait]
impl BatchHandler for Handler {
    async fn handle(&self, batch: &[Delivery]) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::Rejected; batch.len()];
        let streams = read(batch);
        let until = Instant::now() + TAKING_APART;
        let mut left = vec![Work::Together(streams.values().collect())];
        while let Some(work) = left.pop() {
            let done = if Instant::now() < until {
                self.do_work(&work).await
            } else {
                Err(Unapplied::TooLong)
            };
            let mut settle = |work: &Work<'_>, outcome| {
                work.places().for_each(|place| outcomes[place] = outcome);
            };
            match (done, work) {
                (Ok(()), work) => settle(&work, Outcome::Done),
                // It would only be found out again, piece by piece.
                (Err(Unapplied::Unavailable(_)), work) => {
                    settle(&work, Outcome::Retry(RETRY));
                    left.drain(..).for_each(|work| settle(&work, Outcome::Retry(RETRY)));
                }
                (Err(Unapplied::Missing { streams, .. }), Work::Together(group)) => {
                    let (missing, rest): (Vec<&Stream>, Vec<&Stream>) =
                        group.into_iter().partition(|stream| streams.contains(&id(stream)));
                    left.extend(missing.into_iter().map(Work::Alone));
                    if !rest.is_empty() {
                        left.push(Work::Together(rest));
                    }
                }
                (Err(_), Work::Together(mut group))
                    if group.len() > 1 && Instant::now() < until =>
                {
                    left.push(Work::Together(group.split_off(group.len() / 2)));
                    left.push(Work::Together(group));
                }
                (Err(_), Work::Together(group)) if Instant::now() < until => {
                    left.extend(group.into_iter().map(Work::Alone));
                }
                (Err(_), work) => settle(&work, Outcome::Retry(RETRY)),
            }
        }
        outcomes
    }
}

fn id(stream: &Stream) -> Uuid {
    stream.first().map_or(Uuid::nil(), |(_, event)| event.stream_id())
}

/// The events of a batch by their streams, in order. What is none is left out.
fn read(batch: &[Delivery]) -> BTreeMap<Uuid, Stream> {
    let mut streams: BTreeMap<Uuid, Stream> = BTreeMap::new();
    for (place, delivery) in batch.iter().enumerate() {
        match Envelope::parse(&delivery.payload) {
            // An answer of JetStream to a service may be published where that service publishes: who
            // asks chooses the subject, which says whose word it is.
            Ok(event) if event.nats_subject() != delivery.subject => {
                tracing::error!(subject = delivery.subject, event = %event.id, "an event under another's subject: rejected");
            }
            Ok(event) => streams.entry(event.stream_id()).or_default().push((place, event)),
            Err(error) => {
                tracing::error!(subject = delivery.subject, %error, "not an event: rejected");
            }
        }
    }
    for stream in streams.values_mut() {
        stream.sort_by_key(|(_, event)| event.streamversion);
    }
    streams
}
