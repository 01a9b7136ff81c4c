//! POST /v1/organizations/{id}/domain-requests

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::OrganizationId;
use contract::facts::DomainRequestDetails;
use serde::Deserialize;
use service::http::{Creation, Path};
use service::{Attempt, Fault, Problem, Target};
use utoipa::ToSchema;

use super::DomainRequestAnswer;
use crate::domain_request::{DomainRequest, REASON_CHARS};
use crate::fields::{self, FieldError, Invalid};
use crate::mail::{Mail, Template};
use crate::policy::{self, OrganizationAction};
use crate::{Directory, enabled_domains, mailing, store};

/// So many operators are written to.
const MOST_OPERATORS: i64 = 20;

/// What is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RequestDomain {
    /// The domain, as `<service>/<domain>:<level>`; it is on request in the catalogue.
    #[schema(example = "retail_media/billing:read")]
    domain: String,
    /// What it is needed for.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// Ask for a domain on request
///
/// Operators are told by mail, and answer. An organization has one open request for a domain at a time.
#[utoipa::path(
    post,
    path = "/v1/organizations/{id}/domain-requests",
    operation_id = "requestDomain",
    tag = "organizations",
    params(
        ("id" = OrganizationId, Path, description = "The organization."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes repetitions of the request harmless."),
    ),
    request_body = RequestDomain,
    responses(
        (status = 201, description = "Asked.", body = DomainRequestAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
        (status = 409, description = "It is asked for, or enabled, already.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["domain-request.created"])),
        ("x-mandate-follows" = json!([{"event": "mail.sent", "per": "operator"}])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer", "operator"])),
    ),
)]
pub(in crate::http) async fn create(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<OrganizationId>,
    Creation { body, idempotency }: Creation<RequestDomain>,
) -> Result<Response, Problem> {
    let role = attempt.role_in(id).await?;
    let decision = policy::organization(&attempt.caller, role, OrganizationAction::RequestDomains);
    let permit =
        attempt.permit("domain-request.create", Target::organization(id), decision).await?;
    if let Some(answer) = permit.replay(&idempotency).await? {
        return Ok(answer);
    }
    let (env, catalogue) = (&directory.resources.env, &directory.resources.catalogue);
    let domain = enabled_domains::parse(catalogue, std::slice::from_ref(&body.domain));
    let domain = domain.map_err(|error| FieldError { field: "domain", ..error });
    let reason = fields::description("reason", Some(&body.reason), REASON_CHARS)
        .and_then(|reason| reason.ok_or_else(|| FieldError::new("reason", Fault::required())));
    let (domain, reason) = match (domain, reason) {
        (Ok(domains), Ok(reason)) => (domains, reason),
        (domain, reason) => return Err(Invalid::all([domain.err(), reason.err()]).into()),
    };
    let [domain] = <[_; 1]>::try_from(domain)
        .map_err(|_| Problem::internal("one domain was parsed from one text"))?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let found = store::organizations::lock(conn, id).await?;
    let organization = found.ok_or_else(Problem::no_such::<OrganizationId>)?;
    if organization.enabled_domains.contains(&domain) {
        let detail = "The domain is enabled for the organization already.";
        return Err(Problem::conflict("domain-enabled-already", detail));
    }
    let by = attempt.caller.person_id;
    let (request, created) = DomainRequest::create(env.new_id(), id, domain, reason, by, env.now());
    if !store::domain_requests::insert(conn, &request).await? {
        let detail =
            "The organization has asked for this domain already, and waits for the answer.";
        return Err(Problem::conflict("domain-requested-already", detail));
    }
    let operators = store::people::operators(conn, MOST_OPERATORS).await?;
    let details = DomainRequestDetails { reason: request.reason.clone() };
    let event = unit.record_with(request.id.uuid(), request.version, &created, &details)?;
    for (recipient, language) in operators {
        let template = Template::DomainRequested { request: request.id.uuid() };
        let mail = Mail { template, recipient, language };
        mailing::request(&mut unit, event, &mail, env).await?;
    }
    let (location, version) = (format!("/v1/domain-requests/{}", request.id), request.version);
    let answer = DomainRequestAnswer::from(request);
    idempotency.created(unit, location, version, &answer).await
}
