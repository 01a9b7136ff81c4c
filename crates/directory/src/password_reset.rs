//! Choosing another password by a mailed link.

use chrono::{DateTime, TimeDelta, Utc};
use contract::facts::{PasswordResetCompleted, PasswordResetRequested};
use contract::{PasswordResetId, PersonId, Version};

use crate::mailed_link::{LinkRefusal, usable};
use crate::person::Person;

/// A reset that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PasswordReset {
    /// Its id.
    pub(crate) id: PasswordResetId,
    /// Whose password it changes.
    pub(crate) person_id: PersonId,
    /// When it was asked for.
    pub(crate) requested_at: DateTime<Utc>,
    /// When its link stops working.
    pub(crate) expires_at: DateTime<Utc>,
    /// When its link was used.
    pub(crate) completed_at: Option<DateTime<Utc>>,
    /// Whether the person still has the password that they had when it was asked for.
    pub(crate) current: bool,
    /// The version of its last event.
    pub(crate) version: Version,
}

impl PasswordReset {
    /// Asks for a link for this person.
    pub(crate) fn request(
        id: PasswordResetId,
        person_id: PersonId,
        lifetime: TimeDelta,
        now: DateTime<Utc>,
    ) -> (Self, PasswordResetRequested) {
        let expires_at = now + lifetime;
        let version = Version::FIRST;
        let (completed_at, current) = (None, true);
        let reset =
            Self { id, person_id, requested_at: now, expires_at, completed_at, current, version };
        (reset, PasswordResetRequested { reset_id: id, person_id, expires_at })
    }

    /// Uses the link: once, not after the password was changed otherwise, and not for somebody who is deactivated.
    pub(crate) fn complete(
        &self,
        person: &Person,
        now: DateTime<Utc>,
    ) -> Result<(Self, PasswordResetCompleted), LinkRefusal> {
        usable(self.completed_at, self.expires_at, now)?;
        if !self.current || person.deactivated_at.is_some() {
            return Err(LinkRefusal::Outdated);
        }
        let next = Self { completed_at: Some(now), version: self.version.next(), ..self.clone() };
        Ok((next, PasswordResetCompleted { reset_id: self.id, person_id: self.person_id }))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::language::Language;
    use crate::password::PasswordSettings;
    use crate::person::NewPerson;

    const START: DateTime<Utc> = DateTime::UNIX_EPOCH;
    const LIFETIME: TimeDelta = TimeDelta::minutes(30);

    fn person() -> Person {
        let settings = PasswordSettings::default();
        let new =
            NewPerson::parse("a@example.com", "A", None, false, Language::En, &settings).unwrap();
        Person::register(PersonId::from_uuid(Uuid::from_u128(1)), new, START).0
    }

    fn reset() -> PasswordReset {
        let id = PasswordResetId::from_uuid(Uuid::from_u128(2));
        PasswordReset::request(id, person().id, LIFETIME, START).0
    }

    #[test]
    fn a_link_is_used_once_and_before_its_time_runs_out() {
        let last = START + LIFETIME - TimeDelta::microseconds(1);
        let (used, fact) = reset().complete(&person(), last).unwrap();
        assert_eq!((used.version.number(), fact.person_id), (2, person().id));
        assert_eq!(used.complete(&person(), last), Err(LinkRefusal::Used { at: last }));
        let end = START + LIFETIME;
        assert_eq!(reset().complete(&person(), end), Err(LinkRefusal::Expired { at: end }));
    }

    #[test]
    fn after_another_change_and_for_somebody_deactivated_it_is_outdated() {
        let outdated = PasswordReset { current: false, ..reset() };
        assert_eq!(outdated.complete(&person(), START), Err(LinkRefusal::Outdated));
        let (deactivated, _) = person().deactivate(true, START).unwrap().unwrap();
        assert_eq!(reset().complete(&deactivated, START), Err(LinkRefusal::Outdated));
    }
}
