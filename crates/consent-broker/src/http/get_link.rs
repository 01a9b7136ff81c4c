//! `GET /v1/consent-links/{id}`

use std::sync::Arc;

use axum::extract::State;
use contract::LinkId;
use service::http::{Json, Path};
use service::{Attempt, Problem, Target};

use super::link_view::{LinkView, Viewer, first_accounts};
use crate::remote_services::RemoteServices;
use crate::store::links;
use crate::{ConsentBroker, policy};

/// Read a consent link
///
/// What has become of the link, when, and for which accounts: how many, and the first of them.
#[utoipa::path(
    get,
    path = "/v1/consent-links/{id}",
    operation_id = "getConsentLink",
    tag = "consent links",
    security(("api_token" = [])),
    params(("id" = LinkId, Path, description = "The link")),
    responses(
        (status = 200, description = "The link", body = LinkView),
        (status = 401, description = "No API token or session, or none that is valid", body = Problem),
        (status = 404, description = "No such link, or none of an organization of the caller's", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "operator"])),
    ),
)]
pub(crate) async fn get_link(
    State(broker): State<Arc<ConsentBroker>>,
    attempt: Attempt,
    Path(id): Path<LinkId>,
) -> Result<Json<LinkView>, Problem> {
    let link = links::by_id(&broker.resources.pool, id).await?;
    let link = link.ok_or_else(Problem::no_such::<LinkId>)?;
    let role = attempt.role_in(link.organization_id).await?;
    let decision = policy::read_links(role, attempt.caller.operator);
    let target = Target::of(id, link.organization_id);
    let _permit = attempt.permit("consent-link.read", target, decision).await?;
    let accounts = first_accounts(&link).collect();
    let names = RemoteServices::of(&broker, &attempt.facts).name_accounts(accounts).await?;
    let (person_id, operator) = (attempt.caller.person_id, attempt.caller.operator);
    let viewer = Viewer { person_id, role, operator };
    Ok(Json(LinkView::of(&link, viewer, broker.resources.env.now(), &names)))
}
