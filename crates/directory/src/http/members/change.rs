//! PATCH /v1/organizations/{id}/members/{person_id}

use contract::rpc::MemberRole;
use contract::{MembershipId, OrganizationId, PersonId};
use serde::Deserialize;
use service::http::{Json, Path};
use service::{Attempt, Problem, Target};
use utoipa::ToSchema;

use super::{MemberAnswer, Seen};
use crate::policy::{self, OrganizationAction};
use crate::store;

/// Another role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ChangeMember {
    /// The role from now on.
    role: MemberRole,
}

/// Change a member's role
///
/// The last owner stays owner. Setting the role to what it is leaves no event.
#[utoipa::path(
    patch,
    path = "/v1/organizations/{id}/members/{person_id}",
    operation_id = "changeMember",
    tag = "organizations",
    params(
        ("id" = OrganizationId, Path, description = "The organization."),
        ("person_id" = PersonId, Path, description = "The member."),
    ),
    request_body = ChangeMember,
    responses(
        (status = 200, description = "Changed.", body = MemberAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
        (status = 409, description = "They are the last owner.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["membership.role-changed"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "operator"])),
    ),
)]
pub(in crate::http) async fn change(
    attempt: Attempt,
    Path((id, person_id)): Path<(OrganizationId, PersonId)>,
    Json(body): Json<ChangeMember>,
) -> Result<Json<MemberAnswer>, Problem> {
    let role = attempt.role_in(id).await?;
    let decision = policy::organization(&attempt.caller, role, OrganizationAction::ManageMembers);
    let permit = attempt.permit("member.change-role", Target::organization(id), decision).await?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let found = store::organizations::lock(conn, id).await?;
    found.ok_or_else(Problem::no_such::<OrganizationId>)?;
    let found = store::memberships::find(conn, id, person_id).await?;
    let membership = found.ok_or_else(Problem::no_such::<MembershipId>)?;
    let found = store::people::find(conn, person_id).await?;
    let person = found.ok_or_else(Problem::no_such::<PersonId>)?;
    let owners = store::memberships::count_owners(conn, id).await?;
    let Some((membership, changed)) = membership.change_role(body.role, owners)? else {
        let seen = Seen { caller: &attempt.caller, role, owners };
        return Ok(Json(MemberAnswer::of(&membership, person.name, &person.email, seen)));
    };
    store::memberships::save(conn, &membership).await?;
    let owners = store::memberships::count_owners(conn, id).await?;
    unit.record(membership.id.uuid(), membership.version, &changed)?;
    unit.commit().await?;
    let seen = Seen { caller: &attempt.caller, role, owners };
    Ok(Json(MemberAnswer::of(&membership, person.name, &person.email, seen)))
}
