//! `GET /v1/apps/{id}/consent-links`

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use contract::{AppId, LinkId};
use serde::Deserialize;
use service::http::{Page, PageQuery, Path, Query};
use service::{Attempt, Problem, Target};
use utoipa::IntoParams;

use super::link_view::{LinkView, Viewer, first_accounts};
use crate::link::LinkStateName;
use crate::remote_services::RemoteServices;
use crate::store::links;
use crate::{ConsentBroker, policy};

/// Which links.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LinkFilter {
    /// Only links in this state.
    #[param(inline)]
    pub(crate) state: Option<LinkStateName>,
    /// Which page.
    #[serde(flatten)]
    #[param(ignore)]
    pub(crate) page: PageQuery,
}

/// List an app's consent links
///
/// Newest first: what has become of each, when, and for which accounts: how many, and the first of them.
#[utoipa::path(
    get,
    path = "/v1/apps/{id}/consent-links",
    operation_id = "listConsentLinks",
    tag = "consent links",
    security(("api_token" = [])),
    params(("id" = AppId, Path, description = "The app"), LinkFilter, PageQuery),
    responses(
        (status = 200, description = "A page of links", body = Page<LinkView>),
        (status = 401, description = "No API token or session, or none that is valid", body = Problem),
        (status = 404, description = "No such app, or none of an organization of the caller's", body = Problem),
        (status = 422, description = "A filter, the limit or the cursor is wrong", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "operator"])),
    ),
)]
pub(crate) async fn list_links(
    State(broker): State<Arc<ConsentBroker>>,
    attempt: Attempt,
    OriginalUri(uri): OriginalUri,
    Path(app_id): Path<AppId>,
    Query(filter): Query<LinkFilter>,
) -> Result<Response, Problem> {
    let remote = RemoteServices::of(&broker, &attempt.facts);
    let app = remote.app(app_id).await?.ok_or_else(Problem::no_such::<AppId>)?;
    let role = attempt.role_in(app.organization_id).await?;
    let decision = policy::read_links(role, attempt.caller.operator);
    let target = Target::of(app_id, app.organization_id);
    let _permit = attempt.permit("consent-link.list", target, decision).await?;

    let now = broker.resources.env.now();
    let before = filter.page.after::<LinkId>()?;
    let rows = links::of_app(
        &broker.resources.pool,
        app_id,
        filter.state,
        now,
        before,
        filter.page.rows(),
    )
    .await?;
    let page = Page::of_rows(rows, &filter.page, |link| link.id)?;
    let accounts = page.items.iter().flat_map(first_accounts).collect();
    let names = remote.name_accounts(accounts).await?;
    let (person_id, operator) = (attempt.caller.person_id, attempt.caller.operator);
    let viewer = Viewer { person_id, role, operator };
    Ok(page.map(|link| LinkView::of(&link, viewer, now, &names)).into_response_for(&uri))
}
