//! DELETE /v1/organizations/{id}/identity-provider

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use contract::OrganizationId;
use service::http::Path;
use service::{Attempt, Problem, Target};

use crate::policy::{self, OrganizationAction};
use crate::{Directory, store};

/// Remove the identity provider of an organization
///
/// Nobody signs in there any more, and nothing is required any more. Members stay, and so do their sessions and API
/// tokens. Where there is none, nothing changes and the answer is the same.
#[utoipa::path(
    delete,
    path = "/v1/organizations/{id}/identity-provider",
    operation_id = "removeIdentityProvider",
    tag = "single-sign-on",
    params(("id" = OrganizationId, Path, description = "The organization.")),
    responses(
        (status = 204, description = "Removed."),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is no such organization, or the caller is no member.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["identity-provider.removed"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "operator"])),
    ),
)]
pub(in crate::http) async fn remove(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<OrganizationId>,
) -> Result<StatusCode, Problem> {
    let role = attempt.role_in(id).await?;
    let decision = policy::organization(&attempt.caller, role, OrganizationAction::Edit);
    let target = Target::organization(id);
    let permit = attempt.permit("identity-provider.remove", target, decision).await?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let found = store::organizations::lock(conn, id).await?;
    found.ok_or_else(Problem::no_such::<OrganizationId>)?;
    let found = store::identity_providers::of_organization(conn, id).await?;
    let Some(provider) = found else {
        return Ok(StatusCode::NO_CONTENT);
    };
    let (provider, removed) = provider.remove(directory.resources.env.now());
    store::identity_providers::save(conn, &provider).await?;
    unit.record(provider.id.uuid(), provider.version, &removed)?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
