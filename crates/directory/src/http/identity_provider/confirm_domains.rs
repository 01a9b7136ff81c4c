//! POST /v1/organizations/{id}/identity-provider/confirm-domains

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::{IdentityProviderId, OrganizationId};
use serde::Deserialize;
use service::http::{Json, Path};
use service::{Attempt, Problem, Target};
use utoipa::ToSchema;

use super::{IdentityProviderAnswer, tagged};
use crate::fields::Invalid;
use crate::policy::{self, OrganizationAction};
use crate::{Directory, store};

/// The domains of which an operator has made sure that they are the organization's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ConfirmDomains {
    /// All of them; each is claimed for the provider.
    #[schema(example = json!(["example.com"]), max_items = 50)]
    domains: Vec<String>,
}

/// Confirm the email domains of an identity provider
///
/// From then on people with an email of these domains sign in there, and the provider is in effect. The list
/// replaces the one before; with an empty one the provider is in effect no more. Setting it to what it is leaves no
/// event.
#[utoipa::path(
    post,
    path = "/v1/organizations/{id}/identity-provider/confirm-domains",
    operation_id = "confirmIdentityProviderDomains",
    tag = "single-sign-on",
    params(("id" = OrganizationId, Path, description = "The organization.")),
    request_body = ConfirmDomains,
    responses(
        (status = 200, description = "Confirmed.", body = IdentityProviderAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
        (status = 409, description = "A domain is confirmed for another organization.", body = Problem),
        (status = 422, description = "A domain is not claimed for the provider.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["identity-provider.domains-confirmed"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator"])),
    ),
)]
pub(in crate::http) async fn confirm_domains(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<OrganizationId>,
    Json(body): Json<ConfirmDomains>,
) -> Result<Response, Problem> {
    let role = attempt.role_in(id).await?;
    let decision = policy::organization(&attempt.caller, role, OrganizationAction::Operate);
    let target = Target::organization(id);
    let permit = attempt.permit("identity-provider.confirm-domains", target, decision).await?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let found = store::organizations::lock(conn, id).await?;
    found.ok_or_else(Problem::no_such::<OrganizationId>)?;
    let found = store::identity_providers::of_organization(conn, id).await?;
    let provider = found.ok_or_else(Problem::no_such::<IdentityProviderId>)?;
    let domains: Vec<_> = body.domains.iter().map(|text| text.trim().to_lowercase()).collect();
    let (by, now) = (attempt.caller.person_id, directory.resources.env.now());
    let confirmed = provider.confirm_domains(&domains, by, now).map_err(Invalid::from)?;
    let Some((provider, confirmed)) = confirmed else {
        return Ok(tagged(&directory, provider));
    };
    if !store::identity_providers::save(conn, &provider).await? {
        let detail = "A domain is confirmed for another organization's provider.";
        return Err(Problem::conflict("domain-taken", detail));
    }
    let (stream, version) = (provider.id.uuid(), provider.version);
    unit.record_with(stream, version, &confirmed, &provider.details())?;
    unit.commit().await?;
    Ok(tagged(&directory, provider))
}
