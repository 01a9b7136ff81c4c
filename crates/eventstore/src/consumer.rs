//! Batches from a durable consumer, delivered until they are dealt with.
//!
//! The consumer is supervised: when it, its stream or the whole of JetStream is gone, it is made
//! again (where services have accounts of their own: waited for) and starts from the first message the stream has; [`BatchHandler`]s know what they have
//! had. A consumer that is there with another configuration is brought to ours. One that does not get on while
//! there is work is told of ([`progress`]).

mod progress;

use std::time::Duration;

use async_nats::jetstream::consumer::{self, AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::{AckKind, Message};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{FutureExt, StreamExt};
use tokio::task::unconstrained;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::progress::{ConsumerState, Reporter};
use crate::grace_period;
use crate::inactivity::unless_inactive;
use crate::transport::{Transport, TransportError};

/// For how long a delivery may be under way before it is delivered again: so long a message waits
/// whose process was killed with it. One that only took longer comes twice, which does no harm.
const ACK_WAIT: Duration = Duration::from_secs(5);

/// So many messages may be under way.
const UNDER_WAY: i64 = 65_536;

/// How long a batch may take: more than any of its statements may. What takes longer waits for a
/// connection that was lost without a word.
pub const HANDLING: Duration = Duration::from_secs(20);

/// How often the server proves to be alive while there is nothing to deliver.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// How long a pull request stays open.
const PULL_EXPIRES: Duration = Duration::from_secs(10);

/// So many bytes in a batch are many: some 16 events. Messages do not tell, since one to the log has up to hundreds.
const BUSY: usize = 16 * 1024;

/// How long to wait before the consumer is made again: at first, and after many failures.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Which messages, under which name.
#[derive(Debug, Clone)]
pub struct ConsumerOptions {
    /// The stream: [`crate::transport::EVENTS`] or [`crate::transport::AUDIT`].
    pub stream: &'static str,
    /// The durable name; replicas that share it share the work.
    pub durable: String,
    /// Only messages of these subjects; all when empty.
    pub subjects: Vec<String>,
    /// At most so many messages in a batch.
    pub max_batch: usize,
    /// The least time between two small batches. What comes meanwhile is dealt with
    /// together: under load a batch costs the same for one message as for many. The first message
    /// after a quiet time does not wait.
    pub pace: Duration,
    /// The same after a batch of [`BUSY`] bytes and more.
    pub busy_pace: Duration,
}

/// One message.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its subject.
    pub subject: String,
    /// Its bytes.
    pub payload: Bytes,
    /// Its sequence number in the JetStream stream.
    pub sequence: u64,
    /// How often it was delivered, this time included.
    pub attempt: i64,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is committed, now or before: never deliver it again.
    Done,
    /// Not now: deliver it again after this time.
    Retry(Duration),
    /// It can never be dealt with (it is no event of ours): never deliver it again.
    Rejected,
}

/// Deals with batches.
#[async_trait]
pub trait BatchHandler: Send + Sync {
    /// Deals with a batch and says what became of each delivery, in the same order. What it says
    /// is [`Outcome::Done`] must be committed: it is acknowledged next.
    async fn handle(&self, batch: &[Delivery]) -> Vec<Outcome>;
}

/// Consumes until the token is cancelled; `report` hears whether the consumer is alive.
pub async fn run(
    transport: &Transport,
    options: &ConsumerOptions,
    handler: &dyn BatchHandler,
    shutdown: CancellationToken,
    report: impl FnMut(Result<(), &TransportError>) + Send,
) {
    let reporter = Reporter::new(report);
    // On the heap: it is large, and whoever runs it would be.
    let consuming = consume_again_and_again(transport, options, handler, &shutdown, &reporter);
    let consuming = Box::pin(consuming);
    tokio::select! {
        () = consuming => {}
        () = progress::watch(|| state(transport, options), &reporter) => {}
    }
}

async fn consume_again_and_again(
    transport: &Transport,
    options: &ConsumerOptions,
    handler: &dyn BatchHandler,
    shutdown: &CancellationToken,
    reporter: &Reporter<impl FnMut(Result<(), &TransportError>) + Send>,
) {
    let mut wait = FIRST_WAIT;
    loop {
        let started = Instant::now();
        let consumed = tokio::select! {
            () = grace_period::is_over(shutdown) => return,
            consumed = consume(transport, options, handler, shutdown, reporter) => consumed,
        };
        let Err(error) = consumed else { return };
        reporter.tell(Err(&error));
        tracing::warn!(consumer = options.durable, %error, "the consumer is made again");
        if started.elapsed() > LONGEST_WAIT * 5 {
            wait = FIRST_WAIT;
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

async fn consume(
    transport: &Transport,
    options: &ConsumerOptions,
    handler: &dyn BatchHandler,
    shutdown: &CancellationToken,
    reporter: &Reporter<impl FnMut(Result<(), &TransportError>) + Send>,
) -> Result<(), TransportError> {
    let messages = tokio::select! {
        biased;
        () = shutdown.cancelled() => return Ok(()),
        messages = transport.on_this_connection(messages(transport, options)) => messages?,
    };
    reporter.tell(Ok(()));
    // Whatever is there makes a batch: one message when it is quiet, many under load.
    let mut batches = messages.ready_chunks(options.max_batch);
    let mut next = Instant::now();
    let mut dealt_with = DealtWith::default();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep_until(next) => {}
        }
        let ready = if shutdown.is_cancelled() {
            None
        } else {
            // Without tokio's budget, which would end each batch at 128 messages.
            unconstrained(batches.next()).now_or_never()
        };
        let batch = if let Some(batch) = ready {
            batch
        } else {
            std::mem::take(&mut dealt_with).acknowledge(transport).await?;
            tokio::select! {
                biased;
                () = shutdown.cancelled() => {
                    // What has come and waits is given back: another replica has it at once.
                    while let Some(Some(batch)) = batches.next().now_or_never() {
                        give_back(batch.into_iter().flatten()).await;
                    }
                    return Ok(());
                }
                batch = unconstrained(batches.next()) => batch,
            }
        };
        let Some(batch) = batch else {
            return Err(TransportError("the consumer's messages ended".to_owned()));
        };
        next = Instant::now();
        if batch.len() < options.max_batch / 2 {
            let bytes: usize = batch.iter().flatten().map(|message| message.payload.len()).sum();
            next += if bytes < BUSY { options.pace } else { options.busy_pace };
        }
        let mut received = Vec::with_capacity(batch.len());
        let mut failed = None;
        for message in batch {
            match message {
                Ok(message) => received.push(message),
                Err(error) => failed = Some(TransportError::of(error)),
            }
        }
        // The batch before is acknowledged while this one is dealt with.
        let (acknowledged, now_dealt_with) =
            tokio::join!(dealt_with.acknowledge(transport), deal_with(handler, received),);
        dealt_with = now_dealt_with?;
        acknowledged?;
        if let Some(error) = failed {
            dealt_with.acknowledge(transport).await?;
            return Err(error);
        }
        reporter.tell(Ok(()));
    }
}

/// How many messages wait that were not delivered yet.
///
/// # Errors
/// When JetStream does not answer, or the consumer is not there.
pub async fn waiting(
    transport: &Transport,
    options: &ConsumerOptions,
) -> Result<u64, TransportError> {
    Ok(info(transport, options).await?.num_pending)
}

/// How far the consumer has come.
async fn state(
    transport: &Transport,
    options: &ConsumerOptions,
) -> Result<ConsumerState, TransportError> {
    let info = info(transport, options).await?;
    let unacknowledged = u64::try_from(info.num_ack_pending).unwrap_or(u64::MAX);
    let left = info.num_pending.saturating_add(unacknowledged);
    Ok(ConsumerState { floor: info.ack_floor.stream_sequence, left })
}

async fn info(
    transport: &Transport,
    options: &ConsumerOptions,
) -> Result<consumer::Info, TransportError> {
    let asked = async {
        let stream = transport.stream(options.stream).await?;
        let info = stream.consumer_info(&options.durable).await;
        info.map_err(TransportError::of)
    };
    transport.on_this_connection(asked).await
}

/// Has messages delivered again at once. If it fails, they are when [`ACK_WAIT`] is over.
async fn give_back(messages: impl Iterator<Item = Message>) {
    for message in messages {
        if let Err(error) = message.ack_with(AckKind::Nak(None)).await {
            tracing::debug!(%error, "a message was not given back");
        }
    }
}

/// The consumer's messages; whoever may makes the consumer, or brings the one that is there to our options.
async fn messages(
    transport: &Transport,
    options: &ConsumerOptions,
) -> Result<pull::Stream, TransportError> {
    let stream = transport.stream(options.stream).await?;
    let consumer = if transport.administers() {
        let config = config(&options.durable, options.subjects.clone());
        stream.create_consumer(config).await.map_err(TransportError::of)?
    } else {
        stream.get_consumer(&options.durable).await.map_err(TransportError::of)?
    };
    consumer
        .stream()
        .max_messages_per_batch(options.max_batch * 2)
        .heartbeat(HEARTBEAT)
        .expires(PULL_EXPIRES)
        .messages()
        .await
        .map_err(TransportError::of)
}

/// How a service's own consumer is kept.
pub(crate) fn config(durable: &str, subjects: Vec<String>) -> pull::Config {
    pull::Config {
        durable_name: Some(durable.to_owned()),
        filter_subjects: subjects,
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        deliver_policy: DeliverPolicy::All,
        // Plenty: what is tried again and again must not keep the rest from being delivered.
        max_ack_pending: UNDER_WAY,
        ..pull::Config::default()
    }
}

async fn deal_with(
    handler: &dyn BatchHandler,
    messages: Vec<Message>,
) -> Result<DealtWith, TransportError> {
    if messages.is_empty() {
        return Ok(DealtWith::default());
    }
    let batch = messages.iter().map(delivery).collect::<Result<Vec<_>, _>>()?;
    let work = tokio::time::timeout(HANDLING, unless_inactive(handler.handle(&batch)));
    let outcomes = match work.await {
        Ok(Ok(outcomes)) => outcomes,
        Ok(Err(inactive)) => return Err(TransportError(format!("a batch: {inactive}"))),
        Err(_) => return Err(TransportError("a batch took too long".to_owned())),
    };
    // Crash point: committed, not acknowledged. It is delivered again and found to be done.
    Ok(DealtWith { messages, outcomes })
}

/// A batch that was dealt with and is not acknowledged yet.
#[derive(Default)]
struct DealtWith {
    messages: Vec<Message>,
    outcomes: Vec<Outcome>,
}

impl DealtWith {
    async fn acknowledge(self, transport: &Transport) -> Result<(), TransportError> {
        if self.messages.is_empty() {
            return Ok(());
        }
        transport.on_this_connection(self.acknowledge_each()).await
    }

    async fn acknowledge_each(&self) -> Result<(), TransportError> {
        // Acks travel in order on one connection: when the last one is confirmed, the server has all.
        let confirmed = self.outcomes.iter().rposition(|outcome| *outcome == Outcome::Done);
        for (index, (message, outcome)) in self.messages.iter().zip(&self.outcomes).enumerate() {
            let sent = match outcome {
                Outcome::Done if Some(index) == confirmed => Ok(()),
                Outcome::Done => message.ack().await,
                Outcome::Retry(after) => message.ack_with(AckKind::Nak(Some(*after))).await,
                Outcome::Rejected => message.ack_with(AckKind::Term).await,
            };
            sent.map_err(TransportError::of)?;
        }
        match confirmed.and_then(|index| self.messages.get(index)) {
            Some(message) => message.double_ack().await.map_err(TransportError::of),
            None => Ok(()),
        }
    }
}

fn delivery(message: &Message) -> Result<Delivery, TransportError> {
    let info = message.info().map_err(TransportError::of)?;
    Ok(Delivery {
        subject: message.subject.to_string(),
        payload: message.payload.clone(),
        sequence: info.stream_sequence,
        attempt: info.delivered,
    })
}
