//! Background work that does not stay dead.
//!
//! A task that panics or returns an error is logged, shown in `/readyz` as the failing check
//! `tasks/<name>`, and started again after a pause that grows up to two seconds. The check goes
//! away once the task has run for five seconds.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use eventstore::inactivity::{Inactive, unless_inactive};
use futures::FutureExt;
use tokio::runtime::Handle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::background::Background;
use crate::health::Health;

/// Why a turn did not come to its end.
enum TurnError<E> {
    /// It failed.
    Failed(E),
    /// It was cut off.
    Inactive(Inactive),
}

impl<E: fmt::Display> fmt::Display for TurnError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Inactive(inactive) => write!(f, "a turn was cut off: {inactive}"),
        }
    }
}

/// The pause before the first restart.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause before a restart.
const MAX_PAUSE: Duration = Duration::from_secs(2);
/// A restarted task that runs this long has recovered.
const SETTLED: Duration = Duration::from_secs(5);

/// For how long a turn of repeated work may come to its end after the shutdown was asked for.
const GRACE: Duration = Duration::from_secs(2);

/// The background tasks of a service. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    shutdown: CancellationToken,
    health: Health,
    background: Option<Handle>,
}

impl Tasks {
    /// No tasks yet. How they are is reported to `health`.
    pub fn new(health: Health) -> Self {
        Self {
            tracker: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            health,
            background: None,
        }
    }

    /// The same, with a thread for what no caller waits for.
    #[must_use]
    pub fn with(self, background: &Background) -> Self {
        Self { background: Some(background.handle.clone()), ..self }
    }

    /// The same tasks, ended together, but reporting to this health.
    #[must_use]
    pub(crate) fn reporting_to(&self, health: Health) -> Self {
        Self { health, ..self.clone() }
    }

    /// Runs a task until it returns `Ok`, or shutdown. `work` is called anew for each restart; its
    /// argument is cancelled at shutdown, upon which the task should end soon.
    pub fn spawn<F, Fut, E>(&self, name: impl Into<String>, work: F)
    where
        F: Fn(CancellationToken) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display,
    {
        self.tracker.spawn(self.supervised(name.into(), work));
    }

    /// Does something at once and then once every period, from start to start, until shutdown. A turn that
    /// takes longer than the period is followed by the next at once, and none is made up for. A turn that fails
    /// is tried again as a failed task is, and so is one that waits too long for one thing ([`unless_inactive`]): it
    /// may be for a connection that was lost without a word.
    ///
    /// A turn that is under way at shutdown may come to its end for two seconds more. What is not done by
    /// then is cut off, as by a crash: a turn must be safe to be dropped at any point.
    pub fn every<F, Fut, E>(&self, period: Duration, name: impl Into<String>, work: F)
    where
        F: Fn() -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display + Send + 'static,
    {
        self.spawn(name, move |shutdown| {
            let work = work.clone();
            async move {
                let mut ticks = tokio::time::interval(period);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
                    tokio::select! {
                        turn = unless_inactive(work()) => {
                            turn.map_err(TurnError::Inactive)?.map_err(TurnError::Failed)?;
                        }
                        () = grace_period_is_over(&shutdown) => break,
                    }
                }
                Ok::<(), TurnError<E>>(())
            }
        });
    }

    /// The same on the [`Background`] thread, if there is one: for work in large portions that no caller
    /// waits for.
    pub(crate) fn spawn_in_background<F, Fut, E>(&self, name: impl Into<String>, work: F)
    where
        F: Fn(CancellationToken) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display,
    {
        let task = self.supervised(name.into(), work);
        match &self.background {
            Some(background) => self.tracker.spawn_on(task, background),
            None => self.tracker.spawn(task),
        };
    }

    /// Does something on the [`Background`] thread, if there is one, and waits for it. What it spawns stays
    /// there.
    pub(crate) async fn in_background<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        match &self.background {
            Some(background) => {
                let done = background.spawn(work).await;
                done.expect("the thread lives as long as what it is for")
            }
            None => work.await,
        }
    }

    fn supervised<F, Fut, E>(
        &self,
        name: String,
        work: F,
    ) -> impl Future<Output = ()> + Send + 'static + use<F, Fut, E>
    where
        F: Fn(CancellationToken) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display,
    {
        let (shutdown, health) = (self.shutdown.clone(), self.health.clone());
        async move { supervise(&name, &work, &shutdown, &health).await }
    }

    /// Tells all tasks to end and waits for them, at most so long. Whether all did.
    pub async fn shutdown(&self, deadline: Duration) -> bool {
        self.shutdown.cancel();
        self.tracker.close();
        let ended = tokio::time::timeout(deadline, self.tracker.wait()).await.is_ok();
        if !ended {
            tracing::warn!(tasks = self.tracker.len(), "tasks did not end in time");
        }
        ended
    }
}

async fn supervise<F, Fut, E>(name: &str, work: &F, shutdown: &CancellationToken, health: &Health)
where
    F: Fn(CancellationToken) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: fmt::Display,
{
    let mut pause = FIRST_PAUSE;
    let check = format!("tasks/{name}");
    loop {
        let run = failure(async { work(shutdown.clone()).await });
        tokio::pin!(run);
        let failure = tokio::select! {
            failure = &mut run => failure,
            () = tokio::time::sleep(SETTLED) => {
                health.forget(&check);
                pause = FIRST_PAUSE;
                run.await
            }
        };
        let Some(reason) = failure else {
            health.forget(&check);
            return;
        };
        if shutdown.is_cancelled() {
            tracing::debug!(task = name, reason, "task ended with an error during shutdown");
            return;
        }
        tracing::error!(task = name, reason, restart_in = ?pause, "task failed");
        health.report(&check, Err(reason));
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(MAX_PAUSE);
    }
}

/// Ends some time after the shutdown was asked for.
async fn grace_period_is_over(shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

/// Runs it and says why it failed, if it did.
async fn failure<E: fmt::Display>(work: impl Future<Output = Result<(), E>>) -> Option<String> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(panic) => Some(format!("panicked: {}", panic_message(&*panic))),
    }
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests;
