//! `DELETE /v1/apps/{id}/image`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::AppId;
use service::http::{IfMatch, Path};
use service::{Attempt, Problem};

use super::steps::{find, lock, permit};
use super::view::{AppBody, answer};
use crate::policy::Operation;
use crate::{AppRegistry, store};

/// Remove a draft's image
///
/// The app is shown with a drawn pattern then. Where there is no image, nothing changes. After activation an image stays, as all that account owners consent
/// to.
#[utoipa::path(
    delete,
    path = "/v1/apps/{id}/image",
    operation_id = "removeAppImage",
    tag = "apps",
    security(("api_token" = [])),
    params(("id" = AppId, Path), ("If-Match" = Option<String>, Header, description = "Only if this is still the app's ETag.")),
    responses(
        (status = 200, description = "The app", body = AppBody, headers(("ETag" = String))),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 403, body = Problem, description = "The role does not suffice"),
        (status = 404, body = Problem, description = "There is no such app"),
        (status = 409, body = Problem, description = "The app was activated or archived"),
        (status = 412, body = Problem, description = "The app has changed")
    ),
    extensions(
        ("x-mandate-events" = json!(["app.image-removed"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer"])),
    ),
)]
pub(super) async fn remove_image(
    State(registry): State<Arc<AppRegistry>>,
    attempt: Attempt,
    Path(id): Path<AppId>,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    let app = find(&registry, id).await?;
    let (permit, caller) = permit(&attempt, &app, Operation::RemoveImage).await?;
    let mut unit = permit.begin();
    let app = lock(&mut unit, id, &IfMatch::default()).await?;
    if app.image_sha256.is_none() {
        return Ok(answer(app, caller, &registry.resources.catalogue));
    }
    if_match.check(app.version)?;
    let (app, fact) = app.remove_image(registry.resources.env.now())?;
    store::save(unit.connection().await?, &app).await?;
    store::delete_image(unit.connection().await?, app.id).await?;
    unit.record(app.id.uuid(), app.version, &fact)?;
    unit.commit().await?;
    Ok(answer(app, caller, &registry.resources.catalogue))
}
