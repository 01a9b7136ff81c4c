//! `POST /v1/apps`

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{ETAG, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use contract::catalogue::DomainLevel;
use contract::rpc::AuthenticationMethod;
use contract::{OrganizationId, Version};
use serde::Deserialize;
use service::http::{Creation, Json, etag};
use service::{Caller, Problem, RequestFacts};
use utoipa::ToSchema;

use super::fields::Fields;
use super::view::AppBody;
use crate::app::{self, App, Draft};
use crate::attempt::Attempt;
use crate::offer::Offer;
use crate::policy::{self, Denied, Operation};
use crate::{Registry, creation};

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
        (status = 401, body = Problem, description = "No valid API token"),
        (status = 403, body = Problem, description = "The role does not suffice"),
        (status = 404, body = Problem, description = "The caller is no member of the organization"),
        (status = 409, body = Problem, description = "The Idempotency-Key was used for another request"),
        (status = 422, body = Problem, description = "Fields are wrong; `errors` names them")
    ),
    extensions(
        ("x-mandate-events" = json!(["app.created"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer"])),
    ),
)]
pub(super) async fn create(
    State(registry): State<Arc<Registry>>,
    caller: Caller,
    facts: RequestFacts,
    creation: Creation<NewApp>,
) -> Result<Response, Problem> {
    let Creation { body, idempotency } = creation;
    if let Some(answer) = idempotency.replay(&registry.resources).await? {
        return Ok(answer);
    }
    let attempt = Attempt { registry: &registry, caller: &caller, facts: &facts };
    let organization = choose_organization(&caller, body.organization_id)?;
    let authority = match policy::authorize(&caller, organization, Operation::Create) {
        Ok(authority) => authority,
        Err(Denied::NoMember) => {
            return Err(Problem::not_found(
                "organization-not-found",
                "There is no such organization.",
            ));
        }
        Err(Denied::Role) => {
            let target = format!("organization/{organization}");
            return Err(attempt.refuse_role(Operation::Create, organization, &target).await);
        }
    };

    let mut fields = Fields::default();
    let name = fields.name(&body.name);
    let description = body.description.as_deref().and_then(|text| fields.description(text));
    fields.check()?;
    let Some(name) = name else {
        return Err(Problem::invalid_field("name", "must not be empty"));
    };

    let service = body.service.as_deref();
    let enabled = registry.enabled_if_asked(&facts, organization, service, &body.domains).await?;
    let draft = Draft {
        name,
        description,
        authentication_method: body.authentication_method,
        service: body.service,
        domains: body.domains,
    };
    let offer = Offer { catalogue: &registry.resources.catalogue, enabled: &enabled };
    let fact = app::create(registry.resources.env.new_id(), organization, draft, offer)?;
    let app = App::created(fact.clone(), registry.resources.env.now());

    let provenance = facts.provenance(caller.actor(), authority, Some(organization));
    let location = format!("/v1/apps/{}", app.id);
    let tag = etag(app.version.number());
    let body = AppBody::of(app.clone(), &registry.resources.catalogue);
    let events = &registry.resources.events;
    let new = creation::NewApp {
        created: events
            .prepare(&provenance, app.id.uuid(), Version::FIRST, &fact)
            .map_err(Problem::internal)?,
        provenance,
        app,
        answer: idempotency.record(StatusCode::CREATED, Some(&location), &body),
    };
    registry.creations.commit(new).await?;
    let location = HeaderValue::try_from(location).map_err(Problem::internal)?;
    let headers = [(ETAG, tag), (LOCATION, location)];
    Ok((StatusCode::CREATED, headers, Json(body)).into_response())
}

/// The organization that is named, or the only one in question.
fn choose_organization(
    caller: &Caller,
    named: Option<OrganizationId>,
) -> Result<OrganizationId, Problem> {
    let possible = policy::where_apps_can_be_made(caller);
    match (named, possible.as_slice(), caller.memberships.as_slice()) {
        (Some(named), _, _) => Ok(named),
        (None, [only], _) => Ok(*only),
        // Their role there does not suffice, which is worth more than a missing field.
        (None, [], [only]) => Ok(only.organization_id),
        (None, [], _) => Err(needed("you may create apps in no organization")),
        (None, _, _) => Err(needed("you may create apps in several organizations")),
    }
}

fn needed(because: &str) -> Problem {
    Problem::invalid_field("organization_id", format!("is needed: {because}"))
}
