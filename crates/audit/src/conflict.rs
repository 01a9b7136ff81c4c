//! Conflicts: what arrived and contradicts the record, or is no event of its sender, and what is recorded and
//! is no event of its producer. An alarm; the record stays as it is.

use bytes::Bytes;
use contract::EventId;
use sha2::{Digest, Sha256};

use crate::entry::Entry;
use crate::part::{MismatchedPart, Part};
use crate::stream::StreamPosition;

/// Something that arrived and cannot be recorded, or should not have been.
#[derive(Debug)]
pub(crate) struct Conflict {
    /// SHA-256 of what arrived: of one kind, what is delivered again is the same conflict.
    pub(crate) digest: [u8; 32],
    pub(crate) subject: String,
    pub(crate) kind: ConflictKind,
}

/// What is wrong, and what is kept of what arrived. Parts, and bytes that may hold some, must stay erasable
/// and are not copied.
#[derive(Debug)]
pub(crate) enum ConflictKind {
    /// Another event is recorded at its position in the stream.
    OtherBytes(ConflictingEvent),
    /// Its id is that of an event at another position.
    EventIdReused(ConflictingEvent),
    /// It is recorded, and its producer does not have it.
    Unknown(ConflictingEvent),
    /// An event of another service than the sender, or in a stream of another service or kind.
    Malformed(ConflictingEvent),
    /// A part that its event does not commit to.
    Part(Part, EventId),
    /// A message that cannot be read, or a part of one that is no event.
    Message,
}

/// The event that a conflict is about.
#[derive(Debug)]
pub(crate) struct ConflictingEvent {
    pub(crate) event_id: EventId,
    pub(crate) stream_position: StreamPosition,
    pub(crate) envelope: Bytes,
}

impl ConflictingEvent {
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
            Self::Unknown(_) => "unknown_to_producer",
            Self::Malformed(_) => "malformed",
            Self::Part(part, _) => part.name(),
            Self::Message => "message",
        }
    }

    /// The event that is wrong, if it is one.
    pub(crate) fn event(&self) -> Option<&ConflictingEvent> {
        match self {
            Self::OtherBytes(event)
            | Self::EventIdReused(event)
            | Self::Unknown(event)
            | Self::Malformed(event) => Some(event),
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
    pub(crate) fn of_entry(
        kind: impl FnOnce(ConflictingEvent) -> ConflictKind,
        entry: &Entry,
    ) -> Self {
        let subject = format!("{}/{}", entry.stream_kind, entry.stream_id);
        Self::of_bytes(kind(ConflictingEvent::of(entry)), subject, &entry.envelope)
    }

    /// An event of this kind of stream that is recorded, and that its producer does not have.
    pub(crate) fn of_unknown(stream_kind: &str, event: ConflictingEvent) -> Self {
        let subject = format!("{stream_kind}/{}", event.stream_position.stream_id);
        let envelope = event.envelope.clone();
        Self::of_bytes(ConflictKind::Unknown(event), subject, &envelope)
    }

    /// An event that is not its sender's.
    pub(crate) fn of_wrong_sender(subject: &str, entry: &Entry) -> Self {
        let kind = ConflictKind::Malformed(ConflictingEvent::of(entry));
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
