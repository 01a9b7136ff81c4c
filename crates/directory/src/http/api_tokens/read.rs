//! GET /v1/api-tokens/{id}

use std::sync::Arc;

use axum::extract::State;
use contract::ApiTokenId;
use service::http::{Json, Path};
use service::{Attempt, Problem, Target};

use super::TokenAnswer;
use crate::{Directory, policy, store};

/// Read an API token
///
/// One's own; anybody's, for an operator. One that expired or was revoked included. The token itself is never shown.
#[utoipa::path(
    get,
    path = "/v1/api-tokens/{id}",
    operation_id = "getApiToken",
    tag = "api-tokens",
    params(("id" = ApiTokenId, Path, description = "The token's record.")),
    responses(
        (status = 200, description = "The record.", body = TokenAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 404, description = "There is none, or it is somebody else's.", body = Problem),
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
    Path(id): Path<ApiTokenId>,
) -> Result<Json<TokenAnswer>, Problem> {
    let found =
        store::api_tokens::find(&mut *directory.resources.pool.acquire().await?, id).await?;
    let found = found.ok_or_else(Problem::no_such::<ApiTokenId>)?;
    let decision = policy::credential(&attempt.caller, found.person_id);
    let _permit = attempt.permit("api-token.read", Target::of(id, None), decision).await?;
    Ok(Json(found.into()))
}
