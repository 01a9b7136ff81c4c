//! POST /v1/people/{id}/deactivate

use std::sync::Arc;

use axum::extract::State;
use contract::PersonId;
use contract::facts::{ApiTokenRevocation, SessionEnding};
use service::http::{Json, Path};
use service::{Attempt, Problem};

use super::{PersonAnswer, permit_operating};
use crate::{Directory, revoke, sessions, store};

/// Deactivate a person
///
/// They can do nothing any more, on every replica: they do not sign in, their sessions end, and all their API tokens are
/// revoked. What
/// they did and gave stays. The last operator stays active. Deactivating a deactivated one changes nothing and
/// leaves no event.
#[utoipa::path(
    post,
    path = "/v1/people/{id}/deactivate",
    operation_id = "deactivatePerson",
    tag = "people",
    params(("id" = PersonId, Path, description = "The person.")),
    responses(
        (status = 200, description = "Deactivated.", body = PersonAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The caller is no operator.", body = Problem),
        (status = 404, description = "There is none, or not for the caller to see.", body = Problem),
        (status = 409, description = "They are the last operator.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["person.deactivated", {"event": "api-token.revoked", "per": "live API token"}, {"event": "session.ended", "per": "live session"}])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator"])),
    ),
)]
pub(in crate::http) async fn deactivate(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<PersonId>,
) -> Result<Json<PersonAnswer>, Problem> {
    let permit = permit_operating(&directory, &attempt, id, "person.deactivate").await?;
    let now = directory.resources.env.now();
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let others = store::people::lock_operators(conn, Some(id)).await?;
    let person = store::people::lock(conn, id).await?;
    let person = person.ok_or_else(Problem::no_such::<PersonId>)?;
    let Some((person, deactivated)) = person.deactivate(others, now)? else {
        return Ok(Json(person.into()));
    };
    store::people::save(conn, &person).await?;
    unit.record(id.uuid(), person.version, &deactivated)?;
    revoke::all(&mut unit, id, ApiTokenRevocation::PersonDeactivated, now).await?;
    let (because, lifetimes) =
        (SessionEnding::PersonDeactivated, directory.settings.session_lifetimes());
    sessions::end_all(&mut unit, id, None, because, lifetimes, now).await?;
    unit.commit().await?;
    Ok(Json(person.into()))
}
