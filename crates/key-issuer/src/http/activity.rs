//! `GET /v1/apps/{id}/activity`

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use contract::AppId;
use contract::rpc::{ConsentCounts, CountConsents};
use serde::Serialize;
use service::http::{Json, Path};
use service::{Attempt, Problem};
use utoipa::ToSchema;

use super::steps::{find_app, permit_with_app};
use super::view::ends_soon;
use crate::KeyIssuer;
use crate::activity::first_hour;
use crate::key_limit::WorkingKey;
use crate::policy::Operation;
use crate::store::{activity, apps, keys};

/// How an app uses its keys.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AppActivity)]
pub(super) struct ActivityBody {
    /// The app.
    app_id: AppId,
    /// Its keys.
    keys: KeyCounts,
    /// When it last got a token, to the minute.
    last_token_at: Option<DateTime<Utc>>,
    /// Requests for tokens in its name that were refused lately.
    refusals: RefusalsBody,
    /// How its consent links and grants stand; null while that cannot be told.
    consents: Option<ConsentCounts>,
}

/// How many keys an app has.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(super) struct KeyCounts {
    /// How many are live.
    live: usize,
    /// How many may be.
    most: usize,
    /// How many work, deleted ones that have not ended yet included.
    working: usize,
    /// How many of the live ones expire within 30 days.
    ending_soon: usize,
}

impl KeyCounts {
    /// Of these keys that work, where so many may be.
    pub(super) fn of(working: &[WorkingKey], most: usize, now: DateTime<Utc>) -> Self {
        let live = || working.iter().filter(|key| key.live);
        Self {
            live: live().count(),
            most,
            working: working.len(),
            ending_soon: live().filter(|key| ends_soon(key.end, now)).count(),
        }
    }
}

/// Refused requests for tokens. Those of the last seconds may be missing, and those of a process that was killed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TokenRefusals)]
pub(super) struct RefusalsBody {
    /// Since this full hour, which was from 24 to 25 hours ago.
    since: DateTime<Utc>,
    /// How many.
    count: i64,
    /// When the last was.
    last_at: Option<DateTime<Utc>>,
}

/// Read an app's activity
///
/// How many keys it has of those it may have, when it last got a token, how many requests for tokens were refused in
/// its name within a day, and how its consent links and grants stand.
#[utoipa::path(
    get,
    path = "/v1/apps/{id}/activity",
    operation_id = "getAppActivity",
    tag = "keys",
    security(("api_token" = [])),
    params(("id" = AppId, Path)),
    responses(
        (status = 200, description = "The app's activity", body = ActivityBody),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 404, body = Problem, description = "There is no such app")
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "operator"])),
    ),
)]
pub(super) async fn read(
    State(issuer): State<Arc<KeyIssuer>>,
    attempt: Attempt,
    Path(app_id): Path<AppId>,
) -> Result<Json<ActivityBody>, Problem> {
    // As for the list of its keys.
    let pool = &issuer.resources.pool;
    let organization = match apps::organization(pool, app_id).await? {
        Some(organization) => organization,
        None => find_app(&issuer, &attempt, app_id).await?.organization_id,
    };
    let _permit = permit_with_app(&attempt, app_id, organization, Operation::List).await?;
    let now = issuer.resources.env.now();
    let since = first_hour(now);
    let mut connection = pool.acquire().await?;
    let working = keys::working(&mut connection, app_id, now).await?;
    let known = activity::of(&mut *connection, app_id, since).await?;
    // Nobody holds a connection while another service is asked.
    drop(connection);
    // What an app does with its keys is to be had while the consent broker is not.
    let consents = issuer.resources.rpc.call(&attempt.facts, &CountConsents { app_id }).await.ok();
    Ok(Json(ActivityBody {
        app_id,
        keys: KeyCounts::of(&working, issuer.settings.max_keys_per_app(), now),
        consents,
        last_token_at: known.last_token_at,
        refusals: RefusalsBody { since, count: known.refusals, last_at: known.last_refusal_at },
    }))
}
