//! `PATCH /v1/keys/{client_id}`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::ClientId;
use serde::Deserialize;
use service::http::{IfMatch, Json, Path};
use service::{Attempt, Problem};
use utoipa::ToSchema;

use super::steps::{KeyPermit, access_to, lock_key, permit_with_key};
use super::view::{KeyBody, answer};
use crate::KeyIssuer;
use crate::key_name::KeyName;
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
        ("client_id" = ClientId, Path),
        ("If-Match" = Option<String>, Header, description = "Only if this is still its ETag."),
    ),
    request_body = KeyChange,
    responses(
        (status = 200, description = "The key", body = KeyBody, headers(("ETag" = String))),
        (status = 401, body = Problem, description = "No valid API token or session"),
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
    attempt: Attempt,
    Path(client_id): Path<ClientId>,
    if_match: IfMatch,
    Json(change): Json<KeyChange>,
) -> Result<Response, Problem> {
    let KeyPermit { permit, app_id, organization_id } =
        permit_with_key(&issuer, &attempt, client_id, Operation::Rename).await?;
    let access = access_to(&issuer, &attempt, app_id, organization_id).await?;
    let mut unit = permit.begin();
    let key = lock_key(&mut unit, client_id, &if_match).await?;
    let now = issuer.resources.env.now();
    let Some((key, fact)) = key.rename(KeyName::parse(&change.name)?, now)? else {
        return Ok(answer(&key, access, now));
    };
    keys::save(unit.connection().await?, &key).await?;
    unit.record_with(key.id.uuid(), key.version, &fact, &key.details())?;
    unit.commit().await?;
    issuer.clients.forget(key.id);
    Ok(answer(&key, access, now))
}
