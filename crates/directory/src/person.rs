//! People: who can sign in.

use chrono::{DateTime, Utc};
use contract::facts::{
    PersonActivated, PersonDeactivated, PersonDetails, PersonEdited, PersonField,
    PersonIdentityLinked, PersonOperatorRevoked, PersonPasswordChanged, PersonRegistered,
};
use contract::{IdentityProviderId, PersonId, Version};

use crate::fields::{self, Email, Invalid};
use crate::language::Language;
use crate::password::{Password, PasswordSettings};

/// The most characters of a person's name.
pub(crate) const NAME_CHARS: usize = 200;

/// A person as they are stored; the password's hash is read only where one signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// Their id.
    pub(crate) id: PersonId,
    /// Where they can be reached, and the name under which they sign in.
    pub(crate) email: Email,
    /// Their name.
    pub(crate) name: String,
    /// Whether they operate the platform.
    pub(crate) operator: bool,
    /// In which language they are written to.
    pub(crate) language: Language,
    /// When they were registered.
    pub(crate) created_at: DateTime<Utc>,
    /// Since when they can do nothing, if they are deactivated.
    pub(crate) deactivated_at: Option<DateTime<Utc>>,
    /// The version of their last event.
    pub(crate) version: Version,
}

/// The installation would be left without an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an installation keeps at least one operator: register another first")]
pub(crate) struct LastOperator;

/// A person to be registered.
#[derive(Debug, Clone)]
pub(crate) struct NewPerson {
    /// Where they can be reached.
    pub(crate) email: Email,
    /// Their name.
    pub(crate) name: String,
    /// Their password. Without one they use API tokens only.
    pub(crate) password: Option<Password>,
    /// Whether they operate the platform.
    pub(crate) operator: bool,
    /// In which language they are written to.
    pub(crate) language: Language,
}

/// What a person changes of themselves; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub(crate) struct PersonEdit {
    /// The name.
    pub(crate) name: Option<String>,
    /// In which language they are written to.
    pub(crate) language: Option<Language>,
}

impl NewPerson {
    /// Checks every field and tells all that is wrong.
    pub(crate) fn parse(
        email: &str,
        name: &str,
        password: Option<String>,
        operator: bool,
        language: Language,
        settings: &PasswordSettings,
    ) -> Result<Self, Invalid> {
        let email = Email::parse("email", email);
        let name = fields::name("name", name, NAME_CHARS);
        let password =
            password.map(|text| Password::choose("password", text, settings)).transpose();
        match (email, name, password) {
            (Ok(email), Ok(name), Ok(password)) => {
                Ok(Self { email, name, password, operator, language })
            }
            (email, name, password) => Err(Invalid::all([email.err(), name.err(), password.err()])),
        }
    }
}

impl Person {
    /// Registers a person. That they have a password is not for the event to tell.
    pub(crate) fn register(
        id: PersonId,
        new: NewPerson,
        now: DateTime<Utc>,
    ) -> (Self, PersonRegistered) {
        let NewPerson { email, name, operator, language, .. } = new;
        let fact = PersonRegistered { person_id: id, operator };
        let version = Version::FIRST;
        let person = Self {
            id,
            email,
            name,
            operator,
            language,
            created_at: now,
            deactivated_at: None,
            version,
        };
        (person, fact)
    }

    /// Changes what they are called and how they are written to; none when nothing is different.
    pub(crate) fn edit(
        &self,
        edit: &PersonEdit,
    ) -> Result<Option<(Self, PersonEdited, PersonDetails)>, Invalid> {
        let name = match &edit.name {
            Some(name) => fields::name("name", name, NAME_CHARS)?,
            None => self.name.clone(),
        };
        let language = edit.language.unwrap_or(self.language);
        let renamed = name != self.name;
        let differences =
            [(PersonField::Name, renamed), (PersonField::Language, language != self.language)];
        let changed: Vec<_> = differences
            .into_iter()
            .filter_map(|(field, differs)| differs.then_some(field))
            .collect();
        if changed.is_empty() {
            return Ok(None);
        }
        let details = PersonDetails { name: renamed.then(|| name.clone()) };
        let next = Self { name, language, ..self.next() };
        Ok(Some((next, PersonEdited { person_id: self.id, changed }, details)))
    }

    /// Ends all that the person can do, given whether there are other operators who can do something; none
    /// when they are deactivated. Their tokens are to end with it.
    ///
    /// The other operators are others only while they are locked.
    pub(crate) fn deactivate(
        &self,
        others: bool,
        now: DateTime<Utc>,
    ) -> Result<Option<(Self, PersonDeactivated)>, LastOperator> {
        if self.deactivated_at.is_some() {
            return Ok(None);
        }
        self.cease_to_operate(others)?;
        let next = Self { deactivated_at: Some(now), ..self.next() };
        Ok(Some((next, PersonDeactivated { person_id: self.id })))
    }

    /// Lets the person sign in again; none when they are not deactivated.
    pub(crate) fn activate(&self) -> Option<(Self, PersonActivated)> {
        self.deactivated_at?;
        let next = Self { deactivated_at: None, ..self.next() };
        Some((next, PersonActivated { person_id: self.id }))
    }

    /// Takes the right of operators away, given as for [`Self::deactivate`]; none when they do not have it.
    pub(crate) fn revoke_operator(
        &self,
        others: bool,
    ) -> Result<Option<(Self, PersonOperatorRevoked)>, LastOperator> {
        if !self.operator {
            return Ok(None);
        }
        self.cease_to_operate(others)?;
        let next = Self { operator: false, ..self.next() };
        Ok(Some((next, PersonOperatorRevoked { person_id: self.id })))
    }

    /// Makes the person known at a provider, by whose word they sign in from then on.
    pub(crate) fn link_identity(
        &self,
        identity_provider_id: IdentityProviderId,
    ) -> (Self, PersonIdentityLinked) {
        let next = self.next();
        let fact = PersonIdentityLinked { person_id: self.id, identity_provider_id };
        (next, fact)
    }

    /// Gives the person another password: which one is not for the person's state to know. Their sessions are to
    /// end with it.
    pub(crate) fn change_password(&self) -> (Self, PersonPasswordChanged) {
        (self.next(), PersonPasswordChanged { person_id: self.id })
    }

    fn cease_to_operate(&self, others: bool) -> Result<(), LastOperator> {
        let operates = self.operator && self.deactivated_at.is_none();
        if operates && !others { Err(LastOperator) } else { Ok(()) }
    }

    fn next(&self) -> Self {
        Self { version: self.version.next(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_wrong_fields_are_told_at_once() {
        let settings = PasswordSettings::default();
        let errors =
            NewPerson::parse("x", "", Some("short".into()), false, Language::En, &settings)
                .unwrap_err();
        let fields: Vec<&str> = errors.0.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["email", "name", "password"]);
    }

    fn somebody(operator: bool) -> Person {
        let settings = PasswordSettings::default();
        let new = NewPerson::parse("a@example.com", "A", None, operator, Language::En, &settings)
            .unwrap();
        let id = PersonId::from_uuid(uuid::Uuid::from_u128(1));
        Person::register(id, new, DateTime::UNIX_EPOCH).0
    }

    #[test]
    fn a_person_is_deactivated_and_activated_again() {
        let now = DateTime::UNIX_EPOCH;
        let person = somebody(false);
        assert_eq!(person.activate(), None);
        let (person, _) = person.deactivate(false, now).unwrap().unwrap();
        assert_eq!((person.deactivated_at, person.version.number()), (Some(now), 2));
        assert_eq!(person.deactivate(false, now), Ok(None));
        let (person, _) = person.activate().unwrap();
        assert_eq!((person.deactivated_at, person.version.number()), (None, 3));
    }

    #[test]
    fn an_edit_tells_what_changed_and_a_name_only_beside_the_event() {
        let person = somebody(false);
        let named = |name: &str| Some(name.to_owned());
        let nothing = PersonEdit { name: named(" A "), language: Some(Language::En) };
        assert_eq!(person.edit(&nothing), Ok(None));
        let edit = PersonEdit { name: named("B"), language: None };
        let (person, fact, details) = person.edit(&edit).unwrap().unwrap();
        assert_eq!((person.name.as_str(), person.version.number()), ("B", 2));
        assert_eq!((fact.changed, details.name), (vec![PersonField::Name], named("B")));
        let edit = PersonEdit { name: None, language: Some(Language::Fr) };
        let (person, fact, details) = person.edit(&edit).unwrap().unwrap();
        assert_eq!((person.language, person.name.as_str()), (Language::Fr, "B"));
        assert_eq!((fact.changed, details.name), (vec![PersonField::Language], None));
        let edit = PersonEdit { name: named(" "), language: None };
        assert_eq!(person.edit(&edit).unwrap_err().0[0].field, "name");
    }

    #[test]
    fn the_last_operator_stays_one() {
        let now = DateTime::UNIX_EPOCH;
        let operator = somebody(true);
        assert_eq!(operator.deactivate(false, now), Err(LastOperator));
        assert_eq!(operator.revoke_operator(false), Err(LastOperator));
        let (former, _) = operator.revoke_operator(true).unwrap().unwrap();
        assert!(!former.operator);
        assert_eq!(former.revoke_operator(false), Ok(None));
        let (away, _) = operator.deactivate(true, now).unwrap().unwrap();
        assert!(away.revoke_operator(false).is_ok(), "they operate no more already");
    }
}
