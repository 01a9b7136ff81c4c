//! What operators do to organizations.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::facts::{Fact, NoDetails, OrganizationContactConfirmed, OrganizationDomainsEnabled};
use contract::{OrganizationId, Version};
use eventstore::{AppendError, Unit};
use serde::Deserialize;
use service::authentication::Caller;
use service::http::{Json, Path};
use service::problem::Problem;
use service::request::RequestFacts;
use utoipa::ToSchema;

use super::{OrganizationAnswer, tagged};
use crate::http::access::{Access, invalid, not_found};
use crate::organization::{Organization, enabled_domains};
use crate::policy::OrganizationAction;
use crate::{Directory, store};

/// Writes the next version of a locked organization with its event.
pub(super) async fn advance<F: Fact<Details = NoDetails>>(
    mut unit: Unit<'_>,
    organization: &mut Organization,
    fact: &F,
) -> Result<(), Problem> {
    // A stream of more than i32::MAX events cannot be: a version is a CloudEvents integer.
    let next = Version::new(organization.version + 1).ok_or(AppendError::Conflict)?;
    organization.version = next.number();
    store::update_organization(unit.connection().await?, organization).await?;
    unit.record(organization.id.uuid(), next, fact)?;
    unit.commit().await?;
    Ok(())
}

/// Confirm an organization's contact address
///
/// From then on it can activate apps and make consent links. Confirming a confirmed one changes
/// nothing and leaves no event.
#[utoipa::path(
    post,
    path = "/v1/organizations/{id}/confirm-contact",
    operation_id = "confirmOrganizationContact",
    tag = "organizations",
    params(("id" = OrganizationId, Path, description = "The organization.")),
    responses(
        (status = 200, description = "Confirmed.", body = OrganizationAnswer),
        (status = 401, description = "No valid API token.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["organization.contact-confirmed"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator"])),
    ),
)]
pub(in crate::http) async fn confirm_contact(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    caller: Caller,
    Path(id): Path<OrganizationId>,
) -> Result<Response, Problem> {
    let access = Access { directory: &directory, facts: &facts, caller: &caller };
    let authority = access
        .to_organization(id, OrganizationAction::Operate, "organization.confirm-contact")
        .await?;
    let resources = &directory.resources;
    let mut unit = resources.events.begin(&facts.provenance(caller.actor(), authority, Some(id)));
    let mut organization =
        store::lock_organization(unit.connection().await?, id).await?.ok_or_else(not_found)?;
    if organization.confirmed_at.is_none() {
        organization.confirmed_at = Some(resources.env.now());
        advance(unit, &mut organization, &OrganizationContactConfirmed { organization_id: id })
            .await?;
    }
    Ok(tagged(organization))
}

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
        (status = 401, description = "No valid API token.", body = Problem),
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
    facts: RequestFacts,
    caller: Caller,
    Path(id): Path<OrganizationId>,
    Json(body): Json<EnableDomains>,
) -> Result<Response, Problem> {
    let access = Access { directory: &directory, facts: &facts, caller: &caller };
    let authority = access
        .to_organization(id, OrganizationAction::Operate, "organization.enable-domains")
        .await?;
    let resources = &directory.resources;
    let domains =
        enabled_domains(&resources.catalogue, &body.domains).map_err(|error| invalid([error]))?;
    let mut unit = resources.events.begin(&facts.provenance(caller.actor(), authority, Some(id)));
    let mut organization =
        store::lock_organization(unit.connection().await?, id).await?.ok_or_else(not_found)?;
    if organization.enabled_domains != domains {
        organization.enabled_domains.clone_from(&domains);
        let enabled = OrganizationDomainsEnabled { organization_id: id, domains };
        advance(unit, &mut organization, &enabled).await?;
    }
    Ok(tagged(organization))
}
