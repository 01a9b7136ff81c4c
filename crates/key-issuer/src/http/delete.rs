//! `DELETE /v1/keys/{client_id}`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use service::http::{IfMatch, Path, Query};
use service::{Caller, Problem, RequestFacts};
use utoipa::IntoParams;

use super::attempt::{Attempt, Change};
use super::view::{KeyBody, answer};
use crate::KeyIssuer;
use crate::key::{Deletion, DeletionReason};
use crate::policy::Operation;
use crate::store::keys;

/// How a key is deleted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct When {
    /// Ends it at once, because its secret leaked. Otherwise it works for 15 more minutes, in which
    /// programs can be given another.
    #[serde(default)]
    now: bool,
}

/// Delete a key
///
/// The answer says from when it works no more. A key that was deleted before is refused with 409
/// and left as it is, unless `now=true` ends it sooner.
#[utoipa::path(
    delete,
    path = "/v1/keys/{client_id}",
    operation_id = "deleteKey",
    tag = "keys",
    security(("api_token" = [])),
    params(
        ("client_id" = String, Path),
        When,
        ("If-Match" = Option<String>, Header, description = "Only if this is still its ETag."),
    ),
    responses(
        (status = 200, description = "The key, with `ends_at`", body = KeyBody, headers(("ETag" = String))),
        (status = 401, body = Problem, description = "No valid API token"),
        (status = 403, body = Problem, description = "The role does not suffice"),
        (status = 404, body = Problem, description = "There is no such key"),
        (status = 409, body = Problem, description = "The key was deleted already, or expired"),
        (status = 412, body = Problem, description = "The key has changed")
    ),
    extensions(
        ("x-mandate-events" = json!(["key.deleted"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer"])),
    ),
)]
pub(super) async fn delete(
    State(issuer): State<Arc<KeyIssuer>>,
    Path(client_id): Path<String>,
    caller: Caller,
    facts: RequestFacts,
    if_match: IfMatch,
    Query(when): Query<When>,
) -> Result<Response, Problem> {
    let attempt = Attempt { issuer: &issuer, caller: &caller, facts: &facts };
    let Change { mut unit, mut key } = attempt.begin_change(Operation::Delete, &client_id).await?;
    if_match.check(key.version.number())?;
    let reason = if when.now {
        DeletionReason::RequestedNow
    } else {
        DeletionReason::Requested { grace: issuer.settings.grace() }
    };
    let now = issuer.resources.env.now();
    let fact = key.delete(reason, now)?;
    let deleted_at = key.deletion.map_or(now, |deletion| deletion.deleted_at);
    key.deletion = Some(Deletion { deleted_at, ends_at: fact.ends_at });
    key.version = key.version.next();
    keys::save(unit.connection().await?, &key).await?;
    unit.record(key.id.uuid(), key.version, &fact)?;
    unit.commit().await?;
    Ok(answer(&key, now))
}
