//! `GET /v1/completeness`

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use service::http::{Json, Query};
use service::{Attempt, Fault, FaultCode, Problem};

use super::whole_log;
use crate::Audit;
use crate::completeness::{self, Completeness};
use crate::query;

/// So much of the time before now is looked at if nothing else is asked for.
const A_DAY: TimeDelta = TimeDelta::days(1);

/// Of which time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Window {
    #[serde(default, deserialize_with = "time")]
    from: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "time")]
    to: Option<DateTime<Utc>>,
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = String::deserialize(deserializer)?;
    query::time(&text).map(Some).map_err(D::Error::custom)
}

/// Report what is missing
///
/// Each service says, hour by hour and whenever it is asked, what it has recorded: a manifest, which is an entry of the
/// log, lists every stream that has grown since the manifest before. This holds the manifests of a time against the
/// log: whether each goes on from the one before, and whether all that they list is there, whole streams included.
/// Holes that are open are named, too. What no manifest lists yet is for the next one: `POST /v1/manifests` has it
/// written at once.
///
/// A time with more manifests than one report holds is cut: `next_from` says where the next report goes on.
///
/// An auditor who trusts nobody finds out the same with `mandate verify`, from the entries and the lists alone.
#[utoipa::path(
    get,
    path = "/v1/completeness",
    operation_id = "getCompleteness",
    tag = "events",
    security(("api_token" = [])),
    params(
        ("from" = Option<chrono::DateTime<chrono::Utc>>, Query,
            description = "Manifests recorded not before this time (RFC 3339); a day before `to` by default."),
        ("to" = Option<chrono::DateTime<chrono::Utc>>, Query,
            description = "Manifests recorded before this time (RFC 3339); now by default.")
    ),
    responses(
        (status = 200, description = "The report", body = Completeness),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 403, body = Problem, description = "The caller may not read the whole log"),
        (status = 422, body = Problem, description = "Parameters are wrong; `errors` names them")
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator"])),
    ),
)]
pub(super) async fn get(
    State(audit): State<Arc<Audit>>,
    attempt: Attempt,
    Query(window): Query<Window>,
) -> Result<Json<Completeness>, Problem> {
    whole_log::check(&attempt, "completeness.read").await?;
    let now = audit.resources.env.now();
    let to = window.to.unwrap_or(now);
    let from = window.from.unwrap_or(to - A_DAY);
    if from > to {
        let fault = Fault::new(FaultCode::OutOfRange, "is before `from`");
        return Err(Problem::invalid_field("to", fault));
    }
    let mut conn = audit.resources.pool.acquire().await?;
    Ok(Json(completeness::report(&mut conn, from, to, now).await?))
}
