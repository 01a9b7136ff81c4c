//! Conflicts: what arrived and contradicts the record, or is no event of its sender. An alarm, never
//! applied.

use contract::{EventId, Sealed};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::entry::Entry;
use crate::stream::StreamPosition;

/// Something that arrived and cannot be recorded.
#[derive(Debug)]
pub(crate) struct Conflict {
    /// SHA-256 of what arrived: what is delivered again is the same conflict.
    pub(crate) digest: [u8; 32],
    pub(crate) kind: ConflictKind,
    pub(crate) event_id: Option<Uuid>,
    pub(crate) stream_position: Option<StreamPosition>,
    pub(crate) subject: String,
    /// What arrived, unless there may be a context in it, which must stay erasable.
    pub(crate) payload: Option<Vec<u8>>,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConflictKind {
    /// Another event is recorded at its position in the stream.
    OtherBytes,
    /// Its id is that of an event at another position.
    EventIdReused,
    /// An event of another service than the sender, or in a stream of another service or kind.
    Malformed,
    /// A context that its event does not commit to.
    Context,
    /// A message that is no message, or a part of one that is no event.
    Message,
}

impl ConflictKind {
    /// Its name in the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OtherBytes => "other_bytes",
            Self::EventIdReused => "event_id_reused",
            Self::Malformed => "malformed",
            Self::Context => "context",
            Self::Message => "message",
        }
    }
}

impl Conflict {
    /// An event that the record contradicts.
    pub(crate) fn of_entry(kind: ConflictKind, entry: &Entry) -> Self {
        Self {
            digest: Sha256::digest(&entry.envelope).into(),
            kind,
            event_id: Some(entry.event_id.uuid()),
            stream_position: Some(entry.stream_position()),
            subject: format!("{}/{}", entry.stream_kind, entry.stream_id),
            payload: Some(entry.envelope.to_vec()),
        }
    }

    /// An event that is not its sender's.
    pub(crate) fn of_wrong_sender(subject: &str, event: &[u8]) -> Self {
        Self {
            payload: Some(event.to_vec()),
            ..Self::of_bytes(ConflictKind::Malformed, subject, event)
        }
    }

    /// A message of the work queue that is no message, or a part of one that is no event. It is not
    /// copied: whatever it is, there may be contexts in it.
    pub(crate) fn of_unreadable(subject: &str, bytes: &[u8]) -> Self {
        Self::of_bytes(ConflictKind::Message, subject, bytes)
    }

    /// A context that came with an event that does not commit to it. It is not copied: it may be
    /// somebody's.
    pub(crate) fn of_context(event: EventId, context: &Sealed) -> Self {
        let both = [event.uuid().as_bytes(), &context.hash().0[..]].concat();
        Self {
            event_id: Some(event.uuid()),
            ..Self::of_bytes(ConflictKind::Context, &format!("context of {event}"), &both)
        }
    }

    fn of_bytes(kind: ConflictKind, subject: &str, bytes: &[u8]) -> Self {
        Self {
            digest: Sha256::digest(bytes).into(),
            kind,
            event_id: None,
            stream_position: None,
            subject: subject.to_owned(),
            payload: None,
        }
    }
}
