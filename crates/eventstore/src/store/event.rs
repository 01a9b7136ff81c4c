//! Events on their way: ready to be written, and on to JetStream.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use contract::facts::EventClass;
use contract::{Envelope, EventId, Fact, OrganizationId, Version};
use uuid::Uuid;

use crate::audit_message::EventWithParts;

/// An event that is ready to be written, by [`crate::Unit::add`].
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub(super) kind: &'static str,
    pub(super) class: EventClass,
    pub(super) version: Version,
    pub(super) time: DateTime<Utc>,
    pub(super) event: OutboxEvent,
}

impl NewEvent {
    pub(crate) fn new<F: Fact>(envelope: &Envelope, stream: Uuid, content: EventWithParts) -> Self {
        Self {
            kind: F::AGGREGATE,
            class: F::CLASS,
            version: envelope.streamversion,
            time: envelope.time,
            event: OutboxEvent {
                seq: 0,
                id: envelope.id.uuid(),
                organization: envelope.organization.map(OrganizationId::uuid),
                kind: F::TYPE.into(),
                stream_id: stream,
                content,
            },
        }
    }

    /// The event's id.
    pub fn id(&self) -> EventId {
        self.event.event_id()
    }

    /// Its canonical bytes, which are stored and published.
    pub fn bytes(&self) -> &[u8] {
        &self.event.content.event
    }
}

/// An event on its way to JetStream.
#[derive(Debug, Clone)]
pub(crate) struct OutboxEvent {
    pub(crate) seq: i64,
    pub(crate) id: Uuid,
    pub(crate) organization: Option<Uuid>,
    /// Its CloudEvents type.
    pub(crate) kind: Cow<'static, str>,
    pub(crate) stream_id: Uuid,
    pub(crate) content: EventWithParts,
}

impl OutboxEvent {
    /// The event without what is kept beside it.
    pub(crate) fn alone(&self) -> Self {
        let event = self.content.event.clone();
        let content = EventWithParts { event, context: None, details: None };
        Self { content, kind: self.kind.clone(), ..*self }
    }

    pub(crate) fn event_id(&self) -> EventId {
        EventId::from_uuid(self.id)
    }
}
