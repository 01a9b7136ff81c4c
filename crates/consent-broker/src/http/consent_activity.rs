//! `GET /v1/apps/{id}/consent-activity`

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use contract::AppId;
use serde::Serialize;
use service::http::{Json, Path};
use service::{Attempt, Problem, Target};
use utoipa::ToSchema;

use crate::as_of::AsOf;
use crate::remote_services::RemoteServices;
use crate::store::app_activity;
use crate::{ConsentBroker, policy};

/// How an app's links and grants stand.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsentActivity {
    /// The app.
    app_id: AppId,
    /// How many of its links can still be used.
    open_links: i64,
    /// How many of its grants are live, each of one account; at most 10,000 are counted.
    live_grants: i64,
    /// Whether there are more than were counted.
    more_grants: bool,
    /// How many of those that were counted end within 30 days.
    grants_ending_soon: i64,
    /// When the app last asked which accounts it reaches, to the minute.
    last_used_at: Option<DateTime<Utc>>,
}

/// Read how an app's links and grants stand
///
/// How many there are, how many end soon, and when the app last asked which accounts its token reaches.
#[utoipa::path(
    get,
    path = "/v1/apps/{id}/consent-activity",
    operation_id = "getConsentActivity",
    tag = "grants",
    security(("api_token" = [])),
    params(("id" = AppId, Path, description = "The app")),
    responses(
        (status = 200, description = "How they stand", body = ConsentActivity),
        (status = 401, description = "No API token or session, or none that is valid", body = Problem),
        (status = 404, description = "No such app, or none of an organization of the caller's", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "operator"])),
    ),
)]
pub(crate) async fn consent_activity(
    State(broker): State<Arc<ConsentBroker>>,
    attempt: Attempt,
    Path(app_id): Path<AppId>,
) -> Result<Json<ConsentActivity>, Problem> {
    let remote = RemoteServices::of(&broker, &attempt.facts);
    let app = remote.app(app_id).await?.ok_or_else(Problem::no_such::<AppId>)?;
    let role = attempt.role_in(app.organization_id).await?;
    let decision = policy::read_links(role, attempt.caller.operator);
    let target = Target::of(app_id, app.organization_id);
    let _permit = attempt.permit("app.read-consent-activity", target, decision).await?;

    let (pool, as_of) = (&broker.resources.pool, AsOf::now(&broker.resources));
    let counts = app_activity::count(pool, app_id, as_of).await?;
    let last_used = app_activity::of(pool, [app_id].into_iter()).await?;
    Ok(Json(ConsentActivity {
        app_id,
        open_links: counts.open_links,
        live_grants: counts.live_grants,
        more_grants: counts.more_grants,
        grants_ending_soon: counts.grants_ending_soon,
        last_used_at: last_used.get(&app_id).copied(),
    }))
}
