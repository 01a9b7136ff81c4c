//! GET /v1/organizations/{id}/members/{person_id}

use std::sync::Arc;

use axum::extract::State;
use contract::{MembershipId, OrganizationId, PersonId};
use service::http::{Json, Path};
use service::{Attempt, Problem, Target};

use super::{MemberAnswer, Seen};
use crate::policy::{self, OrganizationAction};
use crate::{Directory, store};

/// Read a member of an organization
#[utoipa::path(
    get,
    path = "/v1/organizations/{id}/members/{person_id}",
    operation_id = "getMember",
    tag = "organizations",
    params(
        ("id" = OrganizationId, Path, description = "The organization."),
        ("person_id" = PersonId, Path, description = "The member."),
    ),
    responses(
        (status = 200, description = "The member.", body = MemberAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "operator"])),
    ),
)]
pub(in crate::http) async fn read(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path((id, person_id)): Path<(OrganizationId, PersonId)>,
) -> Result<Json<MemberAnswer>, Problem> {
    let role = attempt.role_in(id).await?;
    let decision = policy::organization(&attempt.caller, role, OrganizationAction::Read);
    let _permit = attempt.permit("organization.read", Target::organization(id), decision).await?;
    let mut conn = directory.resources.pool.acquire().await?;
    let found = store::memberships::find(&mut conn, id, person_id).await?;
    let membership = found.ok_or_else(Problem::no_such::<MembershipId>)?;
    let found = store::people::find(&mut conn, person_id).await?;
    let person = found.ok_or_else(Problem::no_such::<MembershipId>)?;
    let owners = store::memberships::count_owners(&mut conn, id).await?;
    let seen = Seen { caller: &attempt.caller, role, owners };
    Ok(Json(MemberAnswer::of(&membership, person.name, &person.email, seen)))
}
