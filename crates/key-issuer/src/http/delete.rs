//! `DELETE /v1/keys/{client_id}`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::ClientId;
use serde::Deserialize;
use service::http::{IfMatch, Path, Query};
use service::{Attempt, Problem};
use utoipa::IntoParams;

use super::steps::{KeyPermit, access_to, lock_key, permit_with_key};
use super::view::{KeyBody, answer};
use crate::KeyIssuer;
use crate::key::{DeletionReason, KeyRefusal};
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
/// The answer says from when it works no more. A key that was deleted before stays as it is, and the answer
/// says so again, unless it ends sooner by this.
#[utoipa::path(
    delete,
    path = "/v1/keys/{client_id}",
    operation_id = "deleteKey",
    tag = "keys",
    security(("api_token" = [])),
    params(
        ("client_id" = ClientId, Path),
        When,
        ("If-Match" = Option<String>, Header, description = "Only if this is still its ETag."),
    ),
    responses(
        (status = 200, description = "The key, with `ends_at`", body = KeyBody, headers(("ETag" = String))),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 403, body = Problem, description = "The role does not suffice"),
        (status = 404, body = Problem, description = "There is no such key"),
        (status = 409, body = Problem, description = "The key has expired"),
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
    attempt: Attempt,
    Path(client_id): Path<ClientId>,
    if_match: IfMatch,
    Query(when): Query<When>,
) -> Result<Response, Problem> {
    let KeyPermit { permit, app_id, organization_id } =
        permit_with_key(&issuer, &attempt, client_id, Operation::Delete).await?;
    let access = access_to(&issuer, &attempt, app_id, organization_id).await?;
    let mut unit = permit.begin();
    let key = lock_key(&mut unit, client_id, &IfMatch::default()).await?;
    let reason = if when.now {
        DeletionReason::RequestedNow
    } else {
        DeletionReason::Requested { grace: issuer.settings.grace() }
    };
    let now = issuer.resources.env.now();
    let deleted = key.delete(reason, now);
    // A repetition: it is as it was asked for, whichever version the caller knows.
    if let Err(KeyRefusal::Deleted { .. }) = deleted {
        return Ok(answer(&key, access, now));
    }
    if_match.check(key.version)?;
    let (key, fact) = deleted?;
    keys::save(unit.connection().await?, &key).await?;
    unit.record(key.id.uuid(), key.version, &fact)?;
    unit.commit().await?;
    issuer.clients.forget(key.id);
    Ok(answer(&key, access, now))
}
