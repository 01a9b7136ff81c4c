//! POST /v1/people/{id}/activate

use std::sync::Arc;

use axum::extract::State;
use contract::PersonId;
use service::http::{Json, Path};
use service::{Attempt, Problem};

use super::{PersonAnswer, permit_operating};
use crate::{Directory, store};

/// Activate a person again
///
/// They can sign in again; the API tokens that they had stay revoked. Activating one who is not deactivated changes
/// nothing and leaves no event.
#[utoipa::path(
    post,
    path = "/v1/people/{id}/activate",
    operation_id = "activatePerson",
    tag = "people",
    params(("id" = PersonId, Path, description = "The person.")),
    responses(
        (status = 200, description = "Active.", body = PersonAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The caller is no operator.", body = Problem),
        (status = 404, description = "There is none, or not for the caller to see.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["person.activated"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator"])),
    ),
)]
pub(in crate::http) async fn activate(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<PersonId>,
) -> Result<Json<PersonAnswer>, Problem> {
    let permit = permit_operating(&directory, &attempt, id, "person.activate").await?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let person = store::people::lock(conn, id).await?;
    let person = person.ok_or_else(Problem::no_such::<PersonId>)?;
    let Some((person, activated)) = person.activate() else {
        return Ok(Json(person.into()));
    };
    store::people::save(conn, &person).await?;
    unit.record(id.uuid(), person.version, &activated)?;
    unit.commit().await?;
    Ok(Json(person.into()))
}
