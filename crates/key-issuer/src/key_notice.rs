//! Telling that a key will expire: so many days before, each number once (rule 41). Pure.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use contract::facts::KeyExpiring;

use crate::key::Key;

/// How many days before an expiry it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoticeDays(BTreeSet<u16>);

/// More than so many days before, or more numbers than that, are not sensible.
const MOST_DAYS: u16 = 3650;
const MOST_NUMBERS: usize = 20;

impl NoticeDays {
    /// These days, in any order.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn new(days: &[u16]) -> Result<Self, String> {
        if days.iter().any(|days| !(1..=MOST_DAYS).contains(days)) {
            return Err(format!("each is between 1 and {MOST_DAYS}"));
        }
        if days.len() > MOST_NUMBERS {
            return Err(format!("at most {MOST_NUMBERS} of them"));
        }
        Ok(Self(days.iter().copied().collect()))
    }

    /// The least first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = u16> + '_ {
        self.0.iter().copied()
    }
}

impl Key {
    /// When it is next told that it will expire, if it was told so many days before last. What was before it was made is
    /// never told: whoever made it knew.
    pub(crate) fn notice_at(&self, days: &NoticeDays, told: Option<u16>) -> Option<DateTime<Utc>> {
        let expires_at = self.expires_at?;
        let ahead = days.iter().rev().filter(|days| told.is_none_or(|told| *days < told));
        let moments = ahead.map(|days| expires_at - Duration::days(days.into()));
        moments.filter(|at| *at > self.created_at).min()
    }

    /// Tells that it will expire, if that is due and it has not ended: of several numbers of days the least.
    pub(crate) fn expiring(
        &self,
        days: &NoticeDays,
        told: Option<u16>,
        now: DateTime<Utc>,
    ) -> Option<(Self, KeyExpiring)> {
        let expires_at = self.expires_at.filter(|at| *at > now)?;
        self.check_live(now).ok()?;
        let reached = |days: &u16| {
            let at = expires_at - Duration::days((*days).into());
            at <= now && at > self.created_at
        };
        let days = days.iter().find(reached)?;
        if told.is_some_and(|told| told <= days) {
            return None;
        }
        let fact = KeyExpiring { key_id: self.id, app_id: self.app_id, days, expires_at };
        Some((self.next(), fact))
    }
}

#[cfg(test)]
mod tests {
    use contract::Environment;

    use super::*;
    use crate::key::{DeletionReason, NewKey};
    use crate::key_name::KeyName;

    fn day(day: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap() + Duration::days(day)
    }

    fn key(expires_at: DateTime<Utc>) -> Key {
        let environment = Environment::system();
        let new = NewKey {
            id: environment.new_id(),
            app_id: environment.new_id(),
            name: KeyName::parse("production").unwrap(),
            hint: "abcd".to_owned(),
            expires_at: Some(expires_at),
            replaces: None,
        };
        Key::create(new, &[], 5, day(0)).unwrap().0
    }

    fn days() -> NoticeDays {
        NoticeDays::new(&[90, 60, 30, 15, 7, 1]).unwrap()
    }

    fn told(key: &Key, last: Option<u16>, now: DateTime<Utc>) -> Option<u16> {
        key.expiring(&days(), last, now).map(|(_, fact)| fact.days)
    }

    #[test]
    fn each_number_of_days_is_told_when_it_comes_and_not_again() {
        let (key, mut last, mut all) = (key(day(100)), None, Vec::new());
        for now in 0..100 {
            while let Some(days) = told(&key, last, day(now)) {
                all.push((now, days));
                last = Some(days);
            }
        }
        assert_eq!(all, [(10, 90), (40, 60), (70, 30), (85, 15), (93, 7), (99, 1)]);
        assert_eq!(told(&key, None, day(100)), None, "it has expired");
    }

    #[test]
    fn of_several_that_are_due_the_nearest_is_told_and_none_from_before_the_key() {
        assert_eq!(told(&key(day(100)), None, day(75)), Some(30));
        assert_eq!(told(&key(day(100)), Some(90), day(95)), Some(7));
        // A clock that went back tells nothing twice.
        assert_eq!(told(&key(day(100)), Some(30), day(41)), None);
        let short = key(day(20));
        assert_eq!(short.notice_at(&days(), None), Some(day(5)));
        assert_eq!((told(&short, None, day(4)), told(&short, None, day(5))), (None, Some(15)));
        assert_eq!(key(day(1)).notice_at(&days(), None), None);
    }

    #[test]
    fn the_next_time_is_that_of_the_next_number() {
        let key = key(day(100));
        let next = |told| key.notice_at(&days(), told);
        assert_eq!(
            [next(None), next(Some(90)), next(Some(1))],
            [Some(day(10)), Some(day(40)), None]
        );
        // After a time in which nothing ran, those that are past are passed over.
        assert_eq!(next(Some(30)), Some(day(85)));
    }

    #[test]
    fn a_deleted_key_is_not_told_of() {
        let grace = DeletionReason::Requested { grace: Duration::days(30) };
        let (deleted, _) = key(day(100)).delete(grace, day(60)).unwrap();
        assert_eq!(told(&deleted, None, day(75)), None);
    }

    #[test]
    fn senseless_days_are_refused() {
        assert!(NoticeDays::new(&[]).is_ok());
        for senseless in [&[0][..], &[3651], &[1; 21]] {
            assert!(NoticeDays::new(senseless).is_err(), "{senseless:?}");
        }
    }
}
