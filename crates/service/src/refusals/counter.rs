//! Counting of refusals by kind in fixed windows. Pure: times are handed in.

use std::collections::HashMap;
use std::hash::Hash;

use chrono::{DateTime, TimeDelta, Utc};
use contract::facts::CountedRefusals;

use crate::limits::LimitSettings;

/// Counts refusals `R` by their kind `K`. It keeps twice as many kinds as may become events of their own
/// within a window, at most.
#[derive(Debug)]
pub(super) struct Counter<K, R> {
    window: TimeDelta,
    per_kind: u32,
    in_all: u32,
    /// When the window for all kinds began, and how many became events of their own in it.
    begun: DateTime<Utc>,
    own: u32,
    kinds: HashMap<K, Counted<R>>,
    /// Those of all other kinds.
    rest: Option<Tally<R>>,
}

/// A kind in its window.
#[derive(Debug)]
struct Counted<R> {
    begun: DateTime<Utc>,
    own: u32,
    tally: Option<Tally<R>>,
}

/// Refusals that became no events of their own, and the last of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tally<R> {
    pub(super) last: R,
    pub(super) counted: CountedRefusals,
}

impl<R> Tally<R> {
    fn first(refusal: R, now: DateTime<Utc>) -> Self {
        let counted = CountedRefusals { times: 1, since: now, until: now, several_kinds: false };
        Self { last: refusal, counted }
    }

    fn and(self, later: Self) -> Self {
        let counted = CountedRefusals {
            times: self.counted.times + later.counted.times,
            since: self.counted.since.min(later.counted.since),
            until: self.counted.until.max(later.counted.until),
            several_kinds: self.counted.several_kinds || later.counted.several_kinds,
        };
        Self { last: later.last, counted }
    }
}

fn add<R>(to: &mut Option<Tally<R>>, later: Tally<R>) {
    *to = Some(match to.take() {
        Some(earlier) => earlier.and(later),
        None => later,
    });
}

impl<K: Eq + Hash, R: Clone> Counter<K, R> {
    pub(super) fn new(settings: &LimitSettings, now: DateTime<Utc>) -> Self {
        Self {
            window: TimeDelta::seconds(settings.refusal_window_seconds.into()),
            per_kind: settings.refusals_per_kind,
            in_all: settings.refusals_in_all,
            begun: now,
            own: 0,
            kinds: HashMap::new(),
            rest: None,
        }
    }

    /// Counts a refusal: whether it is to become an event of its own. `room` is whether there is any for one.
    /// If the window of its kind is over, what was counted in it comes with the answer.
    pub(super) fn note(
        &mut self,
        kind: K,
        refusal: &R,
        room: bool,
        now: DateTime<Utc>,
    ) -> (bool, Option<Tally<R>>) {
        if now - self.begun >= self.window {
            (self.begun, self.own) = (now, 0);
        }
        let mut closed = None;
        if self.kinds.get(&kind).is_some_and(|counted| now - counted.begun >= self.window) {
            closed = self.kinds.remove(&kind).and_then(|counted| counted.tally);
        }
        let room = room && self.own < self.in_all;
        let own = match self.kinds.get_mut(&kind) {
            Some(counted) if room && counted.own < self.per_kind => {
                counted.own += 1;
                true
            }
            Some(counted) => {
                add(&mut counted.tally, Tally::first(refusal.clone(), now));
                false
            }
            None if room => {
                self.kinds.insert(kind, Counted { begun: now, own: 1, tally: None });
                true
            }
            None => {
                self.count_in_rest(Tally::first(refusal.clone(), now));
                false
            }
        };
        self.own += u32::from(own);
        (own, closed)
    }

    /// Counts what was counted already among those of several kinds.
    pub(super) fn count_in_rest(&mut self, mut tally: Tally<R>) {
        tally.counted.several_kinds = true;
        add(&mut self.rest, tally);
    }

    /// What was counted in windows that are over.
    pub(super) fn close(&mut self, now: DateTime<Utc>) -> Vec<Tally<R>> {
        let window = self.window;
        let over = |begun: DateTime<Utc>| now - begun >= window;
        let kinds = self.kinds.extract_if(|_, counted| over(counted.begun));
        let mut closed: Vec<_> = kinds.filter_map(|(_, counted)| counted.tally).collect();
        closed.extend(self.rest.take_if(|rest| over(rest.counted.since)));
        closed
    }

    /// All that was counted: nothing more comes.
    pub(super) fn close_all(&mut self) -> Vec<Tally<R>> {
        let mut closed: Vec<_> = self.kinds.drain().filter_map(|(_, kind)| kind.tally).collect();
        closed.extend(self.rest.take());
        closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn counter(in_all: u32) -> Counter<&'static str, u32> {
        let settings = LimitSettings { refusals_in_all: in_all, ..LimitSettings::default() };
        Counter::new(&settings, at(0))
    }

    fn tally(last: u32, times: u64, since: i64, until: i64, several_kinds: bool) -> Tally<u32> {
        let (since, until) = (at(since), at(until));
        Tally { last, counted: CountedRefusals { times, since, until, several_kinds } }
    }

    #[test]
    fn the_first_of_a_kind_is_an_event_and_the_others_of_the_minute_are_one() {
        let mut counter = counter(60);
        assert_eq!(counter.note("a", &1, true, at(10)), (true, None));
        for number in 2..=4 {
            assert_eq!(counter.note("a", &number, true, at(10 + i64::from(number))), (false, None));
        }
        assert_eq!(counter.note("b", &5, true, at(15)), (true, None));
        assert_eq!(counter.close(at(69)), []);
        assert_eq!(counter.close(at(70)), [tally(4, 3, 12, 14, false)]);
        assert_eq!(counter.note("a", &6, true, at(71)), (true, None));
        assert_eq!(counter.close_all(), []);
    }

    #[test]
    fn a_window_that_nobody_closed_is_closed_by_the_next_of_its_kind() {
        let mut counter = counter(60);
        counter.note("a", &1, true, at(0));
        counter.note("a", &2, true, at(1));
        assert_eq!(counter.note("a", &3, true, at(60)), (true, Some(tally(2, 1, 1, 1, false))));
    }

    #[test]
    fn of_all_kinds_only_so_many_are_events_and_the_rest_is_one() {
        let mut counter = counter(2);
        let own = ["a", "b", "c", "d"].map(|kind| counter.note(kind, &1, true, at(5)).0);
        assert_eq!(own, [true, true, false, false]);
        assert_eq!(counter.note("a", &7, true, at(6)), (false, None));
        assert_eq!(counter.kinds.len(), 2, "strangers' kinds take no room");
        let closed = counter.close(at(65));
        assert_eq!(closed, [tally(7, 1, 6, 6, false), tally(1, 2, 5, 5, true)]);
        assert_eq!(counter.note("c", &1, true, at(66)), (true, None));
    }

    #[test]
    fn without_room_all_are_counted_and_nothing_is_lost() {
        let mut counter = counter(60);
        assert_eq!(counter.note("a", &1, false, at(0)), (false, None));
        counter.count_in_rest(tally(2, 10, 1, 3, false));
        assert_eq!(counter.close_all(), [tally(2, 11, 0, 3, true)]);
    }
}
