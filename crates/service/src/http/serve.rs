//! The loop that takes connections. axum has one, without limits on how many there are and how long they may
//! take for what.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::Server;
use super::connections::{Connections, PLACES_FOR_HEALTH, Refused};
use crate::pace::Pace;
use crate::settings::{HttpSettings, Network};

/// The pause after a connection could not be taken, such as when file descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// How often it is said that connections are refused.
const SAID: Duration = Duration::from_secs(10);

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

/// Serves HTTP/1.1 until `shutdown`; then takes no new connections, and gives the requests in
/// progress the drain time to end. Background work should be stopped after this returns: requests
/// may need it to the last.
pub async fn serve(
    listener: TcpListener,
    application: Router,
    shutdown: CancellationToken,
    limits: Limits,
) {
    let connections = Arc::new(Connections::new(
        limits.connections,
        limits.connections_per_peer,
        Arc::clone(&limits.trusted_proxies),
    ));
    let drain = limits.drain;
    let server = Server { application, shutdown: shutdown.clone(), limits };
    let (tracker, mut refusals) = (TaskTracker::new(), Refusals::default());
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => match connections.admit(peer.ip()) {
                Ok(place) => {
                    tracker.spawn(server.clone().converse(stream, peer, place));
                }
                Err(refused) => refusals.count(refused),
            },
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // From here on the port refuses: whoever routes requests goes elsewhere at once.
    drop(listener);
    tracker.close();
    if timeout(drain, tracker.wait()).await.is_err() {
        tracing::warn!(?drain, "requests in progress were cut off");
    }
}

/// Says now and then that connections were refused, and how many.
#[derive(Debug, Default)]
struct Refusals {
    unsaid: u64,
    said: Option<Instant>,
}

impl Refusals {
    fn count(&mut self, refused: Refused) {
        self.unsaid += 1;
        if self.said.is_none_or(|said| said.elapsed() >= SAID) {
            tracing::warn!(count = self.unsaid, "connections were refused: {refused}");
            *self = Self { unsaid: 0, said: Some(Instant::now()) };
        }
    }
}

#[cfg(test)]
mod tests;
