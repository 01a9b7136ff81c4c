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

use futures::FutureExt;
use tokio::runtime::Handle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::background::Background;
use crate::health::Health;

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
    /// is tried again as a failed task is.
    ///
    /// A turn that is under way at shutdown may come to its end for two seconds more. What is not done by
    /// then is cut off, as by a crash: it must be safe to be dropped at any point.
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
                        turn = work() => turn?,
                        () = grace_period_is_over(&shutdown) => break,
                    }
                }
                Ok::<(), E>(())
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
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_fails_or_panics_is_started_again() {
        let tasks = Tasks::new(Health::new());
        let runs = Arc::new(AtomicUsize::new(0));
        let third = Arc::new(Notify::new());
        let (counted, reached) = (Arc::clone(&runs), Arc::clone(&third));
        tasks.spawn("worker", move |shutdown| {
            let (counted, reached) = (Arc::clone(&counted), Arc::clone(&reached));
            async move {
                match counted.fetch_add(1, Ordering::SeqCst) {
                    0 => Err("no luck"),
                    1 => panic!("worse luck"),
                    _ => {
                        reached.notify_one();
                        shutdown.cancelled().await;
                        Ok(())
                    }
                }
            }
        });
        third.notified().await;
        let readiness = tasks.health.readiness().await;
        assert_eq!(
            readiness.checks["tasks/worker"].reason.as_deref(),
            Some("panicked: worse luck")
        );
        // The clock is paused: this advances it past the time after which the task has recovered.
        tokio::time::sleep(SETTLED * 2).await;
        assert!(tasks.health.readiness().await.ready);
        assert!(tasks.shutdown(Duration::from_secs(1)).await);
        assert_eq!(runs.load(Ordering::SeqCst), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn repeated_work_is_done_at_once_and_again_and_is_cut_off_after_a_grace_period() {
        let tasks = Tasks::default();
        let turns = Arc::new(AtomicUsize::new(0));
        let third = Arc::new(Notify::new());
        let (counted, reached) = (Arc::clone(&turns), Arc::clone(&third));
        tasks.every(Duration::from_mins(1), "sweep", move || {
            let (counted, reached) = (Arc::clone(&counted), Arc::clone(&reached));
            async move {
                // Longer or shorter: the period is from start to start.
                tokio::time::sleep(Duration::from_secs(20)).await;
                if counted.fetch_add(1, Ordering::SeqCst) == 2 {
                    reached.notify_one();
                    std::future::pending::<()>().await;
                }
                Ok::<(), String>(())
            }
        });
        let began = tokio::time::Instant::now();
        third.notified().await;
        assert_eq!(began.elapsed(), Duration::from_secs(2 * 60 + 20));
        let asked = tokio::time::Instant::now();
        assert!(tasks.shutdown(GRACE * 2).await);
        assert_eq!(asked.elapsed(), GRACE);
        assert_eq!(turns.load(Ordering::SeqCst), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_is_under_way_at_shutdown_comes_to_its_end() {
        let tasks = Tasks::default();
        let (began, ended) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let (begins, ends) = (Arc::clone(&began), Arc::clone(&ended));
        tasks.every(Duration::from_mins(1), "sweep", move || {
            let (begins, ends) = (Arc::clone(&begins), Arc::clone(&ends));
            async move {
                begins.notify_one();
                tokio::time::sleep(GRACE / 2).await;
                ends.fetch_add(1, Ordering::SeqCst);
                Ok::<(), String>(())
            }
        });
        began.notified().await;
        assert!(tasks.shutdown(GRACE * 2).await);
        assert_eq!(ended.load(Ordering::SeqCst), 1, "it ended, and no other began");
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_fails_is_shown_and_tried_again() {
        let tasks = Tasks::new(Health::new());
        let turns = Arc::new(AtomicUsize::new(0));
        let third = Arc::new(Notify::new());
        let (counted, reached) = (Arc::clone(&turns), Arc::clone(&third));
        tasks.every(Duration::from_mins(1), "sweep", move || {
            let (counted, reached) = (Arc::clone(&counted), Arc::clone(&reached));
            async move {
                match counted.fetch_add(1, Ordering::SeqCst) {
                    0 | 1 => Err("the database is away"),
                    _ => {
                        reached.notify_one();
                        Ok(())
                    }
                }
            }
        });
        let began = tokio::time::Instant::now();
        third.notified().await;
        assert_eq!(began.elapsed(), FIRST_PAUSE * 3, "after a pause, not after a period");
        let readiness = tasks.health.readiness().await;
        let reason = readiness.checks["tasks/sweep"].reason.as_deref();
        assert_eq!(reason, Some("the database is away"));
        tokio::time::sleep(SETTLED * 2).await;
        assert!(tasks.health.readiness().await.ready);
        assert!(tasks.shutdown(GRACE * 2).await);
    }

    #[tokio::test]
    async fn background_work_keeps_nobody_waiting() {
        let background = Background::start().unwrap();
        let tasks = Tasks::default().with(&background);
        let (go_on, told) = std::sync::mpsc::channel::<()>();
        let told = Arc::new(std::sync::Mutex::new(told));
        let (done, ended) = tokio::sync::oneshot::channel();
        let done = Arc::new(std::sync::Mutex::new(Some(done)));
        tasks.spawn_in_background("turn", move |_| {
            let (told, done) = (Arc::clone(&told), Arc::clone(&done));
            async move {
                // Keeps its thread until this one, on which the test runs, has gone on.
                let in_time = told.lock().unwrap().recv_timeout(Duration::from_secs(30));
                let _ = done.lock().unwrap().take().unwrap().send(in_time.is_ok());
                Ok::<(), String>(())
            }
        });
        let on_it = tasks
            .in_background(async { std::thread::current().name().map(str::to_owned) })
            .now_or_never();
        assert_eq!(on_it, None, "the thread is busy");
        go_on.send(()).unwrap();
        assert!(ended.await.unwrap());
        let on_it = tasks.in_background(async { std::thread::current().name().map(str::to_owned) });
        assert_eq!(on_it.await.as_deref(), Some("background"));
        assert!(tasks.shutdown(Duration::from_secs(10)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_ignores_shutdown_is_not_waited_for_beyond_the_deadline() {
        let tasks = Tasks::default();
        tasks.spawn("stubborn", |_| std::future::pending::<Result<(), String>>());
        assert!(!tasks.shutdown(Duration::from_secs(1)).await);
    }
}
