//! Whether a consumer gets on: its floor, up to which every message is dealt with, must rise while there are any.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::transport::TransportError;

/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A floor that stands for so long while there is work is told of.
const PATIENCE: Duration = Duration::from_mins(1);

/// How far a consumer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ConsumerState {
    /// Up to this place of the stream all its messages are dealt with.
    pub(super) floor: u64,
    /// How many come after it.
    pub(super) left: u64,
}

/// For how long a floor stands.
#[derive(Debug, Clone, Copy)]
struct Standing {
    floor: u64,
    since: Instant,
}

impl Standing {
    /// The next look at a consumer.
    fn next(before: Option<Self>, state: ConsumerState, now: Instant) -> Self {
        let before = before.filter(|before| state.left > 0 && before.floor == state.floor);
        before.unwrap_or(Self { floor: state.floor, since: now })
    }
}

/// Tells whether the consumer is alive, and gets on.
pub(super) struct Reporter<F> {
    report: Mutex<F>,
    stalled: Mutex<Option<TransportError>>,
}

impl<F: FnMut(Result<(), &TransportError>) + Send> Reporter<F> {
    pub(super) fn new(report: F) -> Self {
        Self { report: Mutex::new(report), stalled: Mutex::new(None) }
    }

    /// Tells that it is alive, or why not. Alive is not well, while it does not get on.
    pub(super) fn tell(&self, state: Result<(), &TransportError>) {
        let stalled = self.stalled.lock().unwrap_or_else(PoisonError::into_inner);
        let state = match stalled.as_ref() {
            Some(error) => state.and(Err(error)),
            None => state,
        };
        self.report.lock().unwrap_or_else(PoisonError::into_inner)(state);
    }

    fn tell_stalled(&self, stalled: Option<TransportError>) {
        *self.stalled.lock().unwrap_or_else(PoisonError::into_inner) = stalled;
        self.tell(Ok(()));
    }
}

/// Looks again and again, and tells when the consumer stands still and when it gets on again.
pub(super) async fn watch<S, F>(state: impl Fn() -> S, reporter: &Reporter<F>)
where
    S: Future<Output = Result<ConsumerState, TransportError>>,
    F: FnMut(Result<(), &TransportError>) + Send,
{
    let (mut standing, mut told) = (None, false);
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        // What does not answer is told by whoever consumes; for so long it could not get on.
        let Ok(state) = state().await else {
            standing = None;
            continue;
        };
        let now = Instant::now();
        let next = Standing::next(standing, state, now);
        let stands = now.duration_since(next.since);
        if stands >= PATIENCE {
            told = true;
            let ConsumerState { floor, left } = state;
            reporter.tell_stalled(Some(TransportError(format!(
                "it does not get on: at {floor} for {} s, with {left} messages to come",
                stands.as_secs()
            ))));
        } else if std::mem::take(&mut told) {
            reporter.tell_stalled(None);
        }
        standing = Some(next);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn at(floor: u64, left: u64) -> ConsumerState {
        ConsumerState { floor, left }
    }

    #[tokio::test(start_paused = true)]
    async fn a_floor_that_stands_while_there_is_work_is_told_until_it_rises() {
        let told: Arc<Mutex<Vec<Result<(), String>>>> = Arc::default();
        let heard = Arc::clone(&told);
        let reporter = Reporter::new(move |state: Result<(), &TransportError>| {
            heard.lock().unwrap().push(state.map_err(ToString::to_string));
        });
        let state = Mutex::new(at(7, 3));
        let watching = watch(|| std::future::ready(Ok(*state.lock().unwrap())), &reporter);
        tokio::pin!(watching);
        let mut pass = async |time: Duration| {
            let passed = tokio::time::timeout(time, &mut watching).await;
            assert!(passed.is_err(), "it goes on");
            told.lock().unwrap().last().cloned()
        };

        assert_eq!(pass(PATIENCE).await, None, "not yet");
        let stalled = pass(PATIENCE).await.unwrap().unwrap_err();
        assert!(stalled.contains("at 7") && stalled.contains("3 messages"), "{stalled}");
        reporter.tell(Ok(()));
        assert!(pass(LOOK_EVERY).await.unwrap().is_err(), "alive is not well");
        *state.lock().unwrap() = at(8, 2);
        assert_eq!(pass(LOOK_EVERY * 2).await, Some(Ok(())));
        // Without work nothing has to rise.
        *state.lock().unwrap() = at(10, 0);
        assert_eq!(pass(PATIENCE * 3).await, Some(Ok(())));
    }
}
