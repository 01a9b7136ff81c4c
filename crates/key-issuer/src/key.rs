//! The aggregate of keys: what a key is and what can happen to it. Pure: a command answers with the
//! key as it is next and the fact, or refuses.

use chrono::{DateTime, Duration, Utc};
use contract::facts::{
    KeyCreated, KeyDeleted, KeyDeletionReason, KeyDetails, KeyExpired, KeyRenamed,
};
use contract::{AppId, KeyId, Version};

use crate::key_limit::{TooManyKeys, WorkingKey, check_room};
use crate::key_name::KeyName;

/// A key of an app, without its secret.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    /// Its id; the OAuth `client_id` is the same in other clothes.
    pub id: KeyId,
    /// The app.
    pub app_id: AppId,
    /// How its owners call it.
    pub name: KeyName,
    /// The last four characters of its secret.
    pub hint: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was deleted, and from when that counts.
    pub deletion: Option<Deletion>,
    /// When its expiry was recorded.
    pub expired_at: Option<DateTime<Utc>>,
    /// The key in whose place it came.
    pub replaces: Option<KeyId>,
    /// When it was reported that its secret was found.
    pub leaked_at: Option<DateTime<Utc>>,
    /// When it was last traded for a token, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The version of its last event.
    pub version: Version,
}

/// What a key is made of.
#[derive(Debug)]
pub(crate) struct NewKey {
    pub(crate) id: KeyId,
    pub(crate) app_id: AppId,
    pub(crate) name: KeyName,
    /// The last four characters of its secret.
    pub(crate) hint: String,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// The key in whose place it comes.
    pub(crate) replaces: Option<KeyId>,
}

/// The end of a key by somebody's hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deletion {
    /// When somebody decided it: the first time, or to end it at once.
    pub deleted_at: DateTime<Utc>,
    /// From when the key works no more.
    pub ends_at: DateTime<Utc>,
}

/// Why a key is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeletionReason {
    /// Its owners replaced it: it works for so long yet, so that programs can be switched over.
    Requested {
        /// How long.
        grace: Duration,
    },
    /// Its secret leaked: it ends at once.
    RequestedNow,
    /// Its app ended.
    AppArchived,
    /// Another came in its place: it works for so long yet.
    Replaced {
        /// How long.
        grace: Duration,
    },
    /// Somebody reported its secret: it ends at once.
    Leaked,
}

impl DeletionReason {
    const fn recorded(self) -> KeyDeletionReason {
        match self {
            Self::Requested { .. } => KeyDeletionReason::Requested,
            Self::RequestedNow => KeyDeletionReason::RequestedNow,
            Self::AppArchived => KeyDeletionReason::AppArchived,
            Self::Replaced { .. } => KeyDeletionReason::Replaced,
            Self::Leaked => KeyDeletionReason::Leaked,
        }
    }

    const fn grace(self) -> Duration {
        match self {
            Self::Requested { grace } | Self::Replaced { grace } => grace,
            Self::RequestedNow | Self::AppArchived | Self::Leaked => Duration::zero(),
        }
    }
}

/// Why a change of a key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyRefusal {
    /// It was deleted already.
    #[error("the key was deleted at {deleted_at} and works no more from {ends_at}")]
    Deleted {
        /// When it was deleted.
        deleted_at: DateTime<Utc>,
        /// From when it works no more.
        ends_at: DateTime<Utc>,
    },
    /// It ended by itself.
    #[error("the key expired at {expires_at}")]
    Expired {
        /// When.
        expires_at: DateTime<Utc>,
    },
}

/// Why an app gets no further key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CreationRefusal {
    /// It has as many as it may.
    #[error(transparent)]
    TooMany(#[from] TooManyKeys),
    /// The wanted end is not in the future.
    #[error("expires_at must be in the future")]
    ExpiryInThePast,
}

impl Key {
    /// Makes a key of an app that has these working ones already, and may have `limit` live ones.
    pub(crate) fn create(
        new: NewKey,
        working: &[WorkingKey],
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<(Self, KeyCreated), CreationRefusal> {
        let NewKey { id, app_id, name, hint, expires_at, replaces } = new;
        if expires_at.is_some_and(|at| at <= now) {
            return Err(CreationRefusal::ExpiryInThePast);
        }
        check_room(working, limit)?;
        let key = Self {
            id,
            app_id,
            name,
            hint,
            created_at: now,
            expires_at,
            deletion: None,
            expired_at: None,
            replaces,
            leaked_at: None,
            last_used_at: None,
            version: Version::FIRST,
        };
        let client_id = id.client_id();
        Ok((key, KeyCreated { key_id: id, client_id, app_id, expires_at, replaces }))
    }

    /// What developers typed about it, for the events that tell its name.
    pub(crate) fn details(&self) -> KeyDetails {
        KeyDetails { name: self.name.as_str().to_owned() }
    }

    /// From when it works no more, if that is known already: its expiry or the end of its grace,
    /// whichever comes first.
    pub(crate) fn end(&self) -> Option<DateTime<Utc>> {
        let deleted = self.deletion.map(|deletion| deletion.ends_at);
        match (self.expires_at, deleted) {
            (Some(expiry), Some(deletion)) => Some(expiry.min(deletion)),
            (expiry, deletion) => expiry.or(deletion),
        }
    }

    /// Whether it gets tokens at this moment.
    pub(crate) fn works_at(&self, now: DateTime<Utc>) -> bool {
        !self.ended_at_once() && self.end().is_none_or(|end| now < end)
    }

    /// Whether it was deleted without a grace: then it has ended by every clock, also by one that is behind that of
    /// whoever deleted it.
    fn ended_at_once(&self) -> bool {
        self.deletion.is_some_and(|deletion| deletion.ends_at <= deletion.deleted_at)
    }

    /// Gives it another name. No change, and no fact, if it has that name already.
    pub(crate) fn rename(
        &self,
        name: KeyName,
        now: DateTime<Utc>,
    ) -> Result<Option<(Self, KeyRenamed)>, KeyRefusal> {
        self.check_live(now)?;
        if self.name == name {
            return Ok(None);
        }
        let fact = KeyRenamed { key_id: self.id, app_id: self.app_id };
        Ok(Some((Self { name, ..self.next() }, fact)))
    }

    /// Deletes it. A key that was deleted and still works can be deleted again only to end it sooner.
    pub(crate) fn delete(
        &self,
        reason: DeletionReason,
        now: DateTime<Utc>,
    ) -> Result<(Self, KeyDeleted), KeyRefusal> {
        if let Some(Deletion { deleted_at, ends_at }) = self.deletion {
            let sooner = now + reason.grace() < ends_at;
            if !sooner || !self.works_at(now) {
                return Err(KeyRefusal::Deleted { deleted_at, ends_at });
            }
        }
        if let Some(expires_at) = self.expires_at.filter(|at| *at <= now) {
            return Err(KeyRefusal::Expired { expires_at });
        }
        let ends_at = now + reason.grace();
        let ends_at = self.end().map_or(ends_at, |end| end.min(ends_at));
        let is_at_once = reason.grace().is_zero();
        let deletion = Deletion {
            // A second deletion moves the end. One that ends it at once is the one that counts, so that it has ended by
            // every clock. The clock of the replica that made the first may be ahead of this one's: what ends sooner
            // does not wait for that, and still no end is before its deletion.
            deleted_at: self
                .deletion
                .filter(|_| !is_at_once)
                .map_or(now, |deletion| deletion.deleted_at)
                .min(ends_at),
            ends_at,
        };
        let fact = KeyDeleted {
            key_id: self.id,
            app_id: self.app_id,
            ends_at: deletion.ends_at,
            reason: reason.recorded(),
        };
        Ok((Self { deletion: Some(deletion), ..self.next() }, fact))
    }

    /// Records its expiry, once, if it is over and nobody deleted it before.
    pub(crate) fn expire(&self, now: DateTime<Utc>) -> Option<(Self, KeyExpired)> {
        let over = self.expires_at.is_some_and(|at| at <= now);
        if !over || self.expired_at.is_some() || self.deletion.is_some() {
            return None;
        }
        let fact = KeyExpired { key_id: self.id, app_id: self.app_id };
        Some((Self { expired_at: Some(now), ..self.next() }, fact))
    }

    /// The same, at the version of its next event.
    pub(crate) fn next(&self) -> Self {
        Self { version: self.version.next(), ..self.clone() }
    }

    /// Whether it is live: neither deleted nor expired.
    ///
    /// # Errors
    /// Which of the two it is.
    pub(crate) fn check_live(&self, now: DateTime<Utc>) -> Result<(), KeyRefusal> {
        if let Some(Deletion { deleted_at, ends_at }) = self.deletion {
            return Err(KeyRefusal::Deleted { deleted_at, ends_at });
        }
        match self.expires_at {
            Some(expires_at) if expires_at <= now => Err(KeyRefusal::Expired { expires_at }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::Environment;

    use super::*;

    const GRACE: DeletionReason = DeletionReason::Requested { grace: Duration::minutes(15) };

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap() + Duration::minutes(minutes)
    }

    fn create(live: usize, expires_at: Option<DateTime<Utc>>) -> Result<Key, CreationRefusal> {
        let environment = Environment::system();
        let new = NewKey {
            id: environment.new_id(),
            app_id: environment.new_id(),
            name: KeyName::parse("production").unwrap(),
            hint: "abcd".to_owned(),
            expires_at,
            replaces: None,
        };
        let working = vec![WorkingKey { live: true, end: None }; live];
        Key::create(new, &working, 5, at(0)).map(|(key, _)| key)
    }

    fn key(expires_at: Option<DateTime<Utc>>) -> Key {
        create(0, expires_at).unwrap()
    }

    fn deleted(key: &Key, reason: DeletionReason, now: DateTime<Utc>) -> Key {
        key.delete(reason, now).unwrap().0
    }

    #[test]
    fn a_deleted_key_works_for_its_grace_and_not_a_moment_longer() {
        let key = deleted(&key(None), GRACE, at(0));
        assert!(key.works_at(at(15) - Duration::microseconds(1)));
        assert!(!key.works_at(at(15)));
    }

    #[test]
    fn a_leaked_key_ends_at_once() {
        assert!(!deleted(&key(None), DeletionReason::RequestedNow, at(3)).works_at(at(3)));
    }

    #[test]
    fn a_grace_never_outlives_the_expiry() {
        let key = deleted(&key(Some(at(5))), GRACE, at(0));
        assert_eq!(key.end(), Some(at(5)));
    }

    #[test]
    fn a_key_in_its_grace_is_deleted_again_only_to_end_it_sooner() {
        let key = deleted(&key(None), GRACE, at(0));
        assert!(matches!(key.delete(GRACE, at(1)), Err(KeyRefusal::Deleted { .. })));
        let (ended, fact) = key.delete(DeletionReason::RequestedNow, at(1)).unwrap();
        assert_eq!((fact.ends_at, ended.version.number()), (at(1), 3));
        assert_eq!(ended.deletion, Some(Deletion { deleted_at: at(1), ends_at: at(1) }));
        assert!(matches!(
            ended.delete(DeletionReason::RequestedNow, at(2)),
            Err(KeyRefusal::Deleted { .. })
        ));
        assert!(matches!(
            ended.delete(DeletionReason::AppArchived, at(2)),
            Err(KeyRefusal::Deleted { .. })
        ));
    }

    #[test]
    fn a_leaked_key_ends_at_once_though_it_was_deleted_by_a_clock_that_is_ahead() {
        for sooner in [DeletionReason::RequestedNow, DeletionReason::AppArchived] {
            let ended = deleted(&deleted(&key(None), GRACE, at(2)), sooner, at(1));
            assert!(!ended.works_at(at(1)));
            assert_eq!(ended.deletion, Some(Deletion { deleted_at: at(1), ends_at: at(1) }));
        }
    }

    #[test]
    fn what_ended_at_once_has_ended_by_a_clock_that_is_behind_too() {
        let at_once = deleted(&key(None), DeletionReason::Leaked, at(3));
        let in_its_grace =
            deleted(&deleted(&key(None), GRACE, at(2)), DeletionReason::Leaked, at(3));
        for ended in [at_once, in_its_grace] {
            assert!(!ended.works_at(at(1)));
            for reason in [GRACE, DeletionReason::RequestedNow, DeletionReason::AppArchived] {
                assert!(matches!(ended.delete(reason, at(1)), Err(KeyRefusal::Deleted { .. })));
            }
        }
    }

    #[test]
    fn an_expiry_is_recorded_once_and_not_for_a_deleted_key() {
        let expiring = key(Some(at(5)));
        assert_eq!(expiring.expire(at(4)), None);
        let (expired, _) = expiring.expire(at(5)).unwrap();
        assert_eq!(expired.expire(at(6)), None);
        assert_eq!(deleted(&key(Some(at(5))), GRACE, at(0)).expire(at(6)), None);
        assert_eq!(key(None).expire(at(1000)), None);
    }

    #[test]
    fn an_ended_key_is_neither_renamed_nor_deleted() {
        let name = KeyName::parse("other").unwrap();
        let expired = key(Some(at(5)));
        assert!(matches!(expired.rename(name.clone(), at(5)), Err(KeyRefusal::Expired { .. })));
        assert!(matches!(expired.delete(GRACE, at(5)), Err(KeyRefusal::Expired { .. })));
        let gone = deleted(&key(None), GRACE, at(0));
        assert!(matches!(gone.rename(name, at(1)), Err(KeyRefusal::Deleted { .. })));
    }

    #[test]
    fn the_name_it_has_already_is_no_change() {
        let key = key(None);
        assert_eq!(key.rename(key.name.clone(), at(1)), Ok(None));
        let (renamed, _) = key.rename(KeyName::parse("b").unwrap(), at(1)).unwrap().unwrap();
        assert_eq!((renamed.details().name.as_str(), renamed.version.number()), ("b", 2));
    }

    #[test]
    fn an_app_gets_no_more_keys_than_it_may_have_and_none_that_ended_before_it_began() {
        assert!(create(4, None).is_ok());
        assert!(matches!(create(5, None), Err(CreationRefusal::TooMany(_))));
        assert_eq!(create(0, Some(at(0))), Err(CreationRefusal::ExpiryInThePast));
    }
}
