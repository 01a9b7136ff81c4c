//! GET /v1/organizations/{id}

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::OrganizationId;
use service::http::Path;
use service::{Attempt, Problem, Target};

use super::{OrganizationAnswer, tagged};
use crate::policy::{self, OrganizationAction};
use crate::{Directory, store};

/// Read an organization
#[utoipa::path(
    get,
    path = "/v1/organizations/{id}",
    operation_id = "getOrganization",
    tag = "organizations",
    params(("id" = OrganizationId, Path, description = "The organization.")),
    responses(
        (status = 200, description = "The organization; its version is the entity tag.", body = OrganizationAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "operator"])),
    ),
)]
pub(in crate::http) async fn read(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<OrganizationId>,
) -> Result<Response, Problem> {
    let role = attempt.role_in(id).await?;
    let decision = policy::organization(&attempt.caller, role, OrganizationAction::Read);
    let _permit = attempt.permit("organization.read", Target::organization(id), decision).await?;
    let found =
        store::organizations::find(&mut *directory.resources.pool.acquire().await?, id).await?;
    found.map(tagged).ok_or_else(Problem::no_such::<OrganizationId>)
}
