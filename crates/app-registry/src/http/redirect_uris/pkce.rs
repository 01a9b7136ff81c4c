//! `PUT /v1/apps/{id}/pkce`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::AppId;
use serde::Deserialize;
use service::http::{IfMatch, Json, Path};
use service::{Attempt, Problem};
use utoipa::ToSchema;

use super::super::steps::{find, lock, permit};
use super::super::view::{AppBody, answer};
use crate::policy::Operation;
use crate::{AppRegistry, store};

/// Whether PKCE is required.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PkceRequirement {
    /// Whether whoever asks for an authorization code must send a code challenge.
    required: bool,
}

/// Require PKCE, or not
///
/// Proof Key for Code Exchange (RFC 7636) keeps a code that others got hold of worthless to them. It is required of
/// every app, unless it is said otherwise here, for clients that cannot. It can change after activation, until the
/// app is archived.
#[utoipa::path(
    put,
    path = "/v1/apps/{id}/pkce",
    operation_id = "changeAppPkce",
    tag = "redirect uris",
    security(("api_token" = [])),
    params(("id" = AppId, Path), ("If-Match" = Option<String>, Header, description = "Only if this is still its ETag.")),
    request_body = PkceRequirement,
    responses(
        (status = 200, description = "The app", body = AppBody, headers(("ETag" = String))),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 403, body = Problem, description = "The role does not suffice"),
        (status = 404, body = Problem, description = "There is no such app"),
        (status = 409, body = Problem, description = "`app-without-redirect-uris`, `app-archived`"),
        (status = 412, body = Problem, description = "The app has changed"),
        (status = 422, body = Problem, description = "The body is wrong; `errors` says why")
    ),
    extensions(
        ("x-mandate-events" = json!(["app.pkce-changed"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer"])),
    ),
)]
pub(crate) async fn change(
    State(registry): State<Arc<AppRegistry>>,
    attempt: Attempt,
    Path(id): Path<AppId>,
    if_match: IfMatch,
    Json(PkceRequirement { required }): Json<PkceRequirement>,
) -> Result<Response, Problem> {
    let app = find(&registry, id).await?;
    let (permit, caller) = permit(&attempt, &app, Operation::ChangePkce).await?;
    let mut unit = permit.begin();
    let app = lock(&mut unit, id, &if_match).await?;
    let Some((app, fact)) = app.change_pkce(required, registry.resources.env.now())? else {
        return Ok(answer(app, caller, &registry.resources.catalogue));
    };
    store::save(unit.connection().await?, &app).await?;
    unit.record(app.id.uuid(), app.version, &fact)?;
    unit.commit().await?;
    Ok(answer(app, caller, &registry.resources.catalogue))
}
