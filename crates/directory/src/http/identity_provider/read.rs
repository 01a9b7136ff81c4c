//! GET /v1/organizations/{id}/identity-provider

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::{IdentityProviderId, OrganizationId};
use service::http::Path;
use service::{Attempt, Problem, Target};

use super::{IdentityProviderAnswer, tagged};
use crate::policy::{self, OrganizationAction};
use crate::{Directory, store};

/// Read the identity provider of an organization
#[utoipa::path(
    get,
    path = "/v1/organizations/{id}/identity-provider",
    operation_id = "getIdentityProvider",
    tag = "single-sign-on",
    params(("id" = OrganizationId, Path, description = "The organization.")),
    responses(
        (status = 200, description = "The provider; its version is the entity tag.", body = IdentityProviderAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "operator"])),
    ),
)]
pub(in crate::http) async fn read(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<OrganizationId>,
) -> Result<Response, Problem> {
    let role = attempt.role_in(id).await?;
    let decision = policy::organization(&attempt.caller, role, OrganizationAction::Edit);
    let target = Target::organization(id);
    let _permit = attempt.permit("identity-provider.read", target, decision).await?;
    let mut conn = directory.resources.pool.acquire().await?;
    let found = store::identity_providers::of_organization(&mut conn, id).await?;
    let provider = found.ok_or_else(Problem::no_such::<IdentityProviderId>)?;
    Ok(tagged(&directory, provider))
}
