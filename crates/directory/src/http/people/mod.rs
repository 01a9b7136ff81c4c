//! `/v1/people`.

pub(super) mod activate;
pub(super) mod change_password;
pub(super) mod deactivate;
pub(super) mod edit_me;
pub(super) mod export;
mod exported;
pub(super) mod list;
pub(super) mod me;
pub(super) mod read;
pub(super) mod register;
pub(super) mod revoke_operator;

use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use contract::PersonId;
use serde::Serialize;
use service::http::{Json, etag};
use service::{Attempt, Permit, Problem, Target};
use utoipa::ToSchema;

use crate::language::Language;
use crate::person::Person;
use crate::{Directory, policy, store};

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
    /// In which language they are written to.
    language: Language,
    /// When they were registered.
    created_at: DateTime<Utc>,
    /// Since when they can do nothing, if an operator deactivated them.
    deactivated_at: Option<DateTime<Utc>>,
}

impl From<Person> for PersonAnswer {
    fn from(person: Person) -> Self {
        Self {
            id: person.id,
            email: person.email.as_str().to_owned(),
            name: person.name,
            operator: person.operator,
            language: person.language,
            created_at: person.created_at,
            deactivated_at: person.deactivated_at,
        }
    }
}

/// A person, with the entity tag of what can be changed of them.
fn tagged(person: Person) -> Response {
    let tag = etag(person.version);
    ([(ETAG, tag)], Json(PersonAnswer::from(person))).into_response()
}

/// The permit for what only operators do with a person.
async fn permit_operating(
    directory: &Directory,
    attempt: &Attempt,
    id: PersonId,
    operation: &'static str,
) -> Result<Permit, Problem> {
    let caller = &attempt.caller;
    let mut conn = directory.resources.pool.acquire().await?;
    let (by, provider) = (caller.person_id, caller.identity_provider_id);
    let colleagues = store::people::sees_in_an_organization(&mut conn, by, provider, id).await?;
    let found = store::people::find(&mut conn, id).await?;
    drop(conn);
    found.ok_or_else(Problem::no_such::<PersonId>)?;
    let decision = policy::operate_person(caller, id, colleagues);
    attempt.permit(operation, Target::of(id, None), decision).await
}
