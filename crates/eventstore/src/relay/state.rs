//! What the relay tells about itself.

use crate::transport::TransportError;

/// Why a turn of the relay failed. The next turn starts over.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// Postgres failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// JetStream failed.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Not all of a batch was acknowledged.
    #[error("{missing} of {sent} events were not acknowledged: {reason}")]
    NotAcknowledged {
        /// How many were published.
        sent: usize,
        /// How many acks did not come.
        missing: usize,
        /// The first reason given.
        reason: String,
        /// Whether the stream has as much as it may have, and goes on once there is room.
        full: bool,
    },
}

impl RelayError {
    /// Whether JetStream itself fails, as it does for ever after its disk was full: it takes nothing, although no
    /// stream has reached its limit.
    pub fn is_jetstreams(&self) -> bool {
        match self {
            Self::Database(_) => false,
            Self::Transport(_) => true,
            Self::NotAcknowledged { full, .. } => !full,
        }
    }
}

/// What the relay tells about itself, for readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayState {
    /// This process leads and everything is published, or being published.
    Leading,
    /// Another process leads.
    Following,
}
