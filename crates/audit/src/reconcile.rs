//! Reconciliation: compares with the producers, so that nothing is missing without being missed.
//!
//! A hole shows itself by the version after it. A lost tail does not: nothing comes after it. So
//! each producer is asked, again and again, how far its streams reach. Only rows that are settled
//! are told, below which nothing can become visible any more, and what was compared is remembered:
//! over its life each row is compared once.

use std::time::Duration;

use contract::Service;
use contract::rpc::{HeadsPage, StreamHeads};
use sqlx::PgConnection;

use crate::ingest::Ingest;
use crate::producers::Unreachable;
use crate::store::{append, holes, reconciliation};
use crate::stream::Hole;

/// Rows in one page of the comparison.
const PAGE: i64 = 1_000;
/// Pages in one run: the rest is for the next, so that the lock is never held for long.
const PAGES: usize = 20;
/// The least time from one page to the next: whoever waits for an answer meanwhile must not notice.
const PACE: Duration = Duration::from_millis(20);
/// Known holes that are tried again each time.
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

/// Compares with one producer, from where the last comparison ended. `None` if another replica is
/// at it.
pub(crate) async fn reconcile(
    ingest: &Ingest,
    service: Service,
) -> Result<Option<Compared>, ReconcileError> {
    // The lock lives as long as this transaction. Two replicas comparing at the same time would do
    // no harm, only twice the work. What is fetched is recorded in transactions of its own; should
    // this one fail, the same pages are compared again.
    let mut transaction = ingest.pool.begin().await?;
    if !reconciliation::try_lock(&mut transaction, service).await? {
        return Ok(None);
    }
    let compared = compare(ingest, service, &mut transaction).await?;
    transaction.commit().await?;
    Ok(Some(compared))
}

async fn compare(
    ingest: &Ingest,
    service: Service,
    conn: &mut PgConnection,
) -> Result<Compared, ReconcileError> {
    let mut compared =
        Compared { settled: reconciliation::settled(conn, service).await?, ..Compared::default() };
    let mut paced = tokio::time::interval(PACE);
    for _ in 0..PAGES {
        paced.tick().await;
        let asked = StreamHeads { after_seq: compared.settled, limit: PAGE };
        let page = ingest.producers.stream_heads(service, &asked).await?;
        let missing = missing(conn, service, &page).await?;
        if !missing.is_empty() {
            tracing::warn!(%service, streams = missing.len(), "the ends of streams were lost; fetching them");
        }
        // What cannot be had is kept as a hole, which is tried again: one such stream must not keep
        // the others from being compared.
        compared.recovered += ingest.repair(missing).await?;
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

/// Which of the page's streams have not arrived as far as the producer has them.
async fn missing(
    conn: &mut PgConnection,
    service: Service,
    page: &HeadsPage,
) -> sqlx::Result<Vec<Hole>> {
    let streams: Vec<_> = page.heads.iter().map(|head| head.stream_id).collect();
    let arrived = append::stream_heads(conn, &streams).await?;
    let hole = |head: &contract::rpc::StreamHead| {
        let ours = arrived.get(&head.stream_id).map_or(0, |head| head.version);
        (ours < head.version).then(|| Hole {
            stream_id: head.stream_id,
            source: service,
            from: ours + 1,
            to: head.version,
        })
    };
    Ok(page.heads.iter().filter_map(hole).collect())
}

/// Tries again to fill the holes that are known. How many entries were appended.
pub(crate) async fn retry_holes(ingest: &Ingest) -> sqlx::Result<usize> {
    let mut conn = ingest.pool.acquire().await?;
    holes::delete_filled(&mut conn).await?;
    let holes = holes::to_retry(&mut conn, RETRIES).await?;
    drop(conn);
    ingest.repair(holes).await
}
