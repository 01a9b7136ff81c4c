//! PATCH /v1/people/me

use axum::response::Response;
use contract::{Authority, PersonId};
use serde::Deserialize;
use service::authentication::invalid_token;
use service::http::{IfMatch, Json};
use service::{Attempt, Problem, Target};
use utoipa::ToSchema;

use super::{PersonAnswer, tagged};
use crate::language::Language;
use crate::person::PersonEdit;
use crate::store;

/// What to change. What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct EditMe {
    /// My name.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// In which language I am written to.
    #[serde(default)]
    language: Option<Language>,
}

/// Change what I am called, or in which language I am written to
///
/// Mails that wait are written in the language of when they were asked for. With `If-Match`, only the version that
/// was read is changed. A change that changes nothing leaves no event.
#[utoipa::path(
    patch,
    path = "/v1/people/me",
    operation_id = "editMe",
    tag = "people",
    params(("If-Match" = Option<String>, Header, description = "The entity tag that was read.")),
    request_body = EditMe,
    responses(
        (status = 200, description = "As I am now.", body = PersonAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 412, description = "It has changed since it was read.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["person.edited"])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(in crate::http) async fn edit_me(
    attempt: Attempt,
    if_match: IfMatch,
    Json(body): Json<EditMe>,
) -> Result<Response, Problem> {
    let id = attempt.caller.person_id;
    let target = Target::of::<PersonId>(id, None);
    let permit = attempt.permit("person.edit", target, Ok(Authority::SELF)).await?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let found = store::people::lock(conn, id).await?;
    // Deactivated since the token was looked at.
    let person = found.filter(|person| person.deactivated_at.is_none());
    let person = person.ok_or_else(invalid_token)?;
    if_match.check(person.version)?;
    let edit = PersonEdit { name: body.name, language: body.language };
    let Some((person, edited, details)) = person.edit(&edit)? else {
        return Ok(tagged(person));
    };
    store::people::save(conn, &person).await?;
    unit.record_with(id.uuid(), person.version, &edited, &details)?;
    unit.commit().await?;
    Ok(tagged(person))
}
