//! GET /v1/people/{id}

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::PersonId;
use service::http::Path;
use service::{Attempt, Problem, Target};

use super::{PersonAnswer, tagged};
use crate::{Directory, policy, store};

/// Read a person
///
/// Oneself, and those who are members of an organization of the caller's; anybody, for an operator.
#[utoipa::path(
    get,
    path = "/v1/people/{id}",
    operation_id = "getPerson",
    tag = "people",
    params(("id" = PersonId, Path, description = "The person.")),
    responses(
        (status = 200, description = "The person.", body = PersonAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 404, description = "There is none, or not for the caller to see.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person", "operator"])),
    ),
)]
pub(in crate::http) async fn read(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<PersonId>,
) -> Result<Response, Problem> {
    let caller = &attempt.caller;
    let mut conn = directory.resources.pool.acquire().await?;
    let (by, provider) = (caller.person_id, caller.identity_provider_id);
    let colleagues = store::people::sees_in_an_organization(&mut conn, by, provider, id).await?;
    let found = store::people::find(&mut conn, id).await?;
    let decision = policy::person(caller, id, colleagues);
    let _permit = attempt.permit("person.read", Target::of(id, None), decision).await?;
    let person = found.ok_or_else(Problem::no_such::<PersonId>)?;
    Ok(tagged(person))
}
