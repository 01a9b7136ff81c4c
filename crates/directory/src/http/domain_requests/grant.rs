//! POST /v1/domain-requests/{id}/grant

use std::sync::Arc;

use axum::extract::State;
use contract::facts::DomainAnswerDetails;
use contract::{DomainRequestId, OrganizationId};
use service::http::{Json, Path};
use service::{Attempt, Problem};

use super::DomainRequestAnswer;
use super::answer::{self, AnswerReason};
use crate::{Directory, enabled_domains, store};

/// Grant a request for a domain
///
/// The domain is enabled with it, and who asked is told by mail.
#[utoipa::path(
    post,
    path = "/v1/domain-requests/{id}/grant",
    operation_id = "grantDomainRequest",
    tag = "organizations",
    params(("id" = DomainRequestId, Path, description = "The request.")),
    request_body = AnswerReason,
    responses(
        (status = 200, description = "Granted.", body = DomainRequestAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
        (status = 409, description = "It was answered before, or the domain is on request no more.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["domain-request.granted", {"event": "organization.domains-enabled", "if": "it is not enabled yet"}])),
        ("x-mandate-follows" = json!(["mail.sent"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator"])),
    ),
)]
pub(in crate::http) async fn grant(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<DomainRequestId>,
    Json(body): Json<AnswerReason>,
) -> Result<Json<DomainRequestAnswer>, Problem> {
    let (permit, request) =
        answer::permit(&directory, &attempt, id, "domain-request.grant").await?;
    let reason = body.checked()?;
    let organization_id = request.organization_id;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    // The organization first: so do all who lock both.
    let found = store::organizations::lock(conn, organization_id).await?;
    let organization = found.ok_or_else(Problem::no_such::<OrganizationId>)?;
    let found = store::domain_requests::lock(conn, id).await?;
    let request = found.ok_or_else(Problem::no_such::<DomainRequestId>)?;
    let by = attempt.caller.person_id;
    let details = DomainAnswerDetails { reason: reason.clone() };
    let (request, granted) = request.grant(by, reason, directory.resources.env.now())?;
    // All that are enabled, in their order: those of before as they are, whatever the catalogue says of them now.
    let mut domains = organization.enabled_domains.clone();
    if !domains.contains(&request.domain) {
        let wanted = [request.domain.to_string()];
        let known = enabled_domains::parse(&directory.resources.catalogue, &wanted);
        let on_request = known.map_err(|error| {
            Problem::conflict(
                "domain-not-on-request",
                format!("The domain {}.", error.fault.message),
            )
        })?;
        domains.extend(on_request);
        domains.sort_by_cached_key(ToString::to_string);
    }
    store::domain_requests::save(conn, &request).await?;
    let event = unit.record_with(id.uuid(), request.version, &granted, &details)?;
    if let Some((organization, enabled)) = organization.enable_domains(domains) {
        let conn = unit.connection().await?;
        store::organizations::save(conn, &organization).await?;
        unit.record(organization_id.uuid(), organization.version, &enabled)?;
    }
    answer::tell(&directory, &mut unit, event, &request).await?;
    unit.commit().await?;
    Ok(Json(request.into()))
}
