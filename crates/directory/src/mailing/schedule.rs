//! When a mail that was not taken is tried again, and when no more.

use chrono::{DateTime, TimeDelta, Utc};
use contract::facts::MailAbandonment;

use crate::mailing::failure::Failure;

/// The wait after the first try, and half of it at least.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(30);
/// No wait is longer.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);

/// What comes after a try that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another try, not before this time.
    Retry(DateTime<Utc>),
    /// Nothing.
    Abandon(MailAbandonment),
}

/// Decides after a failed try. `attempts` counts it, and `random` is from 0 to 255: mails that failed together
/// are not tried again together.
pub(crate) fn after(
    failure: Failure,
    attempts: u32,
    created_at: DateTime<Utc>,
    longest: TimeDelta,
    random: u8,
    now: DateTime<Utc>,
) -> Next {
    if failure.is_final() {
        return Next::Abandon(MailAbandonment::Refused);
    }
    if now - created_at >= longest {
        return Next::Abandon(MailAbandonment::TooOld);
    }
    let doublings = attempts.saturating_sub(1).min(16);
    let wait = (FIRST_WAIT * (1 << doublings)).min(LONGEST_WAIT);
    let wait = wait / 2 + wait / 2 * i32::from(random) / 255;
    // The last try is at the end of the time, not after it.
    Next::Retry((now + wait).min(created_at + longest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailing::failure::Step;

    const DAY: TimeDelta = TimeDelta::days(1);
    const START: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn retry(attempts: u32, random: u8, now: DateTime<Utc>) -> Next {
        after(Failure::of(Step::Connect, None), attempts, START, DAY, random, now)
    }

    fn seconds(next: Next) -> i64 {
        match next {
            Next::Retry(at) => (at - START).num_seconds(),
            Next::Abandon(_) => panic!("it is tried again"),
        }
    }

    #[test]
    fn waits_grow_up_to_an_hour_and_differ() {
        assert_eq!([1, 2, 3].map(|n| seconds(retry(n, 255, START))), [30, 60, 120]);
        assert_eq!(seconds(retry(1, 0, START)), 15);
        assert_eq!(seconds(retry(1000, 255, START)), 3600);
    }

    #[test]
    fn after_a_day_it_is_abandoned_and_not_before_a_last_try() {
        let late = START + DAY - TimeDelta::minutes(1);
        assert_eq!(retry(30, 255, late), Next::Retry(START + DAY));
        assert_eq!(retry(31, 255, START + DAY), Next::Abandon(MailAbandonment::TooOld));
    }

    #[test]
    fn what_the_server_refuses_for_good_is_abandoned_at_once() {
        let failure = Failure::of(Step::Recipient, Some(550));
        let next = after(failure, 1, START, DAY, 0, START);
        assert_eq!(next, Next::Abandon(MailAbandonment::Refused));
    }
}
