//! People: who can sign in.

use chrono::{DateTime, Utc};
use contract::PersonId;
use contract::facts::PersonRegistered;

use crate::fields::{self, Email, Invalid};
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
    /// When they were registered.
    pub(crate) created_at: DateTime<Utc>,
}

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
}

impl NewPerson {
    /// Checks every field and tells all that is wrong.
    pub(crate) fn parse(
        email: &str,
        name: &str,
        password: Option<String>,
        operator: bool,
        settings: &PasswordSettings,
    ) -> Result<Self, Invalid> {
        let email = Email::parse("email", email);
        let name = fields::name("name", name, NAME_CHARS);
        let password =
            password.map(|text| Password::choose("password", text, settings)).transpose();
        match (email, name, password) {
            (Ok(email), Ok(name), Ok(password)) => Ok(Self { email, name, password, operator }),
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
        let NewPerson { email, name, operator, .. } = new;
        let fact = PersonRegistered { person_id: id, operator };
        (Self { id, email, name, operator, created_at: now }, fact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_wrong_fields_are_told_at_once() {
        let settings = PasswordSettings::default();
        let errors = NewPerson::parse("x", "", Some("short".into()), false, &settings).unwrap_err();
        let fields: Vec<&str> = errors.0.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["email", "name", "password"]);
    }
}
