//! DELETE /v1/api-tokens/{id}

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use contract::ApiTokenId;
use contract::facts::ApiTokenRevocation;
use service::http::Path;
use service::{Attempt, Problem, Target};

use crate::{Directory, policy, revoke, store};

/// Revoke an API token
///
/// It opens nothing from then on, and nor does any that was made by it. One's own; anybody's, for an operator.
/// Revoking a revoked one changes nothing and leaves no event.
#[utoipa::path(
    delete,
    path = "/v1/api-tokens/{id}",
    operation_id = "revokeApiToken",
    tag = "api-tokens",
    params(("id" = ApiTokenId, Path, description = "The token's record.")),
    responses(
        (status = 204, description = "Revoked."),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 404, description = "There is none, or it is somebody else's.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([{"event": "api-token.revoked", "per": "token that ends"}])),
        ("x-mandate-roles" = json!(["person", "operator"])),
    ),
)]
pub(in crate::http) async fn revoke(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<ApiTokenId>,
) -> Result<StatusCode, Problem> {
    let resources = &directory.resources;
    let found = store::api_tokens::find(&mut *resources.pool.acquire().await?, id).await?;
    let found = found.ok_or_else(Problem::no_such::<ApiTokenId>)?;
    let decision = policy::credential(&attempt.caller, found.person_id);
    let permit = attempt.permit("api-token.revoke", Target::of(id, None), decision).await?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    store::people::lock(conn, found.person_id).await?;
    let token = store::api_tokens::find(conn, id).await?;
    let token = token.ok_or_else(Problem::no_such::<ApiTokenId>)?;
    if token.revoked_at.is_none() {
        let because = ApiTokenRevocation::Requested;
        revoke::with_children(&mut unit, &token, because, resources.env.now()).await?;
        unit.commit().await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
