//! GET /v1/organizations/{id}/members

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use contract::OrganizationId;
use service::http::{Page, PageQuery, Path, Query};
use service::{Attempt, Problem, Target};

use super::{MemberAnswer, Seen};
use crate::policy::{self, OrganizationAction};
use crate::store::Slice;
use crate::store::memberships::Member;
use crate::{Directory, store};

/// List an organization's members
#[utoipa::path(
    get,
    path = "/v1/organizations/{id}/members",
    operation_id = "listMembers",
    tag = "organizations",
    params(("id" = OrganizationId, Path, description = "The organization."), PageQuery),
    responses(
        (status = 200, description = "A page.", body = Page<MemberAnswer>),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
        (status = 422, description = "A wrong parameter.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "operator"])),
    ),
)]
pub(in crate::http) async fn list(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<OrganizationId>,
    Query(query): Query<PageQuery>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let role = attempt.role_in(id).await?;
    let decision = policy::organization(&attempt.caller, role, OrganizationAction::Read);
    let _permit = attempt.permit("organization.read", Target::organization(id), decision).await?;
    let slice = Slice { after: query.after()?, limit: query.rows() };
    let mut conn = directory.resources.pool.acquire().await?;
    let found = store::organizations::find(&mut conn, id).await?;
    found.ok_or_else(Problem::no_such::<OrganizationId>)?;
    let rows = store::memberships::list(&mut conn, id, slice).await?;
    let owners = store::memberships::count_owners(&mut conn, id).await?;
    let seen = Seen { caller: &attempt.caller, role, owners };
    let page = Page::of_rows(rows, &query, |member| member.membership.id)?;
    let answer =
        |member: Member| MemberAnswer::of(&member.membership, member.name, &member.email, seen);
    Ok(page.map(answer).into_response_for(&uri))
}
