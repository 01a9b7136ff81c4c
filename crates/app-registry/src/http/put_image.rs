//! `PUT /v1/apps/{id}/image`

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::Response;
use contract::AppId;
use service::http::{IfMatch, Path};
use service::{Attempt, Problem};

use super::steps::{find, lock, permit};
use super::view::{AppBody, answer};
use crate::app_image::ImageRefused;
use crate::policy::Operation;
use crate::{AppRegistry, store};

/// Set a draft's image
///
/// The body is the file: a PNG or JPEG of at most 500 kB and 4096 by 4096 pixels. Its bytes decide
/// what it is, whatever `Content-Type` says. What is kept of it, and shown to everybody, are its
/// pixels, their colour profile and their orientation: no places, names, texts or smaller pictures,
/// nothing behind its end. A file that is damaged or breaks off is refused.
#[utoipa::path(
    put,
    path = "/v1/apps/{id}/image",
    operation_id = "setAppImage",
    tag = "apps",
    security(("api_token" = [])),
    params(("id" = AppId, Path), ("If-Match" = Option<String>, Header, description = "Only if this is still the app's ETag.")),
    request_body(content((Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"))),
    responses(
        (status = 200, description = "The app", body = AppBody, headers(("ETag" = String))),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 403, body = Problem, description = "The role does not suffice"),
        (status = 404, body = Problem, description = "There is no such app"),
        (status = 409, body = Problem, description = "The app was activated or archived"),
        (status = 412, body = Problem, description = "The app has changed"),
        (status = 413, body = Problem, description = "Too many bytes"),
        (status = 415, body = Problem, description = "Neither PNG nor JPEG"),
        (status = 422, body = Problem, description = "Broken, or too many pixels")
    ),
    extensions(
        ("x-mandate-events" = json!(["app.image-set"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer"])),
    ),
)]
pub(super) async fn put_image(
    State(registry): State<Arc<AppRegistry>>,
    attempt: Attempt,
    Path(id): Path<AppId>,
    if_match: IfMatch,
    body: Body,
) -> Result<Response, Problem> {
    let app = find(&registry, id).await?;
    // Before the body is read: nobody else's bytes are worth the work.
    let (permit, caller) = permit(&attempt, &app, Operation::SetImage).await?;
    let limit = registry.settings.image.max_bytes;
    let bytes = to_bytes(body, limit).await.map_err(|_| ImageRefused::TooLarge { limit })?;
    let image = registry.check_image(bytes.to_vec()).await?;

    let mut unit = permit.begin();
    let app = lock(&mut unit, id, &if_match).await?;
    let Some((app, fact)) = app.set_image(&image, registry.resources.env.now())? else {
        return Ok(answer(app, caller, &registry.resources.catalogue));
    };
    store::save_image(unit.connection().await?, &app, &image).await?;
    store::save(unit.connection().await?, &app).await?;
    unit.record(app.id.uuid(), app.version, &fact)?;
    unit.commit().await?;
    Ok(answer(app, caller, &registry.resources.catalogue))
}
