//! POST /v1/organizations/{id}/confirm-contact

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::OrganizationId;
use service::http::Path;
use service::{Attempt, Problem, Target};

use super::{OrganizationAnswer, tagged};
use crate::policy::{self, OrganizationAction};
use crate::{Directory, store};

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
        (status = 401, description = "No valid API token or session.", body = Problem),
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
    attempt: Attempt,
    Path(id): Path<OrganizationId>,
) -> Result<Response, Problem> {
    let (operation, target) = ("organization.confirm-contact", Target::organization(id));
    let role = attempt.role_in(id).await?;
    let decision = policy::organization(&attempt.caller, role, OrganizationAction::Operate);
    let permit = attempt.permit(operation, target, decision).await?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let found = store::organizations::lock(conn, id).await?;
    let organization = found.ok_or_else(Problem::no_such::<OrganizationId>)?;
    let now = directory.resources.env.now();
    let Some((organization, confirmed)) = organization.confirm_contact(now) else {
        return Ok(tagged(organization));
    };
    store::organizations::save(conn, &organization).await?;
    unit.record(id.uuid(), organization.version, &confirmed)?;
    unit.commit().await?;
    Ok(tagged(organization))
}
