//! The end of a key whose secret was found. Pure.

use chrono::{DateTime, Utc};
use contract::facts::{KeyDeleted, KeyLeaked};

use crate::key::{DeletionReason, Key};

/// A leak, and the end that follows: two steps of the key's stream.
#[derive(Debug)]
pub(crate) struct Leak {
    /// The key once the leak is known.
    pub(crate) leaked: Key,
    pub(crate) report: KeyLeaked,
    /// The key once it has ended.
    pub(crate) ended: Key,
    pub(crate) end: KeyDeleted,
}

impl Key {
    /// Ends a key whose secret was found. Nothing, if it works no more: its secret is worth nothing then, and whoever has
    /// it cannot leave events without end.
    pub(crate) fn leak(&self, now: DateTime<Utc>) -> Option<Leak> {
        if !self.works_at(now) {
            return None;
        }
        let leaked = Self { leaked_at: Some(now), ..self.next() };
        let report = KeyLeaked { key_id: self.id, app_id: self.app_id };
        let (ended, end) = leaked.delete(DeletionReason::Leaked, now).ok()?;
        Some(Leak { leaked, report, ended, end })
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use contract::Environment;
    use contract::facts::KeyDeletionReason;

    use super::*;
    use crate::key::NewKey;
    use crate::key_name::KeyName;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap() + Duration::minutes(minutes)
    }

    fn key(expires_at: Option<DateTime<Utc>>) -> Key {
        let environment = Environment::system();
        let new = NewKey {
            id: environment.new_id(),
            app_id: environment.new_id(),
            name: KeyName::parse("production").unwrap(),
            hint: "abcd".to_owned(),
            expires_at,
            replaces: None,
        };
        Key::create(new, &[], 5, at(0)).unwrap().0
    }

    #[test]
    fn a_leaked_key_ends_at_once_and_a_second_report_finds_nothing() {
        let leak = key(Some(at(60))).leak(at(1)).unwrap();
        assert!(!leak.ended.works_at(at(1)));
        assert_eq!((leak.end.reason, leak.end.ends_at), (KeyDeletionReason::Leaked, at(1)));
        assert_eq!((leak.leaked.version.number(), leak.ended.version.number()), (2, 3));
        assert!(leak.ended.leak(at(2)).is_none());
    }

    #[test]
    fn one_in_its_grace_ends_too_and_one_that_has_ended_is_left_as_it_is() {
        let grace = DeletionReason::Requested { grace: Duration::minutes(15) };
        let (deleted, _) = key(None).delete(grace, at(0)).unwrap();
        assert_eq!(deleted.leak(at(1)).unwrap().ended.end(), Some(at(1)));
        assert!(deleted.leak(at(15)).is_none());
        assert!(key(Some(at(5))).leak(at(5)).is_none());
    }
}
