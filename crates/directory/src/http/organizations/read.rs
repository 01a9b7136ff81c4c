//! GET /v1/organizations and /v1/organizations/{id}

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use contract::OrganizationId;
use service::authentication::Caller;
use service::http::{Page, PageQuery, Path, Query};
use service::problem::Problem;
use service::request::RequestFacts;

use super::{OrganizationAnswer, tagged};
use crate::http::access::{Access, not_found};
use crate::policy::OrganizationAction;
use crate::store::Slice;
use crate::{Directory, store};

/// List organizations
///
/// Those of which the caller is a member; all, for an operator. In the order of their creation.
#[utoipa::path(
    get,
    path = "/v1/organizations",
    operation_id = "listOrganizations",
    tag = "organizations",
    params(PageQuery),
    responses(
        (status = 200, description = "A page.", body = Page<OrganizationAnswer>),
        (status = 401, description = "No valid API token.", body = Problem),
        (status = 422, description = "A wrong parameter.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person", "operator"])),
    ),
)]
pub(in crate::http) async fn list(
    State(directory): State<Arc<Directory>>,
    caller: Caller,
    Query(query): Query<PageQuery>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let member = (!caller.operator).then_some(caller.person_id);
    let slice = Slice { after: query.after()?, limit: query.rows() };
    let mut conn = directory.resources.pool.acquire().await?;
    let rows = store::organizations(&mut conn, member, slice).await?;
    let page = Page::of_rows(rows, &query, |organization| organization.id)?;
    Ok(page.map(OrganizationAnswer::from).into_response_for(&uri))
}

/// Read an organization
#[utoipa::path(
    get,
    path = "/v1/organizations/{id}",
    operation_id = "getOrganization",
    tag = "organizations",
    params(("id" = OrganizationId, Path, description = "The organization.")),
    responses(
        (status = 200, description = "The organization; its version is the entity tag.", body = OrganizationAnswer),
        (status = 401, description = "No valid API token.", body = Problem),
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
    facts: RequestFacts,
    caller: Caller,
    Path(id): Path<OrganizationId>,
) -> Result<Response, Problem> {
    let access = Access { directory: &directory, facts: &facts, caller: &caller };
    access.to_organization(id, OrganizationAction::Read, "organization.read").await?;
    let mut conn = directory.resources.pool.acquire().await?;
    store::organization(&mut conn, id).await?.map(tagged).ok_or_else(not_found)
}
