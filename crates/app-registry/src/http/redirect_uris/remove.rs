//! `DELETE /v1/apps/{id}/redirect-uris/{redirect_uri_id}`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use contract::{AppId, RedirectUriId};
use service::http::{IfMatch, Path};
use service::{Attempt, Problem};

use super::super::steps::{find, lock, permit};
use crate::AppRegistry;
use crate::policy::Operation;
use crate::store::{self, redirect_uris};

/// Remove a redirect URI
///
/// No authorization code is sent there from now on. What was sent before can still be redeemed. One that is removed
/// already stays so, and the answer is the same.
#[utoipa::path(
    delete,
    path = "/v1/apps/{id}/redirect-uris/{redirect_uri_id}",
    operation_id = "removeRedirectUri",
    tag = "redirect uris",
    security(("api_token" = [])),
    params(
        ("id" = AppId, Path),
        ("redirect_uri_id" = RedirectUriId, Path),
        ("If-Match" = Option<String>, Header, description = "Only if this is still the app's ETag."),
    ),
    responses(
        (status = 204, description = "It is removed"),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 403, body = Problem, description = "The role does not suffice"),
        (status = 404, body = Problem, description = "There is no such app"),
        (status = 409, body = Problem, description = "`app-without-redirect-uris`, `app-archived`"),
        (status = 412, body = Problem, description = "The app has changed")
    ),
    extensions(
        ("x-mandate-events" = json!(["app.redirect-uri-removed"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer"])),
    ),
)]
pub(crate) async fn remove(
    State(registry): State<Arc<AppRegistry>>,
    attempt: Attempt,
    Path((id, redirect_uri_id)): Path<(AppId, RedirectUriId)>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let app = find(&registry, id).await?;
    let (permit, _) = permit(&attempt, &app, Operation::RemoveRedirectUri).await?;
    let mut unit = permit.begin();
    let app = lock(&mut unit, id, &IfMatch::default()).await?;
    app.has_redirect_uris()?;
    let there = redirect_uris::of_locked_app(unit.connection().await?, id).await?;
    let registered = there.into_iter().find(|registered| registered.id == redirect_uri_id);
    let Some(registered) = registered else {
        return Ok(StatusCode::NO_CONTENT);
    };
    if_match.check(app.version)?;
    let (app, fact) = app.remove_redirect_uri(&registered, registry.resources.env.now())?;
    redirect_uris::delete(unit.connection().await?, registered.id).await?;
    store::save(unit.connection().await?, &app).await?;
    unit.record_with(app.id.uuid(), app.version, &fact, &registered.details())?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
