//! `POST /v1/apps/activity`

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use contract::AppId;
use contract::rpc::{AskedIds, CountGrants, LiveGrants};
use serde::{Deserialize, Serialize};
use service::http::Json;
use service::{Attempt, Fault, Problem};
use utoipa::ToSchema;

use crate::KeyIssuer;
use crate::policy::{self, Operation};
use crate::store::activity;

/// So many apps can be asked for at a time.
const MOST_APPS: usize = 100;

/// Apps, by their ids.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AskedApps {
    /// Their ids.
    #[schema(max_items = 100)]
    ids: Vec<AppId>,
}

/// How apps use their keys.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AppActivities {
    /// One for each app that was ever activated and that the caller may see, in the order in which they were asked for.
    items: Vec<BriefActivity>,
}

/// How an app uses its keys, in brief.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BriefAppActivity)]
struct BriefActivity {
    /// The app.
    app_id: AppId,
    /// How many of its keys are live.
    live_keys: i64,
    /// When it last got a token, to the minute.
    last_token_at: Option<DateTime<Utc>>,
    /// How many accounts consented to it; null while that cannot be told.
    consents: Option<GrantedAccounts>,
}

/// How many accounts consented to an app.
#[derive(Debug, Default, Serialize, ToSchema)]
struct GrantedAccounts {
    /// How many of its grants are live, each of one account; at most 1,000 are counted.
    live_grants: i64,
    /// Whether there are more than were counted.
    more_grants: bool,
}

impl From<LiveGrants> for GrantedAccounts {
    fn from(counted: LiveGrants) -> Self {
        Self { live_grants: counted.live_grants, more_grants: counted.more_grants }
    }
}

/// Read the activity of many apps
///
/// How many keys each has, when it last got a token, and how many accounts consented to it. An app that the caller must not know of is left out, as is one
/// that there is not, or that was never activated: it has no keys.
#[utoipa::path(
    post,
    path = "/v1/apps/activity",
    operation_id = "findAppActivity",
    tag = "keys",
    security(("api_token" = [])),
    request_body = AskedApps,
    responses(
        (status = 200, description = "Their activity", body = AppActivities),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 422, body = Problem, description = "Too many ids, or what is no id")
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person", "operator"])),
    ),
)]
pub(super) async fn read(
    State(issuer): State<Arc<KeyIssuer>>,
    attempt: Attempt,
    Json(AskedApps { ids }): Json<AskedApps>,
) -> Result<Json<AppActivities>, Problem> {
    if ids.len() > MOST_APPS {
        return Err(Problem::invalid_field("ids", Fault::too_many(MOST_APPS)));
    }
    let pool = &issuer.resources.pool;
    let mut known = activity::of_many(pool, &ids, issuer.resources.env.now()).await?;
    let roles = attempt.roles_in(known.values().map(|app| app.organization_id)).await?;
    known.retain(|_, app| {
        let role = roles.get(&app.organization_id).copied();
        policy::authorize(attempt.caller.operator, role, Operation::List).is_ok()
    });
    let granted = grants_of(&issuer, &attempt, known.keys().copied().collect()).await?;
    let brief = |app_id| {
        known.remove(&app_id).map(|app| BriefActivity {
            app_id,
            live_keys: app.live_keys,
            last_token_at: app.last_token_at,
            // An app that never had a consent link is not among those that were counted.
            consents: granted.as_ref().map(|granted| {
                granted.get(&app_id).copied().map(GrantedAccounts::from).unwrap_or_default()
            }),
        })
    };
    Ok(Json(AppActivities { items: ids.into_iter().filter_map(brief).collect() }))
}

/// How many accounts consented to each of these apps; `None` while the consent broker does not tell: what apps do with
/// their keys is to be had all the same.
async fn grants_of(
    issuer: &KeyIssuer,
    attempt: &Attempt,
    apps: Vec<AppId>,
) -> Result<Option<HashMap<AppId, LiveGrants>>, Problem> {
    if apps.is_empty() {
        return Ok(None);
    }
    let app_ids = AskedIds::try_from(apps).map_err(Problem::internal)?;
    let counted = issuer.resources.rpc.call(&attempt.facts, &CountGrants { app_ids }).await.ok();
    Ok(counted.map(|apps| apps.into_iter().map(|app| (app.app_id, app)).collect()))
}
