//! `/v1/people`.

pub(super) mod me;
pub(super) mod read;
pub(super) mod register;

use chrono::{DateTime, Utc};
use contract::PersonId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::person::Person;

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Person)]
pub(super) struct PersonAnswer {
    /// Their id.
    id: PersonId,
    /// Their email.
    #[schema(example = "developer@example.com")]
    email: String,
    /// Their name.
    name: String,
    /// Whether they operate the platform.
    operator: bool,
    /// When they were registered.
    created_at: DateTime<Utc>,
}

impl From<Person> for PersonAnswer {
    fn from(person: Person) -> Self {
        Self {
            id: person.id,
            email: person.email.as_str().to_owned(),
            name: person.name,
            operator: person.operator,
            created_at: person.created_at,
        }
    }
}
