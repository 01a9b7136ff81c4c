//! Publishing a batch: everything is sent, then everything is waited for, in one round trip.

use std::collections::{BTreeMap, HashSet};

use async_nats::jetstream::Context;
use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contract::{EventId, OrganizationId};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::store::OutboxEvent;
use crate::transport::{CONTEXTS_PER_MESSAGE, ContextMessage, TransportError};

/// Publishes events in their order, after their contexts: audit then finds the context of each
/// event it is given.
pub(crate) async fn batch(jetstream: &Context, batch: &[OutboxEvent]) -> Acknowledged {
    let contexts = send_contexts(jetstream, batch).await;
    let mut sent = Vec::with_capacity(batch.len());
    for event in batch {
        sent.push((event, send(jetstream, event).await));
    }
    let mut acknowledged = Acknowledged::default();
    // An event counts as published only with its context: both, or neither.
    let mut without_context = HashSet::new();
    for (events, sent) in contexts {
        if let Err(error) = settle(sent).await {
            without_context.extend(events);
            let reason = || error.to_string();
            acknowledged.reason.get_or_insert_with(reason);
        }
    }
    let mut acks: FuturesUnordered<_> = sent
        .into_iter()
        .map(async |(event, sent)| (event, settle(sent).await))
        .collect();
    while let Some((event, ack)) = acks.next().await {
        if !without_context.contains(&event.seq) {
            acknowledged.add(event, ack);
        }
    }
    acknowledged
}

type Sent = Result<PublishAckFuture, TransportError>;

/// Sends the contexts of a batch, those of an organization together; says of each message whose
/// events' it is.
async fn send_contexts(jetstream: &Context, batch: &[OutboxEvent]) -> Vec<(Vec<i64>, Sent)> {
    let mut organizations: BTreeMap<Option<Uuid>, Vec<(i64, ContextMessage)>> = BTreeMap::new();
    for event in batch {
        if let (Some(salt), Some(context)) = (&event.salt, &event.context) {
            let part = ContextMessage::new(event.event_id(), salt, context);
            let parts = organizations.entry(event.organization).or_default();
            parts.push((event.seq, part));
        }
    }
    let mut sent = Vec::new();
    for (organization, parts) in organizations {
        let organization = organization.map(OrganizationId::from_uuid);
        for parts in parts.chunks(CONTEXTS_PER_MESSAGE) {
            let (seqs, parts): (Vec<i64>, Vec<&ContextMessage>) =
                parts.iter().map(|(seq, part)| (*seq, part)).unzip();
            sent.push((seqs, send_parts(jetstream, organization, &parts).await));
        }
    }
    sent
}

async fn send_parts(
    jetstream: &Context,
    organization: Option<OrganizationId>,
    parts: &[&ContextMessage],
) -> Sent {
    let Some(first) = parts.first().map(|part| part.event_id) else {
        return Err(TransportError::of("a message without contexts"));
    };
    let payload = serde_json::to_vec(parts).map_err(TransportError::of)?;
    let message = PublishMessage::build()
        .message_id(message_id(parts))
        .payload(payload.into());
    let subject = ContextMessage::subject(organization, first);
    let sent = jetstream.send_publish(subject, message).await;
    sent.map_err(TransportError::of)
}

/// Names a message by the events whose contexts it has, all of them: two messages that begin alike and
/// go on differently must not pass for one.
fn message_id(parts: &[&ContextMessage]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.event_id.uuid().as_bytes());
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

async fn send(jetstream: &Context, event: &OutboxEvent) -> Sent {
    let organization = event.organization.map(OrganizationId::from_uuid);
    let subject = contract::envelope::nats_subject(organization, &event.kind, event.stream_id);
    let message = PublishMessage::build()
        .message_id(event.event_id().to_string())
        .header("Content-Type", contract::envelope::CONTENT_TYPE)
        .payload(event.envelope.clone());
    let sent = jetstream.send_publish(subject, message).await;
    sent.map_err(TransportError::of)
}

async fn settle(sent: Sent) -> Result<PublishAck, TransportError> {
    sent?.await.map_err(TransportError::of)
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

#[cfg(test)]
mod tests {
    use contract::Environment;

    use super::*;

    #[test]
    fn messages_with_other_contexts_have_other_ids_however_alike_they_begin_and_end() {
        let environment = Environment::system();
        let parts: Vec<_> = (0..4)
            .map(|_| ContextMessage::new(environment.new_id(), b"salt", b"{}"))
            .collect();
        let id = |places: &[usize]| {
            let parts: Vec<_> = places.iter().map(|place| &parts[*place]).collect();
            message_id(&parts)
        };
        assert_eq!(id(&[0, 1, 3]), id(&[0, 1, 3]));
        assert_ne!(id(&[0, 1, 3]), id(&[0, 2, 3]));
        assert_ne!(id(&[0, 1]), id(&[0, 1, 2]));
    }
}
