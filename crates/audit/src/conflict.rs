//! Conflicts: what arrived and contradicts the record, or is no event of its sender. An alarm, never
//! applied.

use bytes::Bytes;
use contract::EventId;
use sha2::{Digest, Sha256};

use crate::entry::Entry;
use crate::part::{MismatchedPart, Part};
use crate::stream::StreamPosition;

/// Something that arrived and cannot be recorded.
#[derive(Debug)]
pub(crate) struct Conflict {
    /// SHA-256 of what arrived: what is delivered again is the same conflict.
    pub(crate) digest: [u8; 32],
    pub(crate) subject: String,
    pub(crate) kind: ConflictKind,
}

/// What is wrong, and what is kept of what arrived. Parts, and bytes that may hold some, must stay erasable
/// and are not copied.
#[derive(Debug)]
pub(crate) enum ConflictKind {
    /// Another event is recorded at its position in the stream.
    OtherBytes(RefusedEvent),
    /// Its id is that of an event at another position.
    EventIdReused(RefusedEvent),
    /// An event of another service than the sender, or in a stream of another service or kind.
    Malformed(RefusedEvent),
    /// A part that its event does not commit to.
    Part(Part, EventId),
    /// A message that cannot be read, or a part of one that is no event.
    Message,
}

/// An event that is not recorded.
#[derive(Debug)]
pub(crate) struct RefusedEvent {
    pub(crate) event_id: EventId,
    pub(crate) stream_position: StreamPosition,
    pub(crate) envelope: Bytes,
}

impl RefusedEvent {
    fn of(entry: &Entry) -> Self {
        Self {
            event_id: entry.event_id,
            stream_position: entry.stream_position(),
            envelope: entry.envelope.clone(),
        }
    }
}

impl ConflictKind {
    /// Its name in the database.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::OtherBytes(_) => "other_bytes",
            Self::EventIdReused(_) => "event_id_reused",
            Self::Malformed(_) => "malformed",
            Self::Part(part, _) => part.name(),
            Self::Message => "message",
        }
    }

    /// The event that is not recorded, if it is one.
    pub(crate) fn event(&self) -> Option<&RefusedEvent> {
        match self {
            Self::OtherBytes(event) | Self::EventIdReused(event) | Self::Malformed(event) => {
                Some(event)
            }
            Self::Part(..) | Self::Message => None,
        }
    }

    /// The id of the event that it is about.
    pub(crate) fn event_id(&self) -> Option<EventId> {
        match self {
            Self::Part(_, event) => Some(*event),
            _ => self.event().map(|event| event.event_id),
        }
    }
}

impl Conflict {
    /// An event that the record contradicts: `kind` is what is wrong with it.
    pub(crate) fn of_entry(kind: impl FnOnce(RefusedEvent) -> ConflictKind, entry: &Entry) -> Self {
        let subject = format!("{}/{}", entry.stream_kind, entry.stream_id);
        Self::of_bytes(kind(RefusedEvent::of(entry)), subject, &entry.envelope)
    }

    /// An event that is not its sender's.
    pub(crate) fn of_wrong_sender(subject: &str, entry: &Entry) -> Self {
        let kind = ConflictKind::Malformed(RefusedEvent::of(entry));
        Self::of_bytes(kind, subject.to_owned(), &entry.envelope)
    }

    /// A message of the work queue that cannot be read, or a part of one that is no event.
    pub(crate) fn of_unreadable(subject: &str, bytes: &[u8]) -> Self {
        Self::of_bytes(ConflictKind::Message, subject.to_owned(), bytes)
    }

    /// A part that came with an event that does not commit to it. It may belong to something of somebody
    /// else's.
    pub(crate) fn of_part(event: EventId, mismatched: &MismatchedPart) -> Self {
        let both = [event.uuid().as_bytes(), &mismatched.sealed.hash().0[..]].concat();
        let part = mismatched.part;
        let subject = format!("{} of {event}", part.name());
        Self::of_bytes(ConflictKind::Part(part, event), subject, &both)
    }

    fn of_bytes(kind: ConflictKind, subject: String, bytes: &[u8]) -> Self {
        Self { digest: Sha256::digest(bytes).into(), subject, kind }
    }
}
