//! Reconciliation: compares the record with the producers, by [`eventstore::reconcile`].

use std::sync::Arc;

use async_trait::async_trait;
use contract::rpc::{HeadsPage, StreamHead, StreamHeads};
use contract::{Service, Version};
use eventstore::gap::Gap;
use eventstore::reconcile::{self, CaughtUp, Compared, Comparison};
use sqlx::{PgConnection, PgPool};

use crate::holes::Holes;
use crate::ingest::Ingest;
use crate::producers::{Producers, Unreachable};
use crate::store::{gaps, heads, reconciliation};

/// Known gaps that are tried again each time.
const RETRIES: i64 = 100;

/// Why a comparison ended early. What was compared before counts.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReconcileError {
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the producer cannot be asked: {0}")]
    Unreachable(#[from] Unreachable),
}

/// Compares with producers, and records what was lost.
#[derive(Clone)]
pub(crate) struct Reconciler {
    pub(crate) pool: PgPool,
    pub(crate) producers: Arc<dyn Producers>,
    pub(crate) ingest: Ingest,
    pub(crate) holes: Holes,
}

impl Reconciler {
    /// Compares with one producer, from where the last comparison ended. `None` if another replica is
    /// at it.
    pub(crate) async fn reconcile(
        &self,
        service: Service,
    ) -> Result<Option<Compared>, ReconcileError> {
        // The lock lives as long as this transaction. Two replicas comparing at the same time would do
        // no harm, only twice the work. What is fetched is recorded in transactions of its own; should
        // this one fail, the same pages are compared again.
        let mut transaction = self.pool.begin().await?;
        if !reconciliation::try_lock(&mut transaction, service).await? {
            return Ok(None);
        }
        let settled = reconciliation::settled(&mut transaction, service).await?;
        let mut with = WithProducer { reconciler: self, service, conn: &mut transaction };
        let compared = reconcile::compare(&mut with, settled, Vec::new(), false).await?;
        transaction.commit().await?;
        Ok(Some(compared))
    }

    /// Tries again to fill the gaps that are known. How many entries were appended.
    pub(crate) async fn retry_gaps(&self) -> sqlx::Result<usize> {
        self.holes.close_filled().await?;
        let mut conn = self.pool.acquire().await?;
        let gaps = gaps::to_retry(&mut conn, RETRIES).await?;
        drop(conn);
        self.ingest.repair(gaps).await
    }
}

/// The comparison with one producer.
struct WithProducer<'r> {
    reconciler: &'r Reconciler,
    service: Service,
    conn: &'r mut PgConnection,
}

#[async_trait]
impl Comparison for WithProducer<'_> {
    type Error = ReconcileError;

    async fn heads(&mut self, asked: StreamHeads) -> Result<HeadsPage, ReconcileError> {
        Ok(self.reconciler.producers.stream_heads(self.service, &asked).await?)
    }

    async fn catch_up(&mut self, heads: Vec<StreamHead>) -> Result<CaughtUp, ReconcileError> {
        let service = self.service;
        let missing = missing(self.conn, service, &heads).await?;
        if !missing.is_empty() {
            tracing::warn!(%service, streams = missing.len(), "the ends of streams were lost; fetching them");
        }
        // What cannot be had is kept as a gap, which is tried again: one such stream must not keep
        // the others from being compared.
        let recovered = self.reconciler.ingest.repair(missing).await?;
        Ok(CaughtUp { recovered, all: true })
    }

    async fn settle(&mut self, seq: i64) -> Result<(), ReconcileError> {
        Ok(reconciliation::set_settled(self.conn, self.service, seq).await?)
    }
}

/// Which of these streams have not arrived as far as the producer has them.
async fn missing(
    conn: &mut PgConnection,
    service: Service,
    told: &[StreamHead],
) -> sqlx::Result<Vec<Gap>> {
    let streams: Vec<_> = told.iter().map(|head| head.stream_id).collect();
    let arrived = heads::stream_heads(conn, &streams).await?;
    let gap = |head: &StreamHead| {
        let from = arrived.get(&head.stream_id).map_or(Version::FIRST, |ours| ours.version.next());
        let StreamHead { stream_id, version: to } = *head;
        (from <= to).then_some(Gap { producer: service, stream_id, from, to })
    };
    Ok(told.iter().filter_map(gap).collect())
}
