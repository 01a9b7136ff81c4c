//! Reconciliation: compares with the producers, so that nothing is missing without being missed.
//!
//! A gap shows itself by the version after it. A lost tail does not: nothing comes after it. So
//! each producer is asked, again and again, how far its streams reach. Only rows that are settled
//! are told, below which nothing can become visible any more, and what was compared is remembered:
//! over its life each row is compared once.

use std::sync::Arc;
use std::time::Duration;

use contract::rpc::{HeadsPage, StreamHeads};
use contract::{Service, Version};
use sqlx::{PgConnection, PgPool};

use crate::ingest::Ingest;
use crate::producers::{Producers, Unreachable};
use crate::store::{gaps, heads, reconciliation};
use crate::stream::Gap;

/// Rows in one page of the comparison.
const PAGE: i64 = 1_000;
/// Pages in one run: the rest is for the next, so that the lock is never held for long.
const PAGES: usize = 20;
/// The least time from one page to the next: whoever waits for an answer meanwhile must not notice.
const PACE: Duration = Duration::from_millis(20);
/// Known gaps that are tried again each time.
const RETRIES: i64 = 100;

/// What a comparison came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Compared {
    /// How many lost events were appended.
    pub(crate) recovered: usize,
    /// Up to which row of the producer's events everything was compared.
    pub(crate) settled: i64,
}

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
        let compared = self.compare(service, &mut transaction).await?;
        transaction.commit().await?;
        Ok(Some(compared))
    }

    async fn compare(
        &self,
        service: Service,
        conn: &mut PgConnection,
    ) -> Result<Compared, ReconcileError> {
        let settled = reconciliation::settled(conn, service).await?;
        let mut compared = Compared { settled, ..Compared::default() };
        let mut paced = tokio::time::interval(PACE);
        for _ in 0..PAGES {
            paced.tick().await;
            let asked = StreamHeads { after_seq: compared.settled, limit: PAGE };
            let page = self.producers.stream_heads(service, &asked).await?;
            let missing = missing(conn, service, &page).await?;
            if !missing.is_empty() {
                tracing::warn!(%service, streams = missing.len(), "the ends of streams were lost; fetching them");
            }
            // What cannot be had is kept as a gap, which is tried again: one such stream must not keep
            // the others from being compared.
            compared.recovered += self.ingest.repair(missing).await?;
            // Not beyond what is settled: a row that appears later must still be looked at.
            let reached = page.last_seq.min(page.settled_seq);
            if reached <= compared.settled {
                return Ok(compared);
            }
            reconciliation::set_settled(conn, service, reached).await?;
            compared.settled = reached;
        }
        Ok(compared)
    }

    /// Tries again to fill the gaps that are known. How many entries were appended.
    pub(crate) async fn retry_gaps(&self) -> sqlx::Result<usize> {
        let mut conn = self.pool.acquire().await?;
        gaps::delete_filled(&mut conn).await?;
        let gaps = gaps::to_retry(&mut conn, RETRIES).await?;
        drop(conn);
        self.ingest.repair(gaps).await
    }
}

/// Which of the page's streams have not arrived as far as the producer has them.
async fn missing(
    conn: &mut PgConnection,
    service: Service,
    page: &HeadsPage,
) -> sqlx::Result<Vec<Gap>> {
    let streams: Vec<_> = page.heads.iter().map(|head| head.stream_id).collect();
    let arrived = heads::stream_heads(conn, &streams).await?;
    let gap = |head: &contract::rpc::StreamHead| {
        let from = arrived.get(&head.stream_id).map_or(Version::FIRST, |ours| ours.version.next());
        // A number that is no version is no event's.
        let to = Version::new(head.version)?;
        (from <= to).then_some(Gap { stream_id: head.stream_id, source: service, from, to })
    };
    Ok(page.heads.iter().filter_map(gap).collect())
}
