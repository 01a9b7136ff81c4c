//! POST /v1/people

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use contract::Version;
use serde::Deserialize;
use service::http::Json;
use service::{Attempt, Problem};
use utoipa::ToSchema;

use super::PersonAnswer;
use crate::language::Language;
use crate::person::{NewPerson, Person};
use crate::{Directory, store};

/// A person to be registered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RegisterPerson {
    /// Their email: the name under which they sign in, in upper or lower case.
    #[schema(example = "developer@example.com", format = "email", max_length = 254)]
    email: String,
    /// Their name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Their password, of at least 12 characters.
    #[schema(min_length = 12, format = Password)]
    password: String,
    /// Whether they operate the platform.
    #[serde(default)]
    operator: bool,
    /// In which language they are written to; English, if left out.
    #[serde(default)]
    language: Language,
}

/// Register a person
///
/// An Idempotency-Key is not needed: an email is registered once.
#[utoipa::path(
    post,
    path = "/v1/people",
    operation_id = "registerPerson",
    tag = "people",
    request_body = RegisterPerson,
    responses(
        (status = 201, description = "Registered.", body = PersonAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The caller is no operator.", body = Problem),
        (status = 409, description = "Somebody has registered with this email already.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["person.registered"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator"])),
    ),
)]
pub(in crate::http) async fn register(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    // No Creation: what is remembered of a request for its Idempotency-Key is a fast hash, from
    // which a password could be guessed.
    Json(body): Json<RegisterPerson>,
) -> Result<Response, Problem> {
    let permit = attempt.permit_operator("person.register").await?;
    let (passwords, env) = (&directory.passwords, &directory.resources.env);
    let RegisterPerson { email, name, password, operator, language } = body;
    let settings = passwords.settings();
    let new = NewPerson::parse(&email, &name, Some(password), operator, language, settings)?;
    let hash = match new.password.clone() {
        Some(password) => Some(passwords.hash(password).await?),
        None => None,
    };
    let (person, registered) = Person::register(env.new_id(), new, env.now());
    let mut unit = permit.begin();
    if !store::people::insert(unit.connection().await?, &person, hash.as_deref()).await? {
        let detail = "Somebody has registered with this email already.";
        return Err(Problem::conflict("email-taken", detail));
    }
    unit.record(person.id.uuid(), Version::FIRST, &registered)?;
    unit.commit().await?;
    let location = format!("/v1/people/{}", person.id);
    let answer = PersonAnswer::from(person);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(answer)).into_response())
}
