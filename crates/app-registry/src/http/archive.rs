//! `POST /v1/apps/{id}/archive`

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

/// Archive an app
///
/// Ends a draft, active or suspended app for good. The keys, tokens, consent links and grants of an
/// active one end with it. Nothing is deleted.
#[utoipa::path(
    post,
    path = "/v1/apps/{id}/archive",
    operation_id = "archiveApp",
    tag = "apps",
    security(("api_token" = [])),
    params(("id" = AppId, Path), ("If-Match" = Option<String>, Header, description = "Only if this is still its ETag.")),
    responses(
        (status = 200, description = "The app", body = AppBody, headers(("ETag" = String))),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 403, body = Problem, description = "The role does not suffice"),
        (status = 404, body = Problem, description = "There is no such app"),
        (status = 409, body = Problem, description = "The app is archived already"),
        (status = 412, body = Problem, description = "The app has changed")
    ),
    extensions(
        ("x-mandate-events" = json!(["app.archived"])),
        ("x-mandate-follows" = json!([{"event": "key.deleted", "per": "key"}, {"event": "consent-link.revoked", "per": "unused link"}, {"event": "consent.revoked", "per": "grant"}])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer", "operator"])),
    ),
)]
pub(super) async fn archive(
    State(registry): State<Arc<AppRegistry>>,
    attempt: Attempt,
    Path(id): Path<AppId>,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    let app = find(&registry, id).await?;
    let (permit, caller) = permit(&attempt, &app, Operation::Archive).await?;
    let mut unit = permit.begin();
    let app = lock(&mut unit, id, &if_match).await?;
    let (app, fact) = app.archive(registry.resources.env.now())?;
    store::save(unit.connection().await?, &app).await?;
    unit.record(app.id.uuid(), app.version, &fact)?;
    unit.commit().await?;
    Ok(answer(app, caller, &registry.resources.catalogue))
}
