//! Event streams as the log knows them: position and head.

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
