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
use super::connection_limits::Limits;
use super::connections::{Connections, Refused};

/// The pause after a connection could not be taken, such as when file descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// How often it is said that connections are refused.
const SAID: Duration = Duration::from_secs(10);

/// Serves HTTP/1.1 until `shutdown`; then takes no new connections, and gives the requests in
/// progress the drain time to end. Background work should be stopped after this returns: requests
/// may need it to the last.
pub async fn serve(
    listener: TcpListener,
    application: Router,
    shutdown: CancellationToken,
    limits: Limits,
) {
    let connections = Arc::new(Connections::new(&limits, shutdown.clone()));
    let drain = limits.drain;
    let server = Server { application, shutdown: shutdown.clone(), limits };
    let (tracker, mut refused_connections) = (TaskTracker::new(), RefusedConnections::default());
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
                Err(refused) => refused_connections.count(refused),
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
struct RefusedConnections {
    unsaid: u64,
    said: Option<Instant>,
}

impl RefusedConnections {
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
