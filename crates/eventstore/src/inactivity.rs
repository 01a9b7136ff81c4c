//! Inactivity timeout. A connection can be lost without a word (its other end is gone, a firewall has forgotten it),
//! and whoever waits on it would wait for ever. A limit for the whole of some work cannot be short, since it may
//! have very many steps; but no step of ours takes long.

use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures::task::AtomicWaker;
use tokio::time::{Instant, sleep_until, timeout};

/// For how long work may wait for one and the same thing. What comes later does not come: statements are small
/// portions, and whoever waits longer for somebody else's lock had better ask again.
pub const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Work was given up because it waited too long for one thing. Whether that was done is unknown, as with any
/// connection that breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it waited for more than {} s for one thing", LONGEST_WAIT.as_secs())]
pub struct Inactive;

impl From<Inactive> for sqlx::Error {
    fn from(inactive: Inactive) -> Self {
        Self::Io(std::io::Error::new(ErrorKind::TimedOut, inactive))
    }
}

/// Does work that must be safe to be dropped at any point, and gives it up when it waits for [`LONGEST_WAIT`] without
/// going on.
///
/// # Errors
/// When it was given up.
pub fn unless_inactive<T>(
    work: impl Future<Output = T>,
) -> impl Future<Output = Result<T, Inactive>> {
    unless_inactive_or(work, || false)
}

/// The same for work that also waits for what may take longer, and then says so when asked.
///
/// # Errors
/// When it was given up.
pub fn unless_inactive_or<T>(
    work: impl Future<Output = T>,
    may_wait: impl Fn() -> bool,
) -> impl Future<Output = Result<T, Inactive>> {
    // On the heap: whoever runs this would else be as large as the work, and once more.
    let mut work = Box::pin(work);
    let woken = Arc::new(Woken { work: AtomicBool::new(true), task: AtomicWaker::new() });
    let waker = Waker::from(Arc::clone(&woken));
    let mut went_on = Instant::now();
    let mut timer = Box::pin(sleep_until(went_on + LONGEST_WAIT));
    poll_fn(move |cx| {
        woken.task.register(cx.waker());
        if woken.work.swap(false, Ordering::AcqRel) {
            if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Poll::Ready(Ok(done));
            }
            went_on = Instant::now();
        }
        // Not set anew each time the work goes on, which is far more often than it expires.
        if timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if may_wait() {
                went_on = now;
            }
            let until = went_on + LONGEST_WAIT;
            if until <= now {
                return Poll::Ready(Err(Inactive));
            }
            timer.as_mut().reset(until);
            let _ = timer.as_mut().poll(cx);
        }
        Poll::Pending
    })
}

/// Within such work, waits for what may take longer and has a limit of its own: somebody else's server, one's turn.
pub async fn patiently<T>(work: impl Future<Output = T>) -> T {
    let mut work = Box::pin(work);
    loop {
        if let Ok(done) = timeout(LONGEST_WAIT / 2, &mut work).await {
            return done;
        }
    }
}

/// Whether it was the work that was woken, or only the timer.
struct Woken {
    work: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.work.store(true, Ordering::Release);
        self.task.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn many_steps_may_take_any_time_and_none_of_them_too_long() {
        let began = Instant::now();
        let steps = async {
            for _ in 0..20 {
                sleep(LONGEST_WAIT / 2).await;
            }
            7
        };
        assert_eq!(unless_inactive(steps).await, Ok(7));
        assert_eq!(began.elapsed(), LONGEST_WAIT * 10);

        let began = Instant::now();
        let stuck = async {
            sleep(LONGEST_WAIT / 2).await;
            pending::<()>().await;
        };
        assert_eq!(unless_inactive(stuck).await, Err(Inactive));
        assert_eq!(began.elapsed(), LONGEST_WAIT * 3 / 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_a_limit_of_its_own_is_waited_for() {
        let slow = patiently(sleep(LONGEST_WAIT * 3));
        assert_eq!(unless_inactive(slow).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_wait_longer_says_so() {
        let began = Instant::now();
        let slow = sleep(LONGEST_WAIT * 4);
        let excused = || began.elapsed() < LONGEST_WAIT * 4;
        assert_eq!(unless_inactive_or(slow, excused).await, Ok(()));
        let excused = || began.elapsed() <= LONGEST_WAIT * 5;
        assert_eq!(unless_inactive_or(pending::<()>(), excused).await, Err(Inactive));
        assert_eq!(began.elapsed(), LONGEST_WAIT * 6);
    }
}
