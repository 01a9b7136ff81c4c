//! `PATCH /v1/keys/{client_id}`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use service::http::{IfMatch, Json, Path};
use service::{Caller, Problem, RequestFacts};
use utoipa::ToSchema;

use super::attempt::{Attempt, Change, key_name};
use super::view::{KeyBody, answer};
use crate::KeyIssuer;
use crate::policy::Operation;
use crate::store::keys;

/// What can change of a key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyChange)]
pub(super) struct KeyChange {
    /// Its new name: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, example = "production, Frankfurt")]
    name: String,
}

/// Rename a key
///
/// The name it has already is no change, and leaves no event.
#[utoipa::path(
    patch,
    path = "/v1/keys/{client_id}",
    operation_id = "renameKey",
    tag = "keys",
    security(("api_token" = [])),
    params(
        ("client_id" = String, Path),
        ("If-Match" = Option<String>, Header, description = "Only if this is still its ETag."),
    ),
    request_body = KeyChange,
    responses(
        (status = 200, description = "The key", body = KeyBody, headers(("ETag" = String))),
        (status = 401, body = Problem, description = "No valid API token"),
        (status = 403, body = Problem, description = "The role does not suffice"),
        (status = 404, body = Problem, description = "There is no such key"),
        (status = 409, body = Problem, description = "The key was deleted or expired"),
        (status = 412, body = Problem, description = "The key has changed"),
        (status = 422, body = Problem, description = "The name is wrong")
    ),
    extensions(
        ("x-mandate-events" = json!(["key.renamed"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer"])),
    ),
)]
pub(super) async fn rename(
    State(issuer): State<Arc<KeyIssuer>>,
    Path(client_id): Path<String>,
    caller: Caller,
    facts: RequestFacts,
    if_match: IfMatch,
    Json(change): Json<KeyChange>,
) -> Result<Response, Problem> {
    let attempt = Attempt { issuer: &issuer, caller: &caller, facts: &facts };
    let Change { mut unit, mut key } = attempt.begin_change(Operation::Rename, &client_id).await?;
    if_match.check(key.version.number())?;
    let name = key_name(&change.name)?;
    let now = issuer.resources.env.now();
    if let Some(fact) = key.rename(&name, now)? {
        key.name = name;
        key.version = key.version.next();
        keys::save(unit.connection().await?, &key).await?;
        unit.record(key.id.uuid(), key.version, &fact)?;
        unit.commit().await?;
    }
    Ok(answer(&key, now))
}
