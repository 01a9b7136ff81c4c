//! Publishing a batch: everything is sent, then everything is waited for, in a round trip for each way.

use std::error::Error;

use async_nats::jetstream::context::{PublishAckFuture, PublishError};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::{Context, Error as ApiError, ErrorCode};
use contract::{EventId, OrganizationId, Service};
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use crate::audit_message;
use crate::store::OutboxEvent;
use crate::transport::TransportError;

/// Publishes events of a service to audit, in their order, many in a message.
pub(crate) async fn to_audit(
    jetstream: &Context,
    service: Service,
    batch: &[OutboxEvent],
) -> Acknowledged {
    let mut sent = Vec::new();
    for group in audit_message::divide(batch, |event| &event.content) {
        sent.push((group, send_to_audit(jetstream, service, group).await));
    }
    let mut acknowledged = Acknowledged::default();
    for (group, sent) in sent {
        match settle(sent).await {
            Ok(ack) => acknowledged.add_group(group, ack.sequence),
            Err(error) => acknowledged.fail(&error),
        }
    }
    acknowledged
}

/// Publishes events to everybody else, in their order, each under its own subject.
pub(crate) async fn one_by_one(jetstream: &Context, batch: &[OutboxEvent]) -> Acknowledged {
    let mut acknowledged = Acknowledged::default();
    let mut sent = Vec::with_capacity(batch.len());
    for event in batch {
        sent.push((event, send(jetstream, event).await));
    }
    let mut acks: FuturesUnordered<_> =
        sent.into_iter().map(async |(event, sent)| (event, settle(sent).await)).collect();
    while let Some((event, ack)) = acks.next().await {
        match ack {
            Ok(ack) => acknowledged.add(event, &ack),
            Err(error) => acknowledged.fail(&error),
        }
    }
    acknowledged
}

type Sent = Result<PublishAckFuture, PublishError>;

async fn send_to_audit(jetstream: &Context, service: Service, group: &[OutboxEvent]) -> Sent {
    let message = audit_message::write(group.iter().map(|event| &event.content));
    // Without an id: what audit misses is repeated, perhaps in a message of the same events, and must not
    // be taken for what was there. What comes twice audit knows.
    let message = PublishMessage::build().payload(message.into());
    jetstream.send_publish(audit_message::subject(service), message).await
}

async fn send(jetstream: &Context, event: &OutboxEvent) -> Sent {
    let organization = event.organization.map(OrganizationId::from_uuid);
    let subject = contract::envelope::nats_subject(organization, &event.kind, event.stream_id);
    let message = PublishMessage::build()
        .message_id(event.event_id().to_string())
        .header("Content-Type", contract::envelope::CONTENT_TYPE)
        .payload(event.content.event.clone());
    jetstream.send_publish(subject, message).await
}

async fn settle(sent: Sent) -> Result<PublishAck, PublishError> {
    sent?.await
}

/// Whether the stream has as much as it may have. There is no code of its own for it.
fn is_full(error: &PublishError) -> bool {
    let answer = error.source().and_then(|source| source.downcast_ref::<ApiError>());
    answer.is_some_and(|answer| {
        answer.error_code() == ErrorCode::STREAM_STORE_FAILED
            && answer.to_string().contains("maximum")
    })
}

/// Why something was not acknowledged.
pub(crate) struct Refusal {
    pub(crate) reason: String,
    /// The stream has as much as it may have: no mishap of the server's.
    pub(crate) full: bool,
}

/// What JetStream acknowledged of a batch.
#[derive(Default)]
pub(crate) struct Acknowledged {
    /// The rows that were acknowledged.
    pub(crate) seqs: Vec<i64>,
    /// The last sequence number in the stream, and the event that has it.
    pub(crate) last: Option<(u64, EventId)>,
    /// The first sequence number that is new. A duplicate keeps the one it had. None of audit's queue, whose
    /// places are not compared.
    pub(crate) first_new: Option<u64>,
    /// Why the rest was not, as far as one reason tells it.
    pub(crate) refusal: Option<Refusal>,
}

impl Acknowledged {
    fn add(&mut self, event: &OutboxEvent, ack: &PublishAck) {
        if !ack.duplicate {
            let first = self.first_new.map_or(ack.sequence, |first| first.min(ack.sequence));
            self.first_new = Some(first);
        }
        self.add_group(std::slice::from_ref(event), ack.sequence);
    }

    fn add_group(&mut self, group: &[OutboxEvent], sequence: u64) {
        self.seqs.extend(group.iter().map(|event| event.seq));
        if let Some(event) = group.last()
            && self.last.is_none_or(|(last, _)| sequence > last)
        {
            self.last = Some((sequence, event.event_id()));
        }
    }

    fn fail(&mut self, error: &PublishError) {
        let (reason, full) = (TransportError::of(error).to_string(), is_full(error));
        self.refusal.get_or_insert(Refusal { reason, full });
    }
}
