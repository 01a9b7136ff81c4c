//! Doing together what waits together.
//!
//! Whoever comes while a batch is under way waits for the next one, so under load many callers
//! share one round trip to the database and one flush of its log, and a lone caller waits for
//! nobody. The work begins after its last caller came: whatever it reads is not older than any of
//! their requests.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// How many items wait before callers are held back.
const WAITING: usize = 4096;
/// How many items a batch takes at most.
const BATCH: usize = 512;

/// For how long a worker that shall end waits for one more item.
const LINGER: Duration = Duration::from_millis(100);

/// An item and whom to tell what became of it.
type Waiting<Item, Outcome> = (Item, oneshot::Sender<Outcome>);

/// A queue of items that are handled together.
pub struct Batches<Item, Outcome> {
    sender: mpsc::Sender<Waiting<Item, Outcome>>,
}

/// The worker that takes the batches ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the service is stopping")]
pub struct Stopped;

/// What is done with a batch.
pub trait Work<Item, Outcome>: Send {
    /// Does it: one outcome an item, in their order.
    fn carry_out(&mut self, items: Vec<Item>) -> impl Future<Output = Vec<Outcome>> + Send;
}

/// The other end of the queue. Clones share it; a worker that is started again goes on where the
/// last one was.
pub struct Worker<Item, Outcome> {
    receiver: Arc<Mutex<mpsc::Receiver<Waiting<Item, Outcome>>>>,
}

impl<Item, Outcome> Clone for Worker<Item, Outcome> {
    fn clone(&self) -> Self {
        Self { receiver: self.receiver.clone() }
    }
}

/// A new queue and its worker's end.
pub fn queue<Item, Outcome>() -> (Batches<Item, Outcome>, Worker<Item, Outcome>) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Batches { sender }, Worker { receiver: Arc::new(Mutex::new(receiver)) })
}

impl<Item, Outcome> Batches<Item, Outcome> {
    /// Hands an item over and waits for what became of it.
    pub(crate) async fn submit(&self, item: Item) -> Result<Outcome, Stopped> {
        let (reply, outcome) = oneshot::channel();
        self.sender.send((item, reply)).await.map_err(|_| Stopped)?;
        outcome.await.map_err(|_| Stopped)
    }
}

impl<Item: Send, Outcome: Send> Worker<Item, Outcome> {
    /// Works batch after batch until shutdown; what waits then is still done.
    pub async fn run(self, shutdown: CancellationToken, mut work: impl Work<Item, Outcome>) {
        loop {
            let waiting = self.next(&shutdown).await;
            if waiting.is_empty() {
                return;
            }
            let (items, replies): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
            for (reply, outcome) in replies.into_iter().zip(work.carry_out(items).await) {
                // A caller that went away needs no answer; what was done stays done.
                let _ = reply.send(outcome);
            }
        }
    }

    /// All that waits, at least one; none once the queue is closed and empty.
    async fn next(&self, shutdown: &CancellationToken) -> Vec<Waiting<Item, Outcome>> {
        let mut waiting = Vec::new();
        let mut receiver = self.receiver.lock().await;
        if !shutdown.is_cancelled() {
            tokio::select! {
                _ = receiver.recv_many(&mut waiting, BATCH) => {
                    gather(&mut receiver, &mut waiting).await;
                    return waiting;
                }
                () = shutdown.cancelled() => {}
            }
        }
        // Others still end what they are at, and may ask for something.
        let last = receiver.recv_many(&mut waiting, BATCH);
        if tokio::time::timeout(LINGER, last).await.is_err() {
            receiver.close();
            receiver.recv_many(&mut waiting, BATCH).await;
        }
        waiting
    }
}

/// Lets whoever can run now come as well: those who were answered with the last batch ask again at
/// about the same time, and would else just miss this one. A lone caller waits for nobody.
async fn gather<Item, Outcome>(
    receiver: &mut mpsc::Receiver<Waiting<Item, Outcome>>,
    waiting: &mut Vec<Waiting<Item, Outcome>>,
) {
    tokio::task::yield_now().await;
    while waiting.len() < BATCH
        && let Ok(item) = receiver.try_recv()
    {
        waiting.push(item);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Doubles numbers, and counts in how many batches they came.
    struct Doubling(Arc<AtomicUsize>);

    impl Work<u32, u32> for Doubling {
        async fn carry_out(&mut self, items: Vec<u32>) -> Vec<u32> {
            self.0.fetch_add(1, Ordering::Relaxed);
            items.into_iter().map(|item| item * 2).collect()
        }
    }

    #[tokio::test]
    async fn each_caller_gets_the_outcome_of_its_own_item() {
        let (batches, worker) = queue::<u32, u32>();
        let batches = Arc::new(batches);
        let rounds = Arc::new(AtomicUsize::new(0));
        tokio::spawn(worker.run(CancellationToken::new(), Doubling(rounds.clone())));
        let callers: Vec<_> = (0..1000)
            .map(|item| {
                let batches = batches.clone();
                tokio::spawn(async move { (item, batches.submit(item).await.unwrap()) })
            })
            .collect();
        for caller in callers {
            let (item, outcome) = caller.await.unwrap();
            assert_eq!(outcome, item * 2);
        }
        assert!(rounds.load(Ordering::Relaxed) < 1000, "some shared a batch");
    }

    #[tokio::test]
    async fn whoever_can_run_when_a_batch_begins_comes_as_well() {
        let (batches, worker) = queue::<u32, u32>();
        let batches = Arc::new(batches);
        let rounds = Arc::new(AtomicUsize::new(0));
        tokio::spawn(worker.run(CancellationToken::new(), Doubling(rounds.clone())));
        // On one thread tasks run in turn: the worker waits now, is woken by the first item, and is
        // next; the second caller only after it.
        tokio::task::yield_now().await;
        let first = batches.submit(1);
        tokio::pin!(first);
        assert!(futures::poll!(&mut first).is_pending());
        let second = tokio::spawn({
            let batches = batches.clone();
            async move { batches.submit(2).await }
        });
        assert_eq!(first.await, Ok(2));
        assert_eq!(second.await.unwrap(), Ok(4));
        assert_eq!(rounds.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn without_a_worker_callers_are_told_so() {
        let (batches, worker) = queue::<(), ()>();
        drop(worker);
        assert_eq!(batches.submit(()).await, Err(Stopped));
    }

    #[tokio::test]
    async fn what_waits_at_shutdown_is_still_handled_and_nothing_after() {
        let (batches, worker) = queue::<u32, u32>();
        let shutdown = CancellationToken::new();
        let waiting = async { batches.submit(7).await };
        let ending = async {
            shutdown.cancel();
            worker.run(shutdown.clone(), Doubling(Arc::default())).await;
        };
        // `join` polls in order: the item is in the queue before shutdown begins.
        let (outcome, ()) = tokio::join!(biased; waiting, ending);
        assert_eq!(outcome, Ok(14));
        assert_eq!(batches.submit(8).await, Err(Stopped));
    }
}
