//! Leader election: of all relays of a service to one destination one leads, by a session lock of Postgres on a connection of
//! its own. It ends with that connection.

use std::time::Duration;

use async_nats::connection::State;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio_util::sync::CancellationToken;

use super::state::{RelayError, RelayState};
use crate::Destination;
use crate::event_store::EventStore;
use crate::store;
use crate::time_limit::in_time;
use crate::transport::Transport;

/// How often a follower tries to become the leader.
const CANDIDATE_POLL: Duration = Duration::from_millis(500);

/// For how long the leader's session may be idle before the database ends it, and with it the lock:
/// a leader that is gone without a word has been succeeded by then. One that is there is never idle
/// for more than a few seconds.
const LEASE: &str = "15s";

/// The subject that wakes the leaders when another process has committed.
pub(super) fn wake_subject(events: &EventStore) -> String {
    format!("mandate.relay.{}.wake", events.service())
}

/// Stands for leader until elected: the connection that holds the lock, or none at shutdown.
pub(super) async fn stand(
    events: &EventStore,
    destination: Destination,
    transport: &Transport,
    shutdown: &CancellationToken,
    report: &mut (impl FnMut(Result<RelayState, &RelayError>) + Send),
) -> Result<Option<PgConnection>, RelayError> {
    let options = PgConnectOptions::clone(&events.pool().connect_options());
    // A receipt that a crash of the database takes back leaves its events in the outbox: they are
    // published again, and found to be known. No receipt is worth a flush to disk.
    let options = options.options([("idle_session_timeout", LEASE), ("synchronous_commit", "off")]);
    let mut connection = in_time(PgConnection::connect_with(&options)).await?;
    let schema = events.service().schema();
    while !in_time(store::try_lead(&mut connection, schema, destination)).await? {
        report(Ok(RelayState::Following));
        let committed = tokio::select! {
            () = shutdown.cancelled() => return Ok(None),
            () = events.committed(destination).notified() => true,
            () = tokio::time::sleep(CANDIDATE_POLL) => false,
        };
        let client = transport.client();
        if committed && client.connection_state() == State::Connected {
            // The leader is elsewhere: tell it. Should the message get lost, it polls.
            let _ = client.publish(wake_subject(events), "".into()).await;
        }
    }
    tracing::info!(service = %events.service(), destination = destination.name(), "the relay leads");
    Ok(Some(connection))
}
