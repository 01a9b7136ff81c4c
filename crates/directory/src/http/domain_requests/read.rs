//! GET /v1/domain-requests/{id}

use std::sync::Arc;

use axum::extract::State;
use contract::DomainRequestId;
use service::http::{Json, Path};
use service::{Attempt, Problem, Target};

use super::DomainRequestAnswer;
use crate::policy::{self, OrganizationAction};
use crate::{Directory, store};

/// Read a request for a domain
#[utoipa::path(
    get,
    path = "/v1/domain-requests/{id}",
    operation_id = "getDomainRequest",
    tag = "organizations",
    params(("id" = DomainRequestId, Path, description = "The request.")),
    responses(
        (status = 200, description = "The request.", body = DomainRequestAnswer),
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
    Path(id): Path<DomainRequestId>,
) -> Result<Json<DomainRequestAnswer>, Problem> {
    let pool = &directory.resources.pool;
    let found = store::domain_requests::find(&mut *pool.acquire().await?, id).await?;
    let request = found.ok_or_else(Problem::no_such::<DomainRequestId>)?;
    let role = attempt.role_in(request.organization_id).await?;
    let decision = policy::organization(&attempt.caller, role, OrganizationAction::Read);
    let target = Target::of(id, request.organization_id);
    let _permit = attempt.permit("domain-request.read", target, decision).await?;
    Ok(Json(request.into()))
}
