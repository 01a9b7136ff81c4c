//! `POST /v1/catalogue/resolve`

use std::sync::Arc;

use axum::extract::State;
use contract::OrganizationId;
use contract::catalogue::{DomainLevel, ResolvedDomain};
use serde::{Deserialize, Serialize};
use service::http::Json;
use service::problem::FieldError;
use service::{Attempt, Fault, Problem, Target};
use utoipa::ToSchema;

use super::refusals::conflict;
use crate::policy::{self, Operation};
use crate::{AppRegistry, entitlements};

/// So many domains can be asked about at a time.
const MOST_DOMAINS: usize = 200;

/// A selection that is not saved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DomainSelection)]
pub(super) struct Asked {
    /// The catalogue's name of the service.
    #[schema(example = "retail_media")]
    service: String,
    /// What would be asked for.
    #[schema(max_items = 200)]
    domains: Vec<DomainLevel>,
    /// For which organization: only then it is known what is enabled.
    organization_id: Option<OrganizationId>,
}

/// What a selection becomes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResolvedSelection)]
pub(super) struct Resolved {
    /// The domains that an app with this selection would ask for, sorted, and why each is among them.
    domains: Vec<ResolvedDomain>,
    /// The same as OAuth scopes.
    scopes: Vec<String>,
    /// What is against it: an app could not be saved with it. Each names the domain by its place in what was asked.
    conflicts: Vec<FieldError>,
}

/// Try a selection of domains
///
/// What the rules of the catalogue make of it: what is brought along by what, what excludes what, and what is on
/// request. Nothing is saved. It is what creating, editing and activating an app would decide by.
#[utoipa::path(
    post,
    path = "/v1/catalogue/resolve",
    operation_id = "resolveSelection",
    tag = "catalogue",
    security(("api_token" = [])),
    request_body = Asked,
    responses(
        (status = 200, description = "What becomes of it", body = Resolved),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 404, body = Problem, description = "The caller is no member of the organization"),
        (status = 422, body = Problem, description = "There is no such service, or the body is wrong; `errors` names it")
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(super) async fn resolve(
    State(registry): State<Arc<AppRegistry>>,
    attempt: Attempt,
    Json(Asked { service, domains, organization_id }): Json<Asked>,
) -> Result<Json<Resolved>, Problem> {
    if domains.len() > MOST_DOMAINS {
        return Err(Problem::invalid_field("domains", Fault::too_many(MOST_DOMAINS)));
    }
    let enabled = match organization_id {
        Some(id) => {
            let role = attempt.role_in(id).await?;
            let decision = policy::authorize(attempt.caller.operator, role, Operation::Read);
            let target = Target::organization(id);
            let _permit = attempt.permit("catalogue.resolve", target, decision).await?;
            Some(registry.organization(&attempt.facts, id).await?.enabled_domains)
        }
        None => None,
    };
    let catalogue = &registry.resources.catalogue;
    let selection = entitlements::resolve(catalogue, &service, &domains, enabled.as_deref())?;
    let asked: Vec<_> = selection.domains.iter().map(|resolved| resolved.asked.clone()).collect();
    Ok(Json(Resolved {
        scopes: catalogue.scopes(&service, &asked),
        domains: selection.domains,
        conflicts: selection.conflicts.into_iter().map(conflict).collect(),
    }))
}
