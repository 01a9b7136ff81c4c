//! DELETE /v1/api-tokens

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use contract::facts::ApiTokenRevocation;
use contract::{Authority, PersonId};
use service::{Attempt, Problem, Target};

use crate::{Directory, revoke, store};

/// Revoke all my API tokens
///
/// Those made by tokens included, and the one with which this is asked. To go on, sign in by email and password.
#[utoipa::path(
    delete,
    path = "/v1/api-tokens",
    operation_id = "revokeAllApiTokens",
    tag = "api-tokens",
    responses(
        (status = 204, description = "Revoked."),
        (status = 401, description = "No valid API token or session.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([{"event": "api-token.revoked", "per": "live API token"}])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(in crate::http) async fn revoke_all(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
) -> Result<StatusCode, Problem> {
    let person_id = attempt.caller.person_id;
    let target = Target::of::<PersonId>(person_id, None);
    let permit = attempt.permit("api-token.revoke-all", target, Ok(Authority::SELF)).await?;
    let mut unit = permit.begin();
    store::people::lock(unit.connection().await?, person_id).await?;
    let now = directory.resources.env.now();
    revoke::all(&mut unit, person_id, ApiTokenRevocation::Requested, now).await?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
