//! DELETE /v1/organizations/{id}/members/{person_id}

use axum::http::StatusCode;
use contract::{OrganizationId, PersonId};
use service::http::Path;
use service::{Attempt, Problem, Target};

use crate::policy::{self, OrganizationAction};
use crate::store;

/// Remove a member, or leave
///
/// Every member can leave; the last owner cannot. Where they are no member, nothing changes and the answer is the
/// same.
#[utoipa::path(
    delete,
    path = "/v1/organizations/{id}/members/{person_id}",
    operation_id = "removeMember",
    tag = "organizations",
    params(
        ("id" = OrganizationId, Path, description = "The organization."),
        ("person_id" = PersonId, Path, description = "The member."),
    ),
    responses(
        (status = 204, description = "They are a member no more."),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice to remove others.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
        (status = 409, description = "They are the last owner.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["membership.removed"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "operator"])),
    ),
)]
pub(in crate::http) async fn remove(
    attempt: Attempt,
    Path((id, person_id)): Path<(OrganizationId, PersonId)>,
) -> Result<StatusCode, Problem> {
    let (operation, action) = if person_id == attempt.caller.person_id {
        ("member.leave", OrganizationAction::Leave)
    } else {
        ("member.remove", OrganizationAction::ManageMembers)
    };
    let role = attempt.role_in(id).await?;
    let decision = policy::organization(&attempt.caller, role, action);
    let permit = attempt.permit(operation, Target::organization(id), decision).await?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let found = store::organizations::lock(conn, id).await?;
    found.ok_or_else(Problem::no_such::<OrganizationId>)?;
    let found = store::memberships::find(conn, id, person_id).await?;
    let Some(membership) = found else {
        return Ok(StatusCode::NO_CONTENT);
    };
    let owners = store::memberships::count_owners(conn, id).await?;
    let (ended, removed) = membership.remove(owners)?;
    store::memberships::delete(conn, &ended).await?;
    unit.record(ended.id.uuid(), ended.version, &removed)?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
