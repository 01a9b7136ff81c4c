//! How far readers outside have come, and what the stream dropped before they had it.
//!
//! The stream drops its oldest events when it reaches its limit of size or age. JetStream tells nobody whose they
//! were. It shows in the difference between two looks at a reader's consumer: what waited then and what was
//! published since is delivered, or waits still, or is gone.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::consumer::{Info as ConsumerInfo, SequenceInfo};
use async_nats::jetstream::context::ConsumerInfoErrorKind;
use async_nats::jetstream::stream::{Info as StreamInfo, Stream};

use crate::Durable;
use crate::transport::{EVENTS, Transport, TransportError};

/// How often it is tried to look while nothing is published: the numbers of the stream and of a consumer come in
/// answers of their own.
const TRIES: usize = 5;

/// JetStream deletes a consumer that only counted after so long, should we not come to it.
const COUNTER_KEPT: Duration = Duration::from_secs(10);

/// How far a reader has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Which stream and consumer these are: those that are made again count anew.
    pub incarnation: String,
    /// The last sequence number of the stream.
    pub last_sequence: u64,
    /// The last sequence number that was delivered.
    pub delivered: u64,
    /// How many deliveries there were, repeated ones too.
    pub deliveries: u64,
    /// How many of its events are in the stream and were not delivered yet.
    pub pending: u64,
}

/// What came of a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// How far the reader has come by now.
    pub progress: Progress,
    /// How many events the stream has dropped since the look before that were never delivered to it: at least so
    /// many. None is counted that was published and dropped between two looks.
    pub missed: u64,
}

impl Transport {
    /// Looks how far the reader of a durable consumer has come since the look before. Nothing if there is no such
    /// consumer, or the stream did not hold still for it.
    ///
    /// # Errors
    /// When JetStream does not answer or refuses.
    pub async fn look(
        &self,
        durable: &Durable,
        before: Option<&Progress>,
    ) -> Result<Option<Look>, TransportError> {
        self.on_this_connection(async {
            let stream = self.jetstream().get_stream(EVENTS).await.map_err(TransportError::of)?;
            let mut now = stream.cached_info().clone();
            for _ in 0..TRIES {
                let reader = match stream.consumer_info(&durable.name).await {
                    Ok(reader) => reader,
                    Err(error) if error.kind() == ConsumerInfoErrorKind::NotFound => {
                        return Ok(None);
                    }
                    Err(error) => return Err(TransportError::of(error)),
                };
                let progress = progress(&now, &reader);
                let before = before.filter(|before| before.incarnation == progress.incarnation);
                let overtaken =
                    before.filter(|before| may_be_overtaken(before, now.state.first_sequence));
                let missed = match overtaken {
                    Some(before) => {
                        let from = now.state.first_sequence.max(before.last_sequence + 1);
                        missed(before, &progress, count_from(&stream, durable, from).await?)
                    }
                    None => 0,
                };
                let after = stream.get_info().await.map_err(TransportError::of)?;
                let stood_still = (now.state.first_sequence, now.state.last_sequence)
                    == (after.state.first_sequence, after.state.last_sequence);
                if stood_still && now.created == after.created {
                    return Ok(Some(Look { progress, missed }));
                }
                now = after;
            }
            Ok(None)
        })
        .await
    }
}

fn progress(stream: &StreamInfo, reader: &ConsumerInfo) -> Progress {
    let SequenceInfo { stream_sequence, consumer_sequence, .. } = reader.delivered;
    Progress {
        incarnation: format!("{} {}", stream.created, reader.created),
        last_sequence: stream.state.last_sequence,
        delivered: stream_sequence,
        deliveries: consumer_sequence,
        pending: reader.num_pending,
    }
}

/// Whether something may be gone that was not delivered, now that the stream begins here.
fn may_be_overtaken(before: &Progress, first: u64) -> bool {
    first > before.delivered + 1 && (before.pending > 0 || first > before.last_sequence + 1)
}

/// What waited before and what was published since, less what was delivered and what waits.
fn missed(before: &Progress, now: &Progress, published: u64) -> u64 {
    // As long as nothing new is delivered, deliveries are repetitions. Where both come together, repetitions are
    // taken for new ones: rather too little is said than too much.
    let delivered = if now.delivered == before.delivered {
        0
    } else {
        now.deliveries.saturating_sub(before.deliveries)
    };
    (before.pending + published).saturating_sub(now.pending + delivered)
}

/// How many events of these subjects the stream has from a sequence number on: as JetStream counts them for a
/// consumer that would begin there.
async fn count_from(stream: &Stream, durable: &Durable, first: u64) -> Result<u64, TransportError> {
    let config = pull::Config {
        filter_subjects: durable.subjects.clone(),
        ack_policy: AckPolicy::None,
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: first },
        inactive_threshold: COUNTER_KEPT,
        memory_storage: true,
        num_replicas: 1,
        ..pull::Config::default()
    };
    let counter = stream.create_consumer(config).await.map_err(TransportError::of)?;
    let info = counter.cached_info();
    stream.delete_consumer(&info.name).await.map_err(TransportError::of)?;
    Ok(info.num_pending)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(last_sequence: u64, delivered: u64, deliveries: u64, pending: u64) -> Progress {
        let incarnation = String::new();
        Progress { incarnation, last_sequence, delivered, deliveries, pending }
    }

    #[test]
    fn a_reader_is_only_overtaken_where_the_stream_begins_beyond_what_it_had() {
        let before = at(100, 50, 50, 10);
        assert!(!may_be_overtaken(&before, 51));
        assert!(may_be_overtaken(&before, 52));
        let idle = at(100, 50, 50, 0);
        assert!(!may_be_overtaken(&idle, 101));
        assert!(may_be_overtaken(&idle, 102));
    }

    #[test]
    fn what_is_neither_delivered_nor_waiting_is_missed() {
        let before = at(100, 50, 50, 10);
        assert_eq!(missed(&before, &at(100, 50, 50, 10), 0), 0);
        assert_eq!(missed(&before, &at(120, 50, 50, 11), 3), 2);
        // It came back, had two of those that were left, and one of them twice.
        assert_eq!(missed(&before, &at(120, 118, 52, 1), 3), 10);
        assert_eq!(missed(&before, &at(120, 118, 53, 1), 3), 9);
        // It only asked for what it had not acknowledged.
        assert_eq!(missed(&before, &at(120, 50, 59, 11), 3), 2);
    }
}
