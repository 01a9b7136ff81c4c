//! `DELETE /v1/consent-links/{id}`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use contract::LinkId;
use contract::facts::ConsentLinkRevoked;
use service::http::Path;
use service::{Caller, Problem, RequestFacts};

use super::Attempt;
use crate::ConsentBroker;
use crate::link::EndReason;
use crate::policy;
use crate::store::links;

/// Revoke a consent link
///
/// Ends a link that was not used yet, at once. A link that is revoked already stays so, and the
/// answer is the same; one that was used or has expired is refused.
#[utoipa::path(
    delete,
    path = "/v1/consent-links/{id}",
    operation_id = "revokeConsentLink",
    tag = "consent links",
    security(("api_token" = [])),
    params(("id" = LinkId, Path, description = "The link")),
    responses(
        (status = 204, description = "It is revoked"),
        (status = 401, description = "No API token, or none that is valid", body = Problem),
        (status = 403, description = "`role-not-allowed`", body = Problem),
        (status = 404, description = "No such link, or none of an organization of the caller's", body = Problem),
        (status = 409, description = "`link-already-used`: it says when", body = Problem),
        (status = 410, description = "`link-expired`", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!(["consent-link.revoked"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer"])),
    ),
)]
pub async fn revoke_link(
    State(broker): State<Arc<ConsentBroker>>,
    caller: Caller,
    facts: RequestFacts,
    Path(id): Path<LinkId>,
) -> Result<StatusCode, Problem> {
    let missing = "There is no such consent link.";
    let link = links::by_id(&broker.resources.pool, id).await?;
    let link = link.ok_or_else(|| Problem::not_found("not-found", missing))?;
    let organization = Some(link.organization_id);
    let access = policy::write_links(caller.role_in(link.organization_id), caller.operator);
    let target = format!("consent-link/{id}");
    let attempt = Attempt {
        operation: "consent-link.revoke",
        target,
        organization,
        caller: &caller,
        facts: &facts,
    };
    let authority = attempt.demand(&broker, access, missing).await?;

    let mut unit =
        broker.resources.events.begin(&facts.provenance(caller.actor(), authority, organization));
    let connection = unit.connection().await?;
    let link = links::lock(connection, id)
        .await?
        .ok_or_else(|| Problem::not_found("not-found", missing))?;
    let now = broker.resources.env.now();
    if link.revoke(now)? {
        let version = link.version.next();
        if !links::revoke(connection, id, Some(caller.person_id), now, version).await? {
            return Err(Problem::conflict("conflict", "The link was used at this very moment."));
        }
        let fact = ConsentLinkRevoked {
            link_id: id,
            app_id: link.app_id,
            reason: EndReason::Requested.as_str().to_owned(),
        };
        unit.record(id.uuid(), version, &fact)?;
        unit.commit().await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
