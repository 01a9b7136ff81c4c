//! POST /v1/sign-ins

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use contract::{IdentityProviderId, OrganizationId, SignInId};
use serde::{Deserialize, Serialize};
use service::http::Json;
use service::{Fault, FaultCode, Problem, RequestFacts};
use utoipa::ToSchema;

use super::refused;
use crate::fields::{Email, Invalid};
use crate::sign_in_flow::SignInFlow;
use crate::{Directory, store};

/// Where somebody wants to sign in: at the provider of an organization, or of the domain of their email.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct BeginSignIn {
    /// The organization.
    #[serde(default)]
    organization_id: Option<OrganizationId>,
    /// Their email.
    #[serde(default)]
    #[schema(example = "ada@example.com", format = "email", max_length = 254)]
    email: Option<String>,
}

/// A sign-in that was begun.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct BegunSignIn {
    /// Its id.
    sign_in_id: SignInId,
    /// Where the browser goes. It comes back to the provider's `redirect_uri` with `state` and `code`.
    #[schema(example = "https://login.example.com/authorize?…")]
    authorization_url: String,
    /// What the sign-in is completed with, beside them: shown this once. Keep it where only who began the sign-in
    /// gets at it, such as in a cookie of the browser, and not in the address.
    #[schema(example = "mandate_sib_…")]
    binding: String,
    /// Until when it can be completed.
    expires_at: DateTime<Utc>,
}

/// Begin to sign in at an identity provider
///
/// By `organization_id`, or by `email`: whether anybody has that email makes no difference, only its domain does.
#[utoipa::path(
    post,
    path = "/v1/sign-ins",
    operation_id = "beginSignIn",
    tag = "single-sign-on",
    request_body = BeginSignIn,
    responses(
        (status = 201, description = "Begun.", body = BegunSignIn),
        (status = 404, description = "There is no provider in effect.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
        (status = 429, description = "Too many attempts to sign in: `Retry-After` says until when.", body = Problem),
        (status = 503, description = "The provider does not answer as it must.", body = Problem),
    ),
    security(),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["anyone"])),
    ),
)]
pub(in crate::http) async fn begin(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    Json(body): Json<BeginSignIn>,
) -> Result<Response, Problem> {
    let resources = &directory.resources;
    let limited = resources.limits.sign_in(&facts);
    limited.map_err(|limited| limited.problem("Too many attempts to sign in."))?;
    let mut conn = resources.pool.acquire().await?;
    let (provider, email) = match (body.organization_id, body.email) {
        (Some(id), None) => {
            (store::identity_providers::of_organization(&mut conn, id).await?, None)
        }
        (None, Some(email)) => {
            let email = Email::parse("email", &email).map_err(Invalid::from)?;
            let found = store::identity_providers::of_domain(&mut conn, email.domain()).await?;
            (found, Some(email))
        }
        _ => {
            let message = "give either organization_id or email";
            let fault = Fault::new(FaultCode::NotAllowed, message);
            return Err(Problem::invalid_field("organization_id", fault));
        }
    };
    // Nobody holds a connection while a provider takes its time.
    drop(conn);
    let provider = provider.filter(crate::identity_provider::IdentityProvider::is_in_effect);
    let provider = provider.ok_or_else(Problem::no_such::<IdentityProviderId>)?;
    let lifetime = directory.settings.sign_in_lifetime();
    let (flow, secrets) = SignInFlow::begin(&resources.env, provider.id, lifetime);
    let (state, binding) = (&secrets.state, &secrets.binding);
    let email = email.as_ref().map(Email::as_str);
    let url = directory.providers.authorization_url(&provider, state, binding, email).await;
    let authorization_url = url.map_err(refused)?;
    store::sign_in_flows::insert(&mut *resources.pool.acquire().await?, &flow).await?;
    let answer = BegunSignIn {
        sign_in_id: flow.id,
        authorization_url,
        binding: binding.reveal().to_owned(),
        expires_at: flow.expires_at,
    };
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}
