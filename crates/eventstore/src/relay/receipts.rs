//! Comparing receipts: whether JetStream still has what it acknowledged.
//!
//! When the sequence number of a receipt holds something else, everything from there on goes into the outbox
//! again.

use std::time::Duration;

use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::stream::{Info, RawMessageErrorKind, Stream};
use contract::Service;
use sqlx::PgConnection;
use tokio::time::Instant;

use super::state::RelayError;
use crate::Destination;
use crate::store;
use crate::time_limit::in_time;
use crate::transport::{Transport, TransportError};

/// How often the last receipt is compared with JetStream when nothing else gives a reason to.
const COMPARE_EVERY: Duration = Duration::from_secs(5);

/// More than any message of the stream of facts has, with its headers: an event has at most 65,535 bytes.
const LARGEST_MESSAGE: u64 = 128 * 1024;

/// What a leader knows of the stream it publishes to.
pub(super) struct Published {
    /// The stream's creation time: it says which incarnation acknowledged.
    pub(super) created: String,
    /// How often the connection had been made when it was looked at.
    pub(super) connects: u64,
    /// The last sequence number that was acknowledged, and found to be honoured.
    pub(super) last_sequence: u64,
    compare_at: Instant,
}

/// Compares the last receipt with what JetStream has, when the connection is another than before, when an
/// ack came out of order (`known` is none then), and every few seconds.
pub(super) async fn compare(
    known: Option<Published>,
    connection: &mut PgConnection,
    transport: &Transport,
    service: Service,
    destination: Destination,
) -> Result<Published, RelayError> {
    transport.connected().await?;
    // Read before the comparison: what is made again during it is compared again.
    let connects = transport.connects();
    if let Some(known) = known
        && known.connects == connects
        && Instant::now() < known.compare_at
    {
        return Ok(known);
    }
    let name = destination.stream();
    let stream = transport.on_this_connection(transport.stream(name)).await?;
    let created = stream.cached_info().created.to_string();
    loop {
        let repeated =
            in_time(store::repeat_other_streams(&mut *connection, destination, &created)).await?;
        if repeated == 0 {
            break;
        }
        tracing::warn!(%service, stream = name, repeated, "a stream was lost: publishing again");
    }
    let last_sequence = match destination {
        Destination::Events => find_intact(connection, transport, service, &stream).await?,
        // It forgets what audit has, so that a receipt's place says nothing. A lost tail audit finds by
        // comparing the heads of all streams.
        Destination::Audit => 0,
    };
    Ok(Published { created, connects, last_sequence, compare_at: Instant::now() + COMPARE_EVERY })
}

/// Goes back from the last receipt to one that JetStream still honours; what came after it is
/// published again. A server that lost its tail lost it from one point on. What the stream itself dropped for its
/// limit is not lost: to publish it again would drop what is younger.
async fn find_intact(
    connection: &mut PgConnection,
    transport: &Transport,
    service: Service,
    stream: &Stream,
) -> Result<u64, RelayError> {
    while let Some(batch) =
        in_time(store::last_batch(&mut *connection, Destination::Events)).await?
    {
        let sequence = u64::try_from(batch.last_sequence).unwrap_or_default();
        let look = async {
            match stream.get_raw_message(sequence).await {
                Ok(message) => Ok(message.headers.get(NATS_MESSAGE_ID).map(ToString::to_string)),
                Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
                Err(error) => Err(TransportError::of(error)),
            }
        };
        let found = transport.on_this_connection(look).await?;
        if found.as_deref() == Some(batch.last_event_id.to_string().as_str()) {
            return Ok(sequence);
        }
        let info = async { stream.get_info().await.map_err(TransportError::of) };
        if dropped_for_its_limit(&transport.on_this_connection(info).await?, sequence) {
            return Ok(sequence);
        }
        let repeated = in_time(store::repeat_batch(&mut *connection, batch.id)).await?;
        tracing::warn!(%service, sequence, repeated, "JetStream lost a batch it acknowledged");
    }
    Ok(0)
}

/// Whether a message with this sequence number made room for younger ones. A stream that was emptied by somebody
/// begins further on as well, but it is not full.
fn dropped_for_its_limit(stream: &Info, sequence: u64) -> bool {
    let limit = u64::try_from(stream.config.max_bytes).unwrap_or(u64::MAX);
    sequence < stream.state.first_sequence
        && stream.state.bytes.saturating_add(LARGEST_MESSAGE) > limit
}
