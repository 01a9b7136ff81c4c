//! Replacing a key: a new pair of the same name, and when the old one ends. Pure.

use chrono::{DateTime, Duration, Utc};
use contract::KeyId;
use contract::facts::{KeyCreated, KeyDeleted};

use crate::key::{CreationRefusal, DeletionReason, Key, KeyRefusal, NewKey};
use crate::key_limit::WorkingKey;

/// When the old key ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OldEnds {
    /// After the grace that a deleted key has.
    Grace,
    /// At once.
    Now,
    /// At this time.
    At(DateTime<Utc>),
}

/// The new key, before it is one.
#[derive(Debug)]
pub(crate) struct NewPair {
    pub(crate) id: KeyId,
    /// The last four characters of its secret.
    pub(crate) hint: String,
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

/// How keys are replaced here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// How many live keys an app may have.
    pub(crate) live: usize,
    /// For how long a deleted key works on.
    pub(crate) grace: Duration,
    /// For how long an old key may work on at most.
    pub(crate) longest: Duration,
}

/// What comes of it.
#[derive(Debug)]
pub(crate) struct Replacement {
    pub(crate) old: Key,
    pub(crate) deleted: KeyDeleted,
    pub(crate) new: Key,
    pub(crate) created: KeyCreated,
}

/// Why a key is not replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReplacementRefusal {
    /// It has ended, or is about to.
    #[error(transparent)]
    Key(#[from] KeyRefusal),
    /// The app gets no further key.
    #[error(transparent)]
    Creation(#[from] CreationRefusal),
    /// The old key is to end at a time that has passed.
    #[error("the old key must end in the future")]
    EndInThePast,
    /// The old key is to work on for too long.
    #[error("the old key must end by {latest}")]
    EndTooLate {
        /// When it ends at the latest.
        latest: DateTime<Utc>,
    },
}

impl Key {
    /// Replaces a live key. `working` are the app's keys that work, this one among them.
    pub(crate) fn replace(
        &self,
        new: NewPair,
        ends: OldEnds,
        working: &[WorkingKey],
        bounds: Bounds,
        now: DateTime<Utc>,
    ) -> Result<Replacement, ReplacementRefusal> {
        self.check_live(now)?;
        let grace = self.grace_until(ends, bounds, now)?;
        let (old, deleted) = self.delete(DeletionReason::Replaced { grace }, now)?;
        let others = without(working, WorkingKey { live: true, end: self.end() });
        let remains = old.works_at(now).then_some(WorkingKey { live: false, end: old.end() });
        let beside: Vec<WorkingKey> = others.into_iter().chain(remains).collect();
        let new = NewKey {
            id: new.id,
            app_id: self.app_id,
            name: self.name.clone(),
            hint: new.hint,
            expires_at: new.expires_at,
            replaces: Some(self.id),
        };
        let (new, created) = Self::create(new, &beside, bounds.live, now)?;
        Ok(Replacement { old, deleted, new, created })
    }

    fn grace_until(
        &self,
        ends: OldEnds,
        bounds: Bounds,
        now: DateTime<Utc>,
    ) -> Result<Duration, ReplacementRefusal> {
        let at = match ends {
            OldEnds::Grace => return Ok(bounds.grace),
            OldEnds::Now => return Ok(Duration::zero()),
            OldEnds::At(at) => at,
        };
        if at <= now {
            return Err(ReplacementRefusal::EndInThePast);
        }
        let latest = now + bounds.longest;
        let latest = self.expires_at.map_or(latest, |expiry| expiry.min(latest));
        if at > latest {
            return Err(ReplacementRefusal::EndTooLate { latest });
        }
        Ok(at - now)
    }
}

/// All but one that is like this.
fn without(working: &[WorkingKey], one: WorkingKey) -> Vec<WorkingKey> {
    let mut others = working.to_vec();
    if let Some(place) = others.iter().position(|key| *key == one) {
        others.swap_remove(place);
    }
    others
}

#[cfg(test)]
mod tests {
    use contract::Environment;

    use super::*;
    use crate::key_limit::TooManyKeys;
    use crate::key_name::KeyName;

    const BOUNDS: Bounds =
        Bounds { live: 5, grace: Duration::minutes(15), longest: Duration::days(90) };

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

    fn replace(
        key: &Key,
        ends: OldEnds,
        working: &[WorkingKey],
    ) -> Result<Replacement, ReplacementRefusal> {
        let id = Environment::system().new_id();
        let pair = NewPair { id, hint: "efgh".to_owned(), expires_at: None };
        key.replace(pair, ends, working, BOUNDS, at(1))
    }

    fn live(end: Option<DateTime<Utc>>) -> WorkingKey {
        WorkingKey { live: true, end }
    }

    #[test]
    fn the_new_one_has_the_old_ones_name_and_the_old_one_ends_when_it_was_said() {
        let old = key(None);
        for (ends, end) in [
            (OldEnds::Grace, at(16)),
            (OldEnds::Now, at(1)),
            (OldEnds::At(at(600)), at(600)),
            (OldEnds::At(at(1) + BOUNDS.longest), at(1) + BOUNDS.longest),
        ] {
            let replaced = replace(&old, ends, &[live(None)]).unwrap();
            assert_eq!((replaced.old.end(), replaced.deleted.ends_at), (Some(end), end));
            assert_eq!(replaced.new.name, old.name);
            assert_eq!(replaced.created.replaces, Some(old.id));
            assert_eq!(replaced.old.version.number(), 2);
        }
    }

    #[test]
    fn the_old_one_ends_in_the_future_in_time_and_before_its_expiry() {
        let old = key(Some(at(100)));
        let refused = |ends| replace(&old, ends, &[live(Some(at(100)))]).unwrap_err();
        assert_eq!(refused(OldEnds::At(at(1))), ReplacementRefusal::EndInThePast);
        let late = ReplacementRefusal::EndTooLate { latest: at(100) };
        assert_eq!(refused(OldEnds::At(at(101))), late);
        let latest = at(1) + BOUNDS.longest;
        let ends = OldEnds::At(latest + Duration::seconds(1));
        let refusal = replace(&key(None), ends, &[live(None)]).unwrap_err();
        assert_eq!(refusal, ReplacementRefusal::EndTooLate { latest });
    }

    #[test]
    fn a_key_is_replaced_though_the_app_has_all_it_may_have_and_not_when_too_many_work() {
        let old = key(None);
        let mut working = vec![live(None); 5];
        assert!(replace(&old, OldEnds::Grace, &working).is_ok());
        working.extend([WorkingKey { live: false, end: Some(at(9)) }; 5]);
        let refusal = replace(&old, OldEnds::Grace, &working).unwrap_err();
        let full = TooManyKeys::Working { working: 10, limit: 10, room_at: Some(at(9)) };
        assert_eq!(refusal, ReplacementRefusal::Creation(full.into()));
        // What ends at once leaves its place.
        assert!(replace(&old, OldEnds::Now, &working).is_ok());
    }

    #[test]
    fn what_has_ended_or_was_replaced_is_not_replaced() {
        let old = replace(&key(None), OldEnds::Grace, &[live(None)]).unwrap().old;
        let refusal = replace(&old, OldEnds::Grace, &[]).unwrap_err();
        assert!(matches!(refusal, ReplacementRefusal::Key(KeyRefusal::Deleted { .. })));
        let refusal = replace(&key(Some(at(1))), OldEnds::Now, &[]).unwrap_err();
        assert!(matches!(refusal, ReplacementRefusal::Key(KeyRefusal::Expired { .. })));
    }

    #[test]
    fn what_works_on_for_long_can_be_deleted_to_end_sooner() {
        let ends = OldEnds::At(at(600));
        let old = replace(&key(None), ends, &[live(None)]).unwrap().old;
        let grace = DeletionReason::Requested { grace: BOUNDS.grace };
        assert_eq!(old.delete(grace, at(2)).unwrap().0.end(), Some(at(17)));
        assert!(old.delete(grace, at(590)).is_err());
    }
}
