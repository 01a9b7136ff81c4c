//! POST /v1/organizations

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::facts::{MembershipGranted, OrganizationCreated};
use contract::rpc::{MemberRole, OrganizationKind};
use contract::{Authority, OrganizationId, PersonId, Version};
use serde::Deserialize;
use service::authentication::Caller;
use service::http::Creation;
use service::problem::Problem;
use service::request::RequestFacts;
use utoipa::ToSchema;

use super::OrganizationAnswer;
use crate::http::access::{created, invalid};
use crate::membership::Membership;
use crate::organization::{Details, Organization, RawDetails};
use crate::{Directory, store};

/// An organization to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct CreateOrganization {
    /// Its name.
    #[schema(example = "Example Apps", min_length = 1, max_length = 200)]
    name: String,
    /// What kind it is.
    kind: OrganizationKind,
    /// Where it can be reached. An operator confirms it.
    #[schema(example = "contact@example.com", format = "email", max_length = 254)]
    contact_email: String,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "FR", pattern = "^[A-Z]{2}$")]
    country: String,
    /// An http or https URL.
    #[serde(default)]
    #[schema(format = "uri", max_length = 2048)]
    website: Option<String>,
    /// At most 255 characters.
    #[serde(default)]
    #[schema(max_length = 255)]
    description: Option<String>,
    /// Who becomes its owner instead of the caller. For operators only.
    #[serde(default)]
    owner_person_id: Option<PersonId>,
}

/// Create an organization
///
/// The caller becomes its first owner; an operator may name somebody else.
#[utoipa::path(
    post,
    path = "/v1/organizations",
    operation_id = "createOrganization",
    tag = "organizations",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes repetitions of the request harmless.")),
    request_body = CreateOrganization,
    responses(
        (status = 201, description = "Made.", body = OrganizationAnswer),
        (status = 401, description = "No valid API token.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["organization.created", "membership.granted"])),
        ("x-mandate-roles" = json!(["person", "operator"])),
    ),
)]
pub(in crate::http) async fn create(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    caller: Caller,
    Creation { body, idempotency }: Creation<CreateOrganization>,
) -> Result<Response, Problem> {
    let resources = &directory.resources;
    if let Some(answer) = idempotency.replay(resources).await? {
        return Ok(answer);
    }
    let details = Details::parse(RawDetails {
        name: &body.name,
        kind: body.kind,
        contact_email: &body.contact_email,
        country: &body.country,
        website: body.website.as_deref(),
        description: body.description.as_deref(),
    })
    .map_err(invalid)?;
    let owner = body.owner_person_id.unwrap_or(caller.person_id);
    if owner != caller.person_id && !caller.operator {
        return Err(Problem::invalid_field("owner_person_id", "can only be given by an operator"));
    }

    let organization = Organization {
        id: resources.env.new_id::<OrganizationId>(),
        details,
        confirmed_at: None,
        enabled_domains: Vec::new(),
        version: Version::FIRST.number(),
        created_at: resources.env.now(),
    };
    let authority = if caller.operator { Authority::OPERATOR } else { Authority::SELF };
    let mut unit =
        resources.events.begin(&facts.provenance(caller.actor(), authority, Some(organization.id)));
    let conn = unit.connection().await?;
    if store::person(conn, owner).await?.is_none() {
        return Err(Problem::invalid_field("owner_person_id", "is nobody's id"));
    }
    let membership = Membership {
        id: resources.env.new_id(),
        organization_id: organization.id,
        person_id: owner,
        role: MemberRole::Owner,
        version: Version::FIRST.number(),
        created_at: organization.created_at,
    };
    store::insert_organization(conn, &organization).await?;
    store::insert_membership(conn, &membership).await?;
    let made = OrganizationCreated {
        organization_id: organization.id,
        name: organization.details.name.clone(),
        kind: organization.details.kind,
        country: organization.details.country.clone(),
    };
    unit.record(organization.id.uuid(), Version::FIRST, &made)?;
    let granted = MembershipGranted {
        membership_id: membership.id,
        organization_id: organization.id,
        person_id: owner,
        role: membership.role,
    };
    unit.record(membership.id.uuid(), Version::FIRST, &granted)?;
    let location = format!("/v1/organizations/{}", organization.id);
    created(unit, &idempotency, location, &OrganizationAnswer::from(organization)).await
}
