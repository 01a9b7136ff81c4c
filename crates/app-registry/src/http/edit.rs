//! `PATCH /v1/apps/{id}`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::AppId;
use contract::catalogue::DomainLevel;
use contract::rpc::AuthenticationMethod;
use serde::Deserialize;
use service::http::{IfMatch, Json, Path};
use service::{Attempt, Problem};
use utoipa::ToSchema;

use super::fields::{Fields, present};
use super::steps::{find, lock, permit};
use super::view::{AppBody, answer};
use crate::app::Changes;
use crate::policy::Operation;
use crate::{AppRegistry, store};

/// What to change about a draft. Fields that are left out stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AppChanges)]
pub(super) struct AppChanges {
    /// The name.
    #[serde(default, deserialize_with = "present")]
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    name: Option<String>,
    /// The description; null removes it.
    #[serde(default, deserialize_with = "present")]
    #[schema(max_length = 255, value_type = Option<String>)]
    #[expect(clippy::option_option, reason = "left out, null and a text are three things here")]
    description: Option<Option<String>>,
    /// The authentication method. Fixed at creation: anything but the same is refused.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    authentication_method: Option<AuthenticationMethod>,
    /// The service. Fixed once saved: anything but the same is refused then.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    service: Option<String>,
    /// What it asks for: all of it.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    domains: Option<Vec<DomainLevel>>,
}

/// Edit a draft
///
/// Saves any step of the wizard. After activation nothing of this can change any more. With
/// `If-Match` the change is refused when someone else changed the app first.
#[utoipa::path(
    patch,
    path = "/v1/apps/{id}",
    operation_id = "editApp",
    tag = "apps",
    security(("api_token" = [])),
    params(("id" = AppId, Path), ("If-Match" = Option<String>, Header, description = "Only if this is still its ETag.")),
    request_body = AppChanges,
    responses(
        (status = 200, description = "The app", body = AppBody, headers(("ETag" = String))),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 403, body = Problem, description = "The role does not suffice"),
        (status = 404, body = Problem, description = "There is no such app"),
        (status = 409, body = Problem, description = "It was activated or archived, or the field is fixed"),
        (status = 412, body = Problem, description = "The app has changed"),
        (status = 422, body = Problem, description = "Fields are wrong; `errors` names them")
    ),
    extensions(
        ("x-mandate-events" = json!(["app.edited"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer"])),
    ),
)]
pub(super) async fn edit(
    State(registry): State<Arc<AppRegistry>>,
    attempt: Attempt,
    Path(id): Path<AppId>,
    if_match: IfMatch,
    Json(body): Json<AppChanges>,
) -> Result<Response, Problem> {
    let app = find(&registry, id).await?;
    let (permit, caller) = permit(&attempt, &app, Operation::Edit).await?;
    let changes = body.read()?;
    let service = changes.service.as_deref().or(app.service.as_deref());
    let wanted = changes.domains.as_deref().unwrap_or_default();
    let organization = app.organization_id;
    let enabled = registry.enabled_if_asked(&attempt.facts, organization, service, wanted).await?;

    let mut unit = permit.begin();
    let app = lock(&mut unit, id, &if_match).await?;
    let now = registry.resources.env.now();
    let Some((app, fact)) = app.edit(changes, registry.entitlements(&enabled), now)? else {
        return Ok(answer(app, caller, &registry.resources.catalogue));
    };
    store::save(unit.connection().await?, &app).await?;
    unit.record_with(app.id.uuid(), app.version, &fact, &app.details())?;
    unit.commit().await?;
    Ok(answer(app, caller, &registry.resources.catalogue))
}

impl AppChanges {
    /// The changes; or all texts that can be none, by name.
    fn read(self) -> Result<Changes, Problem> {
        let mut fields = Fields::default();
        let changes = Changes {
            name: self.name.and_then(|text| fields.name(&text)),
            description: self
                .description
                .map(|text| text.and_then(|text| fields.description(&text))),
            authentication_method: self.authentication_method,
            service: self.service,
            domains: self.domains,
        };
        fields.check()?;
        Ok(changes)
    }
}
