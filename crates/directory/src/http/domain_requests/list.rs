//! GET /v1/domain-requests

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use serde::Deserialize;
use service::http::{Page, PageQuery, Query};
use service::{Attempt, Problem};
use utoipa::IntoParams;

use super::DomainRequestAnswer;
use crate::domain_request::StateName;
use crate::store::Slice;
use crate::{Directory, store};

/// Which requests.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct DomainRequestFilter {
    /// Those in this state; those that wait for an answer, if left out.
    #[serde(default)]
    #[param(inline)]
    state: StateName,
    /// Which page.
    #[serde(flatten)]
    #[param(ignore)]
    page: PageQuery,
}

/// List all requests for domains
///
/// In the order in which they were made.
#[utoipa::path(
    get,
    path = "/v1/domain-requests",
    operation_id = "listDomainRequests",
    tag = "organizations",
    params(DomainRequestFilter, PageQuery),
    responses(
        (status = 200, description = "A page.", body = Page<DomainRequestAnswer>),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The caller is no operator.", body = Problem),
        (status = 422, description = "A wrong parameter.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator"])),
    ),
)]
pub(in crate::http) async fn list(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Query(DomainRequestFilter { state, page: query }): Query<DomainRequestFilter>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let _permit = attempt.permit_operator("domain-request.list").await?;
    let slice = Slice { after: query.after()?, limit: query.rows() };
    let mut conn = directory.resources.pool.acquire().await?;
    let rows = store::domain_requests::in_state(&mut conn, state, slice).await?;
    let page = Page::of_rows(rows, &query, |request| request.id)?;
    Ok(page.map(DomainRequestAnswer::from).into_response_for(&uri))
}
