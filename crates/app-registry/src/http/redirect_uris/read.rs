//! `GET /v1/apps/{id}/redirect-uris/{redirect_uri_id}`

use std::sync::Arc;

use axum::extract::State;
use contract::{AppId, RedirectUriId};
use service::http::{Json, Path};
use service::{Attempt, Problem};

use super::super::steps::{find, permit};
use super::RedirectUriBody;
use crate::AppRegistry;
use crate::policy::Operation;
use crate::store::redirect_uris;

/// Read a redirect URI of an app
#[utoipa::path(
    get,
    path = "/v1/apps/{id}/redirect-uris/{redirect_uri_id}",
    operation_id = "getRedirectUri",
    tag = "redirect uris",
    security(("api_token" = [])),
    params(("id" = AppId, Path), ("redirect_uri_id" = RedirectUriId, Path)),
    responses(
        (status = 200, description = "The redirect URI", body = RedirectUriBody),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 404, body = Problem, description = "There is no such app, or it has no such redirect URI")
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "operator"])),
    ),
)]
pub(crate) async fn read(
    State(registry): State<Arc<AppRegistry>>,
    attempt: Attempt,
    Path((id, redirect_uri_id)): Path<(AppId, RedirectUriId)>,
) -> Result<Json<RedirectUriBody>, Problem> {
    let app = find(&registry, id).await?;
    let _may_read = permit(&attempt, &app, Operation::Read).await?;
    // An app has few of them.
    let registered = redirect_uris::of_app(&registry.resources.pool, id).await?;
    let found = registered.into_iter().find(|registered| registered.id == redirect_uri_id);
    Ok(Json(found.ok_or_else(Problem::no_such::<RedirectUriId>)?.into()))
}
