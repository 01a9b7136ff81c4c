//! Reconciliation of projections: each is compared with the producers of what it follows.
//!
//! JetStream may lose what it acknowledged, and the database of a projection its last transactions
//! (a failover to a standby that was behind). Then the acknowledged event never comes again. What is
//! missing is asked for from its producer and applied like what comes by message.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use contract::follows::Followed;
use contract::rpc::{HeadsPage, StreamHead, StreamHeads};
use contract::{Service, Version};
use sqlx::PgConnection;

use crate::event_store::EventStore;
use crate::gap::{Gap, Repair};
use crate::projection::{Applier, Projection};
use crate::reconcile::{self, CaughtUp, Compared, Comparison};
use crate::store;
use crate::view_age::ViewAge;

/// How long one comparison with all producers may take. What takes longer waits for a connection that was
/// lost without a word; what was applied before counts.
const COMPARING: Duration = Duration::from_secs(20);

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
pub enum CompareError {
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
        Self { events, heads, projection, applier, age: ViewAge::default() }
    }

    /// How old the view is.
    pub fn age(&self) -> ViewAge {
        self.age.clone()
    }

    /// Compares again and again, with this pause between. It is safe to be dropped at any point.
    pub async fn run(&self, pause: Duration) {
        loop {
            let compared = tokio::time::timeout(COMPARING, self.compare()).await;
            if let Err(error) = compared.unwrap_or(Err(CompareError::TimedOut)) {
                // The age tells it when it lasts; the next comparison starts from the same row.
                tracing::debug!(projection = self.projection.name(), %error, "it could not be compared");
            }
            tokio::time::sleep(pause).await;
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
        let mut with = WithProducer { comparer: self, producer, connection: &mut transaction };
        let compared =
            reconcile::compare(&mut with, known.settled_seq, vec![aggregate.to_owned()], true)
                .await?;
        let Compared { recovered, settled, complete } = compared;
        if recovered > 0 {
            tracing::warn!(projection = name, %producer, recovered, "events that were lost are applied");
        }
        store::keep_comparison(&mut transaction, name, &text, settled, complete).await?;
        transaction.commit().await?;
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
        let mut caught_up = CaughtUp { recovered: 0, all: true };
        for StreamHead { stream_id, version: to } in heads {
            let from = had.get(&stream_id).map_or(Version::FIRST, |version| version.next());
            if from > to {
                continue;
            }
            let gap = Gap { producer: self.producer, stream_id, from, to };
            match self.comparer.applier.fill(&gap).await {
                Ok(()) => {
                    let count = usize::try_from(to.number() - from.number() + 1);
                    caught_up.recovered += count.unwrap_or(0);
                }
                Err(error) => {
                    // One such stream must not keep the others from being compared.
                    tracing::error!(projection = name, stream = %stream_id, %from, %to, %error, "events stay missing");
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
