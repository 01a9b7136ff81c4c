//! Reconciliation: compares with a producer, so that nothing is missing without being missed.
//!
//! A gap shows itself by the version after it. A lost tail does not: nothing comes after it. So
//! the producer is asked, again and again, how far its streams reach. What is settled, below which no
//! row can become visible any more, is compared once; what is not is compared each time.

use std::time::Duration;

use async_trait::async_trait;
use contract::rpc::{HeadsPage, StreamHead, StreamHeads};

/// Rows in one page of the comparison.
const PAGE: i64 = 1_000;
/// Pages in one run: the rest is for the next, so that the lock is never held for long.
const PAGES: usize = 20;
/// The least time from one page to the next: whoever waits for an answer meanwhile must not notice.
const PACE: Duration = Duration::from_millis(20);

/// What a comparison came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// How many lost events were had.
    pub recovered: usize,
    /// Up to which row of the producer's events everything was compared for good.
    pub settled: i64,
    /// Whether all rows were compared, and nothing is missing any more.
    pub complete: bool,
}

/// What came of asking for what is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaughtUp {
    /// How many events were had.
    pub recovered: usize,
    /// Whether those were all, or the others are remembered: else the rows are compared again.
    pub all: bool,
}

/// One who compares what arrived with what one producer has.
#[async_trait]
pub trait Comparison: Send {
    /// Why it ended early. What was compared before counts.
    type Error: Send;

    /// Asks the producer.
    async fn heads(&mut self, asked: StreamHeads) -> Result<HeadsPage, Self::Error>;

    /// Has what is missing of these streams.
    async fn catch_up(&mut self, heads: Vec<StreamHead>) -> Result<CaughtUp, Self::Error>;

    /// Remembers up to which row all has arrived.
    async fn settle(&mut self, seq: i64) -> Result<(), Self::Error>;
}

/// Compares from a settled row on, with streams of these kinds (all, if there are none named); with the
/// recent ones too, if so asked.
///
/// # Errors
/// Those of the comparison.
pub async fn compare<C: Comparison>(
    with: &mut C,
    settled: i64,
    kinds: Vec<String>,
    recent: bool,
) -> Result<Compared, C::Error> {
    let mut compared = Compared { settled, ..Compared::default() };
    let mut paced = tokio::time::interval(PACE);
    let (mut after, mut all) = (settled, true);
    for _ in 0..PAGES {
        paced.tick().await;
        let asked = StreamHeads { after_seq: after, limit: PAGE, kinds: kinds.clone(), recent };
        let page = with.heads(asked).await?;
        let caught_up = with.catch_up(page.heads).await?;
        compared.recovered += caught_up.recovered;
        all &= caught_up.all;
        // Not beyond what is settled: a row that appears later must still be looked at.
        let reached = page.last_seq.min(page.settled_seq);
        if all && reached > compared.settled {
            with.settle(reached).await?;
            compared.settled = reached;
        }
        if page.last_seq <= after {
            compared.complete = all;
            return Ok(compared);
        }
        after = page.last_seq;
    }
    Ok(compared)
}
