//! DELETE /v1/accounts/{id}/roles/{person_id}

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use contract::{AccountId, PersonId};
use service::http::Path;
use service::{Attempt, Problem};

use super::permit;
use crate::{Directory, store};

/// Take a person's role on an account away
///
/// Where they hold none, nothing changes and the answer is the same.
#[utoipa::path(
    delete,
    path = "/v1/accounts/{id}/roles/{person_id}",
    operation_id = "revokeAccountRole",
    tag = "accounts",
    params(
        ("id" = AccountId, Path, description = "The account."),
        ("person_id" = PersonId, Path, description = "The person."),
    ),
    responses(
        (status = 204, description = "They hold no role on it any more."),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller holds no role on it.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["account-role.revoked"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator", "account:admin"])),
    ),
)]
pub(in crate::http) async fn revoke(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path((id, person_id)): Path<(AccountId, PersonId)>,
) -> Result<StatusCode, Problem> {
    let permit = permit(&directory, &attempt, id, "account-role.revoke").await?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let found = store::account_roles::lock(conn, id, person_id).await?;
    let Some(held) = found else {
        return Ok(StatusCode::NO_CONTENT);
    };
    let (ended, revoked) = held.revoke();
    store::account_roles::delete(conn, &ended).await?;
    unit.record(ended.id.uuid(), ended.version, &revoked)?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
