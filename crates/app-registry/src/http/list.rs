//! `GET /v1/apps`

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use contract::OrganizationId;
use contract::rpc::{AppState, MAX_KNOWN_MEMBERSHIPS};
use serde::Deserialize;
use service::http::page::MAX_LIMIT;
use service::http::{Page, PageQuery, Query};
use service::{Attempt, Fault, FaultCode, Problem, Target};
use utoipa::IntoParams;

use super::view::AppBody;
use crate::AppRegistry;
use crate::app::App;
use crate::policy::{self, CallerRole, Operation};
use crate::store::{self, Listed};

/// Which apps.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Only those of this organization. Needed of a member of more than 50.
    organization_id: Option<OrganizationId>,
    /// Only those in this state.
    state: Option<AppState>,
    /// At most so many entries.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List apps
///
/// Newest first: those of the organizations that the caller is a member of; for operators, all.
#[utoipa::path(
    get,
    path = "/v1/apps",
    operation_id = "listApps",
    tag = "apps",
    security(("api_token" = [])),
    params(Wanted),
    responses(
        (status = 200, description = "A page of apps", body = Page<AppBody>, headers(("Link" = String))),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 404, body = Problem, description = "The caller is no member of the organization"),
        (status = 422, body = Problem, description = "A parameter is wrong; `errors` names it")
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(super) async fn list(
    State(registry): State<Arc<AppRegistry>>,
    attempt: Attempt,
    Query(wanted): Query<Wanted>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let operator = attempt.caller.operator;
    let organizations = match wanted.organization_id {
        Some(id) => {
            let role = attempt.role_in(id).await?;
            let decision = policy::authorize(operator, role, Operation::Read);
            let target = Target::organization(id);
            let _permit = attempt.permit(Operation::Read.name(), target, decision).await?;
            Some(vec![id])
        }
        None if operator => None,
        None => {
            let mine = attempt.organizations();
            Some(mine.ok_or_else(|| {
                let many =
                    format!("is needed: you are a member of more than {MAX_KNOWN_MEMBERSHIPS}");
                Problem::invalid_field("organization_id", Fault::new(FaultCode::Required, many))
            })?)
        }
    };
    // Not by flattening `PageQuery`: serde then no longer says which parameter is wrong.
    if wanted.limit.is_some_and(|limit| !(1..=MAX_LIMIT).contains(&limit)) {
        return Err(Problem::invalid_field("limit", Fault::out_of_range(1, MAX_LIMIT.into())));
    }
    let page = PageQuery { limit: wanted.limit, cursor: wanted.cursor };
    let listed =
        Listed { organizations, state: wanted.state, before: page.after()?, limit: page.rows() };
    let apps = store::list(&registry.resources.pool, &listed).await?;
    let page = Page::of_rows(apps, &page, |app| (app.created_at, app.id))?;
    let organizations: BTreeSet<_> = page.items.iter().map(|app| app.organization_id).collect();
    let memberships = attempt.memberships_in(&Vec::from_iter(organizations)).await?;
    let body = |app: App| {
        let membership = memberships.iter().find(|of| of.organization_id == app.organization_id);
        let caller = CallerRole { operator, role: membership.map(|membership| membership.role) };
        AppBody::of(app, caller, &registry.resources.catalogue)
    };
    Ok(page.map(body).into_response_for(&uri))
}
