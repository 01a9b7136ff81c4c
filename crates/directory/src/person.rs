//! People: who can sign in.

use chrono::{DateTime, Utc};
use contract::PersonId;

use crate::fields::{self, Email, FieldError};
use crate::password::{Password, PasswordSettings};

/// The most characters of a person's name.
pub const NAME_CHARS: usize = 200;

/// A person as they are stored; the password's hash is read only where one signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// Where they can be reached, and the name under which they sign in.
    pub email: Email,
    /// Their name.
    pub name: String,
    /// Whether they operate the platform.
    pub operator: bool,
    /// When they were registered.
    pub created_at: DateTime<Utc>,
}

/// A person to be registered.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// Where they can be reached.
    pub email: Email,
    /// Their name.
    pub name: String,
    /// Their password. Without one they use API tokens only.
    pub password: Option<Password>,
    /// Whether they operate the platform.
    pub operator: bool,
}

impl NewPerson {
    /// Checks every field and tells all that is wrong.
    pub fn parse(
        email: &str,
        name: &str,
        password: Option<String>,
        operator: bool,
        settings: &PasswordSettings,
    ) -> Result<Self, Vec<FieldError>> {
        let email = Email::parse("email", email);
        let name = fields::name("name", name, NAME_CHARS);
        let password =
            password.map(|text| Password::choose("password", text, settings)).transpose();
        match (email, name, password) {
            (Ok(email), Ok(name), Ok(password)) => Ok(Self { email, name, password, operator }),
            (email, name, password) => {
                Err([email.err(), name.err(), password.err()].into_iter().flatten().collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_wrong_fields_are_told_at_once() {
        let settings = PasswordSettings::default();
        let errors = NewPerson::parse("x", "", Some("short".into()), false, &settings).unwrap_err();
        let fields: Vec<&str> = errors.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["email", "name", "password"]);
    }
}
