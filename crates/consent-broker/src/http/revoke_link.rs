//! `DELETE /v1/consent-links/{id}`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use contract::LinkId;
use service::http::Path;
use service::{Attempt, Problem, Target};

use crate::store::links;
use crate::{ConsentBroker, policy};

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
        (status = 401, description = "No API token or session, or none that is valid", body = Problem),
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
pub(crate) async fn revoke_link(
    State(broker): State<Arc<ConsentBroker>>,
    attempt: Attempt,
    Path(id): Path<LinkId>,
) -> Result<StatusCode, Problem> {
    let link = links::by_id(&broker.resources.pool, id).await?;
    let link = link.ok_or_else(Problem::no_such::<LinkId>)?;
    let role = attempt.role_in(link.organization_id).await?;
    let decision = policy::write_links(role, attempt.caller.operator);
    let target = Target::of(id, link.organization_id);
    let permit = attempt.permit("consent-link.revoke", target, decision).await?;

    let mut unit = permit.begin();
    let link = links::lock(unit.connection().await?, id).await?;
    let link = link.ok_or_else(Problem::no_such::<LinkId>)?;
    let now = broker.resources.env.now();
    if let Some((link, fact)) = link.revoke(attempt.caller.person_id, now)? {
        links::save(unit.connection().await?, &link).await?;
        unit.record(id.uuid(), link.version, &fact)?;
        unit.commit().await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
