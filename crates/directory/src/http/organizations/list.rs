//! GET /v1/organizations

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use service::http::{Page, PageQuery, Query};
use service::{Caller, Problem};

use super::OrganizationAnswer;
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
        (status = 401, description = "No valid API token or session.", body = Problem),
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
    let member = (caller.person_id, caller.identity_provider_id);
    let member = (!caller.operator).then_some(member);
    let slice = Slice { after: query.after()?, limit: query.rows() };
    let mut conn = directory.resources.pool.acquire().await?;
    let rows = store::organizations::list(&mut conn, member, slice).await?;
    let page = Page::of_rows(rows, &query, |organization| organization.id)?;
    Ok(page.map(OrganizationAnswer::from).into_response_for(&uri))
}
