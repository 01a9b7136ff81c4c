//! `POST /v1/apps/consent-activity`

use std::sync::Arc;

use axum::extract::State;
use contract::AppId;
use serde::{Deserialize, Serialize};
use service::http::Json;
use service::{Attempt, Fault, Problem};
use utoipa::ToSchema;

use crate::as_of::AsOf;
use crate::store::app_activity;
use crate::{ConsentBroker, policy};

/// So many apps can be asked for at a time.
const MOST_APPS: usize = 100;

/// Apps, by their ids.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedConsents {
    /// Their ids.
    #[schema(max_items = 100)]
    ids: Vec<AppId>,
}

/// How many accounts consented to apps.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsentActivities {
    /// One for each app that ever had a consent link and that the caller may see, in the order in which they were asked
    /// for.
    items: Vec<BriefConsents>,
}

/// How many accounts consented to an app.
#[derive(Debug, Serialize, ToSchema)]
struct BriefConsents {
    /// The app.
    app_id: AppId,
    /// How many of its grants are live, each of one account; at most 1,000 are counted.
    live_grants: i64,
    /// Whether there are more than were counted.
    more_grants: bool,
}

/// Read how many accounts consented to many apps
///
/// How many live grants each has. An app that the caller must not know of is left out, as is one that there is not, or
/// that never had a consent link.
#[utoipa::path(
    post,
    path = "/v1/apps/consent-activity",
    operation_id = "findConsentActivity",
    tag = "grants",
    security(("api_token" = [])),
    request_body = AskedConsents,
    responses(
        (status = 200, description = "How they stand", body = ConsentActivities),
        (status = 401, description = "No API token or session, or none that is valid", body = Problem),
        (status = 422, description = "Too many ids, or what is no id", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person", "operator"])),
    ),
)]
pub(crate) async fn consent_activities(
    State(broker): State<Arc<ConsentBroker>>,
    attempt: Attempt,
    Json(AskedConsents { ids }): Json<AskedConsents>,
) -> Result<Json<ConsentActivities>, Problem> {
    if ids.len() > MOST_APPS {
        return Err(Problem::invalid_field("ids", Fault::too_many(MOST_APPS)));
    }
    let (pool, as_of) = (&broker.resources.pool, AsOf::now(&broker.resources));
    let mut known = app_activity::count_each(pool, &ids, as_of).await?;
    let roles = attempt.roles_in(known.values().map(|app| app.organization_id)).await?;
    known.retain(|_, app| {
        let role = roles.get(&app.organization_id).copied();
        policy::read_links(role, attempt.caller.operator).is_ok()
    });
    let brief = |app_id| {
        known.remove(&app_id).map(|app| BriefConsents {
            app_id,
            live_grants: app.live.live_grants,
            more_grants: app.live.more_grants,
        })
    };
    Ok(Json(ConsentActivities { items: ids.into_iter().filter_map(brief).collect() }))
}
