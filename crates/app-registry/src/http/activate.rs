//! `POST /v1/apps/{id}/activate`

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

/// Activate an app
///
/// Ends the draft: from now on the app can get keys and ask for consent, and its name, description,
/// image, service, authentication method and domains never change. It needs a service, at least one
/// domain, and an organization whose contact address is confirmed; domains on request must be enabled
/// for the organization at this moment.
#[utoipa::path(
    post,
    path = "/v1/apps/{id}/activate",
    operation_id = "activateApp",
    tag = "apps",
    security(("api_token" = [])),
    params(("id" = AppId, Path), ("If-Match" = Option<String>, Header, description = "Only if this is still its ETag.")),
    responses(
        (status = 200, description = "The app", body = AppBody, headers(("ETag" = String))),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 403, body = Problem, description = "The role does not suffice"),
        (status = 404, body = Problem, description = "There is no such app"),
        (status = 409, body = Problem, description = "It was activated already, is archived, or its organization is not confirmed"),
        (status = 422, body = Problem, description = "Something is missing, or the catalogue is against it; `errors` names it"),
        (status = 412, body = Problem, description = "The app has changed")
    ),
    extensions(
        ("x-mandate-events" = json!(["app.activated"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer"])),
    ),
)]
pub(super) async fn activate(
    State(registry): State<Arc<AppRegistry>>,
    attempt: Attempt,
    Path(id): Path<AppId>,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    let app = find(&registry, id).await?;
    let (permit, caller) = permit(&attempt, &app, Operation::Activate).await?;
    let organization = registry.organization(&attempt.facts, app.organization_id).await?;
    let entitlements = registry.entitlements(&organization.enabled_domains);

    let mut unit = permit.begin();
    let app = lock(&mut unit, id, &if_match).await?;
    let now = registry.resources.env.now();
    let (app, fact) = app.activate(organization.confirmed, entitlements, now)?;
    store::save(unit.connection().await?, &app).await?;
    unit.record_with(app.id.uuid(), app.version, &fact, &app.details())?;
    unit.commit().await?;
    Ok(answer(app, caller, &registry.resources.catalogue))
}
