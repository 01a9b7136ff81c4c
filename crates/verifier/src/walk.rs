//! An ordered parallel map: makes things on all cores, and takes them in their order. Only a few are ever
//! made ahead, so that memory does not grow with the log.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// So many are made ahead for each thread.
const AHEAD: u64 = 4;

struct State<T> {
    /// The next that nobody makes yet.
    next: u64,
    /// The next that is to be taken.
    taken: u64,
    made: BTreeMap<u64, T>,
    stopped: bool,
}

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State<T>>) -> MutexGuard<'a, State<T>> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }
}

/// Stops the others when it goes, also when its thread panics: nobody waits for what is never made.
struct StopOnDrop<'a, T>(&'a Shared<T>);

impl<T> Drop for StopOnDrop<'_, T> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Makes 0, 1, 2 … up to before `count` with so many threads, and takes them in this order until `take`
/// breaks.
pub(crate) fn walk<T: Send>(
    count: u64,
    threads: usize,
    produce: impl Fn(u64) -> T + Sync,
    mut take: impl FnMut(T) -> ControlFlow<()>,
) {
    let ahead = AHEAD * threads as u64;
    let state = State { next: 0, taken: 0, made: BTreeMap::new(), stopped: false };
    let shared = Shared { state: Mutex::new(state), changed: Condvar::new() };
    let work = || {
        loop {
            let mut state = shared.lock();
            while !state.stopped && state.next < count && state.next >= state.taken + ahead {
                state = shared.wait(state);
            }
            if state.stopped || state.next >= count {
                return;
            }
            let number = state.next;
            state.next += 1;
            drop(state);
            let made = {
                let stop = StopOnDrop(&shared);
                let made = produce(number);
                std::mem::forget(stop);
                made
            };
            shared.lock().made.insert(number, made);
            shared.changed.notify_all();
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
        let _stop = StopOnDrop(&shared);
        for number in 0..count {
            let mut state = shared.lock();
            let made = loop {
                if let Some(made) = state.made.remove(&number) {
                    break made;
                }
                if state.stopped {
                    return;
                }
                state = shared.wait(state);
            };
            state.taken = number + 1;
            drop(state);
            shared.changed.notify_all();
            if take(made).is_break() {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn what_many_threads_make_is_taken_in_order_and_few_are_made_ahead() {
        let (made, taken) = (AtomicU64::new(0), AtomicU64::new(0));
        let mut all = Vec::new();
        let produce = |number| {
            made.fetch_add(1, Ordering::SeqCst);
            let ahead = number - taken.load(Ordering::SeqCst).min(number);
            assert!(ahead <= AHEAD * 3 + 1, "{number} was made {ahead} ahead");
            number
        };
        walk(1000, 3, produce, |number| {
            taken.fetch_add(1, Ordering::SeqCst);
            all.push(number);
            ControlFlow::Continue(())
        });
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
        assert_eq!(made.into_inner(), 1000);
        walk(0, 3, |number| number, |_| panic!("there is none"));
    }

    #[test]
    fn it_ends_where_it_is_broken_off() {
        let mut last = 0;
        walk(
            u64::MAX,
            3,
            |number| number,
            |number| {
                last = number;
                if number == 100 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        assert_eq!(last, 100);
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panic_is_passed_on_and_keeps_nobody_waiting() {
        let produce = |number| assert!(number != 5, "the fifth");
        walk(1000, 3, produce, |()| ControlFlow::Continue(()));
    }
}
