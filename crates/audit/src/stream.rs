//! Event streams as the log knows them: position, head, hole.

use contract::Service;
use uuid::Uuid;

/// Where an event is in its stream. Its position in the log is another matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StreamPosition {
    pub(crate) stream_id: Uuid,
    pub(crate) version: i64,
}

/// The last recorded version of a stream, and which service's stream of which kind it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamHead {
    pub(crate) version: i64,
    pub(crate) kind: String,
    pub(crate) source: String,
}

/// Versions of a stream that exist, since later ones do or its producer says so, and have not arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hole {
    pub(crate) stream_id: Uuid,
    /// The service that recorded what is missing.
    pub(crate) source: Service,
    /// The first missing version.
    pub(crate) from: i64,
    /// The last missing version.
    pub(crate) to: i64,
}
