//! What every producer of events is asked by those who miss some.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Request;
use crate::Version;

/// The events of one stream from one version to another, both included.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StreamEvents {
    /// The stream.
    pub stream_id: Uuid,
    /// The first version wanted.
    pub from: Version,
    /// The last version wanted. A producer answers at most 256 events at a time.
    pub to: Version,
}

impl Request for StreamEvents {
    const OPERATION: &'static str = "stream-events";
    type Reply = Vec<StoredEvent>;
}

/// An event as its producer stores it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredEvent {
    /// The place in the stream.
    pub version: Version,
    /// The canonical bytes: UTF-8 JSON.
    pub envelope: String,
}

/// Publish events of one stream once more, from one version to another, both included: at most 512.
///
/// For audit, which was told them by [`StreamEvents`] and has no context for them. Contexts are personal
/// and travel on audit's own way only, never in an answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RepeatEvents {
    /// The stream.
    pub stream_id: Uuid,
    /// The first version.
    pub from: Version,
    /// The last version.
    pub to: Version,
}

impl Request for RepeatEvents {
    const OPERATION: &'static str = "repeat-events";
    /// How many will be published.
    type Reply = u64;
}

/// Which of these events does the producer not have, byte for byte? At most [`EVENTS_AT_ONCE`](Self::EVENTS_AT_ONCE).
///
/// For audit: what is recorded under a producer's name and is not the producer's was put there by somebody
/// else, or the producer has lost it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UnknownEvents {
    /// The events.
    pub events: Vec<EventDigest>,
}

impl UnknownEvents {
    /// So many events one question may name.
    pub const EVENTS_AT_ONCE: usize = 1_000;
}

impl Request for UnknownEvents {
    const OPERATION: &'static str = "unknown-events";
    /// Those that it does not have.
    type Reply = Vec<EventDigest>;
}

/// An event by its place and its bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventDigest {
    /// The stream.
    pub stream_id: Uuid,
    /// The place in the stream.
    pub version: Version,
    /// SHA-256 of the canonical bytes, in hex.
    pub sha256: String,
}

/// Which places in streams did the producer fill after this row? For finding lost tails.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct StreamHeads {
    /// The row of the producer's `events` after which to look.
    pub after_seq: i64,
    /// At most so many rows are looked at.
    pub limit: i64,
    /// Only of streams of these kinds; of all when empty.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Whether rows are told that are not settled yet, if they have had the time to arrive. They become
    /// visible out of order, so an asker goes back to the last settled one.
    #[serde(default)]
    pub recent: bool,
}

impl Request for StreamHeads {
    const OPERATION: &'static str = "stream-heads";
    type Reply = HeadsPage;
}

/// A page of the producer's streams.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeadsPage {
    /// The last version of each stream among the rows of this page.
    pub heads: Vec<StreamHead>,
    /// The last row that was looked at; ask for what comes after it. Equal to `after_seq` at the end.
    pub last_seq: i64,
    /// The last row that is old enough that no row before it can still become visible.
    pub settled_seq: i64,
}

/// How far a stream reaches.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StreamHead {
    /// The stream.
    pub stream_id: Uuid,
    /// Its last version.
    pub version: Version,
}
