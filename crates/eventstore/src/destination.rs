//! Where events are published to.

use crate::transport::{AUDIT, EVENTS};

/// A destination of what the outbox holds. Each has its own rows there, its own receipts and its own relay:
/// neither waits for the other, and what one of them loses is not repeated at the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Destination {
    /// Every event, with what is kept beside it: [`AUDIT`].
    Audit,
    /// The facts, for services and subscribers: [`EVENTS`].
    Events,
}

impl Destination {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Audit, Self::Events];

    /// Its name in the database and of its relay.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Events => "events",
        }
    }

    /// The JetStream stream.
    pub(crate) const fn stream(self) -> &'static str {
        match self {
            Self::Audit => AUDIT,
            Self::Events => EVENTS,
        }
    }
}
