//! `GET /v1/consent-links/{id}`

use std::sync::Arc;

use axum::extract::State;
use contract::LinkId;
use service::http::{Json, Path};
use service::{Caller, Problem, RequestFacts};

use super::Attempt;
use super::link_view::{LinkView, accounts_of};
use crate::ConsentBroker;
use crate::neighbours::Neighbours;
use crate::policy;
use crate::store::links;

/// Read a consent link
///
/// What has become of the link, when, and for which accounts.
#[utoipa::path(
    get,
    path = "/v1/consent-links/{id}",
    operation_id = "getConsentLink",
    tag = "consent links",
    security(("api_token" = [])),
    params(("id" = LinkId, Path, description = "The link")),
    responses(
        (status = 200, description = "The link", body = LinkView),
        (status = 401, description = "No API token, or none that is valid", body = Problem),
        (status = 404, description = "No such link, or none of an organization of the caller's", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "operator"])),
    ),
)]
pub async fn get_link(
    State(broker): State<Arc<ConsentBroker>>,
    caller: Caller,
    facts: RequestFacts,
    Path(id): Path<LinkId>,
) -> Result<Json<LinkView>, Problem> {
    let missing = "There is no such consent link.";
    let link = links::by_id(&broker.resources.pool, id).await?;
    let link = link.ok_or_else(|| Problem::not_found("not-found", missing))?;
    let access = policy::read_links(caller.role_in(link.organization_id), caller.operator);
    let organization = Some(link.organization_id);
    let target = format!("consent-link/{id}");
    let attempt = Attempt {
        operation: "consent-link.read",
        target,
        organization,
        caller: &caller,
        facts: &facts,
    };
    attempt.demand(&broker, access, missing).await?;
    let accounts = accounts_of(&link).map(|(id, _)| id).collect();
    let names = Neighbours::of(&broker, &facts).name_accounts(accounts).await?;
    Ok(Json(LinkView::of(&link, broker.resources.env.now(), &names)))
}
