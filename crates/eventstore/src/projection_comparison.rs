//! Reconciliation of projections: each is compared with the producers of what it follows.
//!
//! JetStream may lose what it acknowledged, and the database of a projection its last transactions
//! (a failover to a standby that was behind). Then the acknowledged event never comes again. What is
//! missing is asked for from its producer and applied like what comes by message.
//!
//! How far a projection was compared is kept in its own database, and so is lost with it. Once after each
//! start everything is compared, from the first event on: what was undone by hand is found then.
//!
//! Streams that are parked are remembered, so they are not missing: they are tried again here, and leave by
//! themselves.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use contract::follows::Followed;
use contract::rpc::{HeadsPage, StreamHead, StreamHeads};
use contract::{Service, Version};
use sqlx::PgConnection;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::availability;
use crate::event_store::EventStore;
use crate::gap::{Gap, Repair};
use crate::inactivity::unless_inactive;
use crate::projection::{Applier, Projection, Settled};
use crate::reconcile::{self, CaughtUp, Compared, Comparison};
use crate::store::{self, Parked};
use crate::view_age::ViewAge;

/// How long one comparison with all producers may take. What takes longer waits for a connection that was
/// lost without a word; what was applied before counts.
const COMPARING: Duration = Duration::from_secs(20);

/// So many times as long as a comparison took is the pause after it: what is compared under load is taken from
/// those who make it.
const REST: u32 = 10;

/// The longest pause: what was lost is had by then, whatever else there is.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// At most so many parked streams are tried between two comparisons: each may take its time.
const PARKED_AT_ONCE: i64 = 4;

/// Asks producers how far their streams reach.
#[async_trait]
pub trait Heads: Send + Sync {
    /// A page of them.
    async fn stream_heads(
        &self,
        producer: Service,
        asked: StreamHeads,
    ) -> Result<HeadsPage, String>;
}

/// Why a comparison ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompareError {
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The producer cannot be asked.
    #[error("the producer cannot be asked: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("it took longer than {} s", COMPARING.as_secs())]
    TimedOut,
}

/// Compares one projection with its producer.
pub struct Comparer {
    events: EventStore,
    heads: Arc<dyn Heads>,
    projection: Arc<dyn Projection>,
    applier: Applier,
    age: ViewAge,
    /// How far the producer's events were compared since this process started, from the first one on; none,
    /// when that is done. What was settled before was so in a database that may be another by now.
    since_start: Mutex<Option<i64>>,
}

impl Comparer {
    /// Compares this projection.
    pub fn new(
        events: EventStore,
        heads: Arc<dyn Heads>,
        repair: Arc<dyn Repair>,
        projection: Arc<dyn Projection>,
    ) -> Self {
        let applier = Applier::new(events.clone(), repair, Arc::clone(&projection));
        let (age, since_start) = (ViewAge::default(), Mutex::new(Some(0)));
        Self { events, heads, projection, applier, age, since_start }
    }

    /// How old the view is.
    pub fn age(&self) -> ViewAge {
        self.age.clone()
    }

    /// Compares again and again, with this pause between, and a longer one while there is so much to compare
    /// that it would take more than its share of the time. It is safe to be dropped at any point.
    pub async fn run(&self, pause: Duration) {
        loop {
            let began = Instant::now();
            // On the heap: they are large, and whoever runs this would be.
            self.in_time(Box::pin(self.compare())).await;
            let rest = (began.elapsed() * REST).clamp(pause, LONGEST_PAUSE.max(pause));
            self.in_time(Box::pin(self.retry_parked())).await;
            tokio::time::sleep(rest).await;
        }
    }

    async fn in_time(&self, work: impl Future<Output = Result<(), CompareError>>) {
        let work = async {
            let compared = unless_inactive(work).await;
            compared.unwrap_or_else(|inactive| Err(sqlx::Error::from(inactive).into()))
        };
        let done = tokio::time::timeout(COMPARING, work).await;
        if let Err(error) = done.unwrap_or(Err(CompareError::TimedOut)) {
            if let CompareError::Database(error) = &error {
                availability::notice(error);
            }
            // The age tells it when it lasts; the next comparison starts from the same row.
            tracing::debug!(projection = self.projection.name(), %error, "it could not be compared");
        }
    }

    async fn compare(&self) -> Result<(), CompareError> {
        // First what the database knows of the age, from whichever replica: no producer is needed for it.
        self.read_age().await?;
        self.compare_with_producer().await?;
        self.read_age().await
    }

    async fn read_age(&self) -> Result<(), CompareError> {
        let Followed { durable: name, producer, .. } = self.projection.follows();
        let producer = producer.to_string();
        let mut connection = self.events.pool().acquire().await?;
        store::begin_comparison(&mut connection, name, &producer).await?;
        let known = store::comparison(&mut connection, name, &producer).await?;
        let age = known.map_or(0.0, |known| known.age_secs);
        self.age.set(Duration::try_from_secs_f64(age).unwrap_or(Duration::MAX));
        Ok(())
    }

    async fn compare_with_producer(&self) -> Result<(), CompareError> {
        let Followed { durable: name, producer, aggregate } = self.projection.follows();
        let text = producer.to_string();
        // The lock lives as long as this transaction. What was missing is applied in transactions of its
        // own, which end before this one: it never says more than is so.
        let mut transaction = self.events.pool().begin().await?;
        if !store::try_compare(&mut transaction, name, &text).await? {
            return Ok(());
        }
        let Some(known) = store::comparison(&mut transaction, name, &text).await? else {
            return Ok(());
        };
        let kinds = vec![aggregate.to_owned()];
        let mut with = WithProducer { comparer: self, producer, connection: &mut transaction };
        let compared =
            reconcile::compare(&mut with, known.settled_seq, kinds.clone(), true).await?;
        let Compared { mut recovered, settled, mut complete } = compared;
        let mut since_start = self.since_start.lock().await;
        if let Some(after) = *since_start {
            let again = reconcile::compare(&mut with, after, kinds, true).await?;
            recovered += again.recovered;
            // It goes on next time; but a page that stays unfinished has something that is missing.
            complete &= again.complete || again.settled > after;
            // Not before it has come as far as what is kept: what was too recent to be told is not compared yet.
            let caught_up = again.complete && again.settled >= settled;
            *since_start = (!caught_up).then_some(again.settled);
        }
        if recovered > 0 {
            tracing::warn!(projection = name, %producer, recovered, "events that did not come by NATS, or not yet, are applied");
        }
        store::keep_comparison(&mut transaction, name, &text, settled, complete).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Tries parked streams again whose time has come. What keeps one parked keeps none of the others from being tried.
    async fn retry_parked(&self) -> Result<(), CompareError> {
        let Followed { durable: name, producer, .. } = self.projection.follows();
        let due = store::due_parked(self.events.pool(), name, PARKED_AT_ONCE).await?;
        for Parked { stream, head } in due {
            let mut connection = self.events.pool().acquire().await?;
            let had = store::positions(&mut connection, name, &[stream]).await?;
            drop(connection);
            let from = had.get(&stream).map_or(Version::FIRST, |version| version.next());
            let gap = Gap { producer, stream_id: stream, from, to: head };
            if let Err(error) = self.applier.release(&gap).await {
                tracing::error!(projection = name, %stream, %from, to = %head, %error, "a stream stays parked");
                let reason = format!("from version {from} on: {error}");
                store::postpone_parked(self.events.pool(), name, stream, &reason).await?;
            }
        }
        Ok(())
    }
}

/// The comparison with one producer.
struct WithProducer<'c> {
    comparer: &'c Comparer,
    producer: Service,
    connection: &'c mut PgConnection,
}

#[async_trait]
impl Comparison for WithProducer<'_> {
    type Error = CompareError;

    async fn heads(&mut self, asked: StreamHeads) -> Result<HeadsPage, CompareError> {
        let answer = self.comparer.heads.stream_heads(self.producer, asked).await;
        answer.map_err(CompareError::Unreachable)
    }

    async fn catch_up(&mut self, heads: Vec<StreamHead>) -> Result<CaughtUp, CompareError> {
        let name = self.comparer.projection.name();
        let streams: Vec<_> = heads.iter().map(|head| head.stream_id).collect();
        let had = store::positions(self.connection, name, &streams).await?;
        let mut behind = Vec::new();
        for StreamHead { stream_id, version: to } in heads {
            let from = had.get(&stream_id).map_or(Version::FIRST, |version| version.next());
            if from <= to {
                behind.push(Gap { producer: self.producer, stream_id, from, to });
            }
        }
        let mut caught_up = CaughtUp { recovered: 0, all: true };
        if behind.is_empty() {
            return Ok(caught_up);
        }
        // In a transaction of its own: whoever applies events must not wait for this one.
        let (streams, heads): (Vec<_>, Vec<_>) =
            behind.iter().map(|gap| (gap.stream_id, gap.to)).unzip();
        let pool = self.comparer.events.pool();
        let parked = store::note_parked(pool, name, &streams, &heads).await?;
        for gap in behind {
            let Gap { stream_id: stream, from, to, .. } = gap;
            // They are remembered, and tried again by themselves.
            if parked.contains(&stream) {
                continue;
            }
            match self.comparer.applier.fill(&gap).await {
                Ok(Settled::Applied) => {
                    let count = usize::try_from(to.number() - from.number() + 1);
                    caught_up.recovered += count.unwrap_or(0);
                }
                Ok(Settled::Parked) => {}
                Err(error) => {
                    // One such stream must not keep the others from being compared.
                    tracing::error!(projection = name, %stream, %from, %to, %error, "events stay missing");
                    caught_up.all = false;
                }
            }
        }
        Ok(caught_up)
    }

    /// It is kept at the end, with the rest.
    async fn settle(&mut self, _: i64) -> Result<(), CompareError> {
        Ok(())
    }
}
