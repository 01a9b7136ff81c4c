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
    },
}

/// What the relay tells about itself, for readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayState {
    /// This process leads and everything is published, or being published.
    Leading,
    /// Another process leads.
    Following,
}
