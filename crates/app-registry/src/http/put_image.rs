//! `PUT /v1/apps/{id}/image`

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::Response;
use contract::AppId;
use service::http::{IfMatch, Path};
use service::{Caller, Problem, RequestFacts};

use super::view::{AppBody, answer};
use crate::Registry;
use crate::app::Command;
use crate::app_image::{AppImage, ImageRefused};
use crate::attempt::Attempt;
use crate::policy::Operation;

/// Set a draft's image
///
/// The body is the file: a PNG or JPEG of at most 500 kB and 4096 by 4096 pixels. Its bytes decide
/// what it is, whatever `Content-Type` says. Of a PNG, only what is needed to show it is kept: no
/// texts, no colour profile, nothing behind its end.
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
        (status = 401, body = Problem, description = "No valid API token"),
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
    State(registry): State<Arc<Registry>>,
    caller: Caller,
    facts: RequestFacts,
    Path(id): Path<AppId>,
    if_match: IfMatch,
    body: Body,
) -> Result<Response, Problem> {
    let attempt = Attempt { registry: &registry, caller: &caller, facts: &facts };
    // Before the body is read: nobody else's bytes are worth the work.
    let authorized = attempt.authorize(id, Operation::SetImage).await?;

    let limit = registry.settings.image.max_bytes;
    let bytes = to_bytes(body, limit).await.map_err(|_| ImageRefused::TooLarge { limit })?;
    let image = registry.check_image(bytes.to_vec()).await?;
    let command = Command::SetImage {
        media_type: image.media_type,
        size: size(&image),
        sha256: image.sha256,
    };
    let app = attempt.carry_out(authorized, if_match, command, Some(&image)).await?;
    Ok(answer(app, &registry.resources.catalogue))
}

fn size(image: &AppImage) -> u32 {
    u32::try_from(image.bytes.len()).unwrap_or(u32::MAX)
}
