//! Event streams as the log knows them: position, head, gap.

use contract::{Service, Version};
use uuid::Uuid;

/// Where an event is in its stream. Its position in the log is another matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StreamPosition {
    pub(crate) stream_id: Uuid,
    pub(crate) version: Version,
}

/// The last recorded version of a stream, and which service's stream of which kind it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamHead {
    pub(crate) version: Version,
    pub(crate) kind: String,
    pub(crate) source: Service,
}

/// Versions of a stream that exist, since later ones do or its producer says so, and have not arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) stream_id: Uuid,
    /// The service that recorded what is missing.
    pub(crate) source: Service,
    /// The first missing version.
    pub(crate) from: Version,
    /// The last missing version.
    pub(crate) to: Version,
}
