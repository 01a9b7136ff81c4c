//! What connections may take: how many, how large, how long.

use std::sync::Arc;
use std::time::Duration;

use crate::pace::Pace;
use crate::settings::{HttpSettings, Network};

/// Places for connections beyond the limit, where only health is answered.
pub(super) const PLACES_FOR_HEALTH: usize = 64;

/// The limits of a server's connections.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open ones.
    pub(super) connections: usize,
    /// Open ones of a peer.
    pub(super) connections_per_peer: usize,
    /// Peers that may have any number.
    pub(super) trusted_proxies: Arc<[Network]>,
    /// Bytes of a request's line and header.
    pub(super) header_bytes: usize,
    /// Fields of a request's header.
    pub(super) header_fields: usize,
    /// For the next whole request header on a connection.
    pub(super) header: Duration,
    /// How fast answers are read at least.
    pub(super) pace: Pace,
    /// After so long a connection ends with the next answer.
    pub(super) lifetime: Duration,
    /// For requests in progress when the server stops.
    pub(super) drain: Duration,
}

impl From<&HttpSettings> for Limits {
    fn from(settings: &HttpSettings) -> Self {
        Self {
            connections: settings.max_connections,
            connections_per_peer: settings.max_connections_per_peer,
            trusted_proxies: settings.trusted_proxies.clone().into(),
            header_bytes: settings.max_header_bytes,
            header_fields: settings.max_header_fields,
            header: Duration::from_secs(settings.header_timeout_seconds),
            pace: settings.pace(),
            lifetime: Duration::from_secs(settings.connection_lifetime_seconds),
            drain: Duration::from_secs(settings.drain_seconds),
        }
    }
}

impl Limits {
    /// How many connections are open at most: beyond the limit some are told about health.
    pub fn most_connections(&self) -> usize {
        self.connections.saturating_add(PLACES_FOR_HEALTH)
    }
}
