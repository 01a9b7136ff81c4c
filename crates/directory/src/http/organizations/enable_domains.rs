//! PUT /v1/organizations/{id}/enabled-domains

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::OrganizationId;
use serde::Deserialize;
use service::http::{Json, Path};
use service::{Attempt, Problem, Target};
use utoipa::ToSchema;

use super::{OrganizationAnswer, tagged};
use crate::fields::Invalid;
use crate::policy::{self, OrganizationAction};
use crate::{Directory, enabled_domains, store};

/// The domains that an organization may ask for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct EnableDomains {
    /// All of them, as `<service>/<domain>:<level>`; each is on request in the catalogue.
    #[schema(example = json!(["retail_media/accounts:manage"]))]
    domains: Vec<String>,
}

/// Enable domains on request for an organization
///
/// The list replaces the one before. Setting it to what it is leaves no event.
#[utoipa::path(
    put,
    path = "/v1/organizations/{id}/enabled-domains",
    operation_id = "enableOrganizationDomains",
    tag = "organizations",
    params(("id" = OrganizationId, Path, description = "The organization.")),
    request_body = EnableDomains,
    responses(
        (status = 200, description = "Enabled.", body = OrganizationAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
        (status = 422, description = "A domain is unknown or not on request.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["organization.domains-enabled"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator"])),
    ),
)]
pub(in crate::http) async fn enable_domains(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<OrganizationId>,
    Json(body): Json<EnableDomains>,
) -> Result<Response, Problem> {
    let (operation, target) = ("organization.enable-domains", Target::organization(id));
    let role = attempt.role_in(id).await?;
    let decision = policy::organization(&attempt.caller, role, OrganizationAction::Operate);
    let permit = attempt.permit(operation, target, decision).await?;
    let catalogue = &directory.resources.catalogue;
    let domains = enabled_domains::parse(catalogue, &body.domains).map_err(Invalid::from)?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let found = store::organizations::lock(conn, id).await?;
    let organization = found.ok_or_else(Problem::no_such::<OrganizationId>)?;
    let Some((organization, enabled)) = organization.enable_domains(domains) else {
        return Ok(tagged(organization));
    };
    store::organizations::save(conn, &organization).await?;
    unit.record(id.uuid(), organization.version, &enabled)?;
    unit.commit().await?;
    Ok(tagged(organization))
}
