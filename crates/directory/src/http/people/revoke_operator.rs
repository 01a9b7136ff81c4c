//! POST /v1/people/{id}/revoke-operator

use std::sync::Arc;

use axum::extract::State;
use contract::PersonId;
use service::http::{Json, Path};
use service::{Attempt, Problem};

use super::{PersonAnswer, permit_operating};
use crate::{Directory, store};

/// Take the right of operators away
///
/// From the next request on they are a person as others. The last operator keeps it. Taking it from one who does not
/// have it changes nothing and leaves no event.
#[utoipa::path(
    post,
    path = "/v1/people/{id}/revoke-operator",
    operation_id = "revokeOperator",
    tag = "people",
    params(("id" = PersonId, Path, description = "The person.")),
    responses(
        (status = 200, description = "They are no operator.", body = PersonAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The caller is no operator.", body = Problem),
        (status = 404, description = "There is none, or not for the caller to see.", body = Problem),
        (status = 409, description = "They are the last operator.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["person.operator-revoked"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator"])),
    ),
)]
pub(in crate::http) async fn revoke_operator(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<PersonId>,
) -> Result<Json<PersonAnswer>, Problem> {
    let permit = permit_operating(&directory, &attempt, id, "person.revoke-operator").await?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let others = store::people::lock_operators(conn, Some(id)).await?;
    let person = store::people::lock(conn, id).await?;
    let person = person.ok_or_else(Problem::no_such::<PersonId>)?;
    let Some((person, revoked)) = person.revoke_operator(others)? else {
        return Ok(Json(person.into()));
    };
    store::people::save(conn, &person).await?;
    unit.record(id.uuid(), person.version, &revoked)?;
    unit.commit().await?;
    Ok(Json(person.into()))
}
