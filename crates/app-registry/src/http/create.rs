//! `POST /v1/apps`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{ETAG, LOCATION};
use axum::response::{IntoResponse, Response};
use contract::OrganizationId;
use contract::catalogue::DomainLevel;
use contract::rpc::AuthenticationMethod;
use serde::Deserialize;
use service::http::{Creation, Json, etag};
use service::{Attempt, Fault, Problem, Target};
use utoipa::ToSchema;

use super::fields::Fields;
use super::view::AppBody;
use crate::AppRegistry;
use crate::app::{App, Draft};
use crate::creation::AppCreation;
use crate::policy::{self, CallerRole, Operation};

/// A new app.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewApp)]
pub(super) struct NewApp {
    /// The organization that develops it. May be left out by a caller who may create apps in exactly
    /// one organization.
    organization_id: Option<OrganizationId>,
    /// Its name.
    #[schema(min_length = 1, max_length = 100, example = "Shelf Optimizer")]
    name: String,
    /// Its description.
    #[schema(max_length = 255)]
    description: Option<String>,
    /// How it authenticates. Fixed from now on.
    authentication_method: AuthenticationMethod,
    /// The catalogue's name of the service. Fixed once saved.
    #[schema(example = "retail_media")]
    service: Option<String>,
    /// What it asks for, as far as chosen already.
    #[serde(default)]
    domains: Vec<DomainLevel>,
}

/// Create an app
///
/// Makes a draft. Only the name and the authentication method are needed; the rest can be saved
/// step by step. With an `Idempotency-Key` the same request, sent again, makes no second app.
#[utoipa::path(
    post,
    path = "/v1/apps",
    operation_id = "createApp",
    tag = "apps",
    security(("api_token" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes repetitions of the request harmless.")),
    request_body = NewApp,
    responses(
        (status = 201, description = "The draft", body = AppBody,
            headers(("ETag" = String), ("Location" = String))),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 403, body = Problem, description = "The role does not suffice"),
        (status = 404, body = Problem, description = "The caller is no member of the organization"),
        (status = 409, body = Problem, description = "`idempotency-key-in-use`: the same request is under way"),
        (status = 422, body = Problem, description = "Fields are wrong, which `errors` names; or `idempotency-key-reused`: the key was used for another request")
    ),
    extensions(
        ("x-mandate-events" = json!(["app.created"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer"])),
    ),
)]
pub(super) async fn create(
    State(registry): State<Arc<AppRegistry>>,
    attempt: Attempt,
    Creation { body, idempotency }: Creation<NewApp>,
) -> Result<Response, Problem> {
    let organization = policy::organization_of_new_app(&attempt.caller, body.organization_id)?;
    let role = attempt.role_in(organization).await?;
    let decision = policy::authorize(attempt.caller.operator, role, Operation::Create);
    let target = Target::organization(organization);
    let permit = attempt.permit(Operation::Create.name(), target, decision).await?;
    if let Some(answer) = permit.replay(&idempotency).await? {
        return Ok(answer);
    }
    let draft = body.read()?;
    let (service, domains) = (draft.service.as_deref(), &draft.domains);
    let enabled = registry.enabled_if_asked(&attempt.facts, organization, service, domains).await?;

    let (env, entitlements) = (&registry.resources.env, registry.entitlements(&enabled));
    let (app, fact) = App::create(env.new_id(), organization, draft, entitlements, env.now())?;
    let (location, tag) = (format!("/v1/apps/{}", app.id), etag(app.version));
    let caller = CallerRole { operator: attempt.caller.operator, role };
    let body = AppBody::of(app.clone(), caller, &registry.resources.catalogue);
    let answer = idempotency.record(&location, Some(app.version), &body);
    // Many apps are created at the same time, so they share a commit. What is created now and then has a
    // unit of work of its own: `permit.begin()`, then `idempotency.created(unit, …)`.
    let creation = AppCreation::new(&registry.resources.events, &permit, app, &fact, answer)?;
    registry.creations.commit(creation).await?;
    Ok((StatusCode::CREATED, [(ETAG, tag)], [(LOCATION, location)], Json(body)).into_response())
}

impl NewApp {
    /// The draft; or all texts that can be none, by name.
    fn read(self) -> Result<Draft, Problem> {
        let mut fields = Fields::default();
        let name = fields.name(&self.name);
        let description = self.description.and_then(|text| fields.description(&text));
        fields.check()?;
        Ok(Draft {
            name: name.ok_or_else(|| Problem::invalid_field("name", Fault::required()))?,
            description,
            authentication_method: self.authentication_method,
            service: self.service,
            domains: self.domains,
        })
    }
}
