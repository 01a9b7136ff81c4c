//! Publishing a batch: everything is sent, then everything is waited for, in one round trip.

use async_nats::jetstream::Context;
use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use contract::{EventId, OrganizationId};
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use crate::store::OutboxEvent;
use crate::transport::{ContextMessage, TransportError};

/// Publishes events in their order, each after its context.
pub(crate) async fn batch(jetstream: &Context, batch: &[OutboxEvent]) -> Acknowledged {
    let mut sent = Vec::with_capacity(batch.len());
    for event in batch {
        sent.push((event, send(jetstream, event).await));
    }
    let mut acknowledged = Acknowledged::default();
    let mut acks: FuturesUnordered<_> = sent
        .into_iter()
        .map(|(event, sent)| settle(event, sent))
        .collect();
    while let Some((event, ack)) = acks.next().await {
        acknowledged.add(event, ack);
    }
    acknowledged
}

/// The acks of an event's context, if it has one, and of the event.
type Sent = Result<(Option<PublishAckFuture>, PublishAckFuture), TransportError>;

/// Sends an event, its context first: audit then finds the context of each event it is given.
async fn send(jetstream: &Context, event: &OutboxEvent) -> Sent {
    let organization = event.organization.map(OrganizationId::from_uuid);
    let id = event.event_id();
    let context = match (&event.salt, &event.context) {
        (Some(salt), Some(context)) => {
            let message = serde_json::to_vec(&ContextMessage::new(id, salt, context))
                .map_err(TransportError::of)?;
            let message = PublishMessage::build()
                .message_id(id.to_string())
                .payload(message.into());
            let subject = ContextMessage::subject(organization, id);
            let ack = jetstream
                .send_publish(subject, message)
                .await
                .map_err(TransportError::of)?;
            Some(ack)
        }
        _ => None,
    };
    let subject = contract::envelope::nats_subject(organization, &event.kind, event.stream_id);
    let message = PublishMessage::build()
        .message_id(id.to_string())
        .header("Content-Type", contract::envelope::CONTENT_TYPE)
        .payload(event.envelope.clone().into());
    let ack = jetstream
        .send_publish(subject, message)
        .await
        .map_err(TransportError::of)?;
    Ok((context, ack))
}

/// Waits for the acks of an event and its context; both count, or neither.
async fn settle(
    event: &OutboxEvent,
    sent: Sent,
) -> (&OutboxEvent, Result<PublishAck, TransportError>) {
    let acknowledged = async {
        let (context, ack) = sent?;
        if let Some(context) = context {
            context.await.map_err(TransportError::of)?;
        }
        ack.await.map_err(TransportError::of)
    };
    (event, acknowledged.await)
}

/// What JetStream acknowledged of a batch.
#[derive(Default)]
pub(crate) struct Acknowledged {
    /// The rows that were acknowledged.
    pub(crate) seqs: Vec<i64>,
    /// The furthest place in the stream, and the event that is there.
    pub(crate) last: Option<(u64, EventId)>,
    /// The first place that was not taken before. A duplicate keeps the place it had.
    pub(crate) first_new: Option<u64>,
    /// Why the rest was not, as far as one reason tells it.
    pub(crate) reason: Option<String>,
}

impl Acknowledged {
    fn add(&mut self, event: &OutboxEvent, ack: Result<PublishAck, TransportError>) {
        match ack {
            Ok(PublishAck {
                sequence,
                duplicate,
                ..
            }) => {
                self.seqs.push(event.seq);
                if !duplicate {
                    let first = self.first_new.map_or(sequence, |first| first.min(sequence));
                    self.first_new = Some(first);
                }
                if self.last.is_none_or(|(last, _)| sequence > last) {
                    self.last = Some((sequence, event.event_id()));
                }
            }
            Err(error) => {
                self.reason.get_or_insert_with(|| error.to_string());
            }
        }
    }
}
