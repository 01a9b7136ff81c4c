//! `GET /v1/keys/{client_id}`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::{ClientId, KeyId};
use service::http::Path;
use service::{Attempt, Problem};

use super::steps::{KeyPermit, access_to, permit_with_key};
use super::view::{KeyBody, answer};
use crate::KeyIssuer;
use crate::policy::Operation;
use crate::store::keys;

/// Read a key
///
/// One that ended included. No secret is ever shown.
#[utoipa::path(
    get,
    path = "/v1/keys/{client_id}",
    operation_id = "getKey",
    tag = "keys",
    security(("api_token" = [])),
    params(("client_id" = ClientId, Path)),
    responses(
        (status = 200, description = "The key", body = KeyBody, headers(("ETag" = String))),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 404, body = Problem, description = "There is no such key")
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "operator"])),
    ),
)]
pub(super) async fn read(
    State(issuer): State<Arc<KeyIssuer>>,
    attempt: Attempt,
    Path(client_id): Path<ClientId>,
) -> Result<Response, Problem> {
    let KeyPermit { app_id, organization_id, .. } =
        permit_with_key(&issuer, &attempt, client_id, Operation::List).await?;
    let access = access_to(&issuer, &attempt, app_id, organization_id).await?;
    let key = keys::find(&issuer.resources.pool, client_id.key_id()).await?;
    let key = key.ok_or_else(Problem::no_such::<KeyId>)?;
    Ok(answer(&key, access, issuer.resources.env.now()))
}
