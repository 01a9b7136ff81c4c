//! POST /v1/sign-ins/{id}/complete

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::response::{IntoResponse, Response};
use contract::facts::{SignInRefusal, SignInRefused};
use contract::secret::{SecretHash, SessionToken, SignInBinding};
use contract::{Actor, SignInId};
use serde::Deserialize;
use service::http::{Json, Path};
use service::{Fault, Problem, Refusal, RequestFacts};
use utoipa::ToSchema;

use super::refused;
use crate::http::sessions::NewSession;
use crate::identity_provider::IdentityProvider;
use crate::identity_provider_setup::ProviderSecret;
use crate::providers::Returned;
use crate::session::Session;
use crate::sign_in_flow::SignInFlow;
use crate::single_sign_on::{self, ProvedSignIn, Refused};
use crate::{Directory, sign_in, store};

/// The most characters of a code.
const CODE_CHARS: usize = 4096;

/// What came back from the provider, and what was kept meanwhile.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct CompleteSignIn {
    /// The `state` that came back.
    #[schema(example = "mandate_sis_…")]
    state: String,
    /// The `code` that came back.
    #[schema(max_length = 4096)]
    code: String,
    /// The `iss` that came back, if one did (RFC 9207).
    #[serde(default)]
    #[schema(example = "https://login.example.com")]
    iss: Option<String>,
    /// What the beginning of the sign-in was answered with.
    #[schema(example = "mandate_sib_…")]
    binding: String,
}

/// Complete a sign-in at an identity provider
///
/// Once, whatever comes of it, and by whoever began it. People are known by issuer and subject; who is not known yet
/// is joined by their email, if the provider verified it or vouches for it and its domain is confirmed. They become
/// a member of the organization, if they are none. The answer has the token of a session, as that of
/// `POST /v1/sessions` has.
#[utoipa::path(
    post,
    path = "/v1/sign-ins/{id}/complete",
    operation_id = "completeSignIn",
    tag = "single-sign-on",
    params(("id" = SignInId, Path, description = "The sign-in.")),
    request_body = CompleteSignIn,
    responses(
        (status = 201, description = "Signed in; the token is in the answer.", body = NewSession),
        (status = 403, description = "Not accepted.", body = Problem),
        (status = 404, description = "The id is none.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
        (status = 429, description = "Too many attempts to sign in: `Retry-After` says until when.", body = Problem),
        (status = 503, description = "The provider does not answer as it must.", body = Problem),
    ),
    security(),
    extensions(
        ("x-mandate-events" = json!([
            {"event": "person.registered", "if": "nobody has their email"},
            {"event": "person.identity-linked", "if": "they were not known at the provider"},
            {"event": "membership.granted", "if": "they were no member"},
            "sign-in.accepted",
            {"event": "session.ended", "if": "the person has as many as they can have"},
            "session.created"
        ])),
        ("x-mandate-refusals" = json!(["sign-in.refused"])),
        ("x-mandate-roles" = json!(["anyone"])),
    ),
)]
pub(in crate::http) async fn complete(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    Path(id): Path<SignInId>,
    Json(body): Json<CompleteSignIn>,
) -> Result<Response, Problem> {
    let limited = directory.resources.limits.sign_in(&facts);
    limited.map_err(|limited| limited.problem("Too many attempts to sign in."))?;
    if body.code.chars().count() > CODE_CHARS {
        return Err(Problem::invalid_field("code", Fault::too_long(CODE_CHARS)));
    }
    let used_up = match use_up(&directory, id, &body).await? {
        Ok(used_up) => used_up,
        Err((refusal, provider)) => {
            return Err(note(&directory, &facts, provider.as_ref(), Refused(refusal, None)));
        }
    };
    let provider = used_up.provider.clone();
    match signed_in(&directory, &facts, used_up, body).await? {
        Ok((session, token)) => {
            let location = format!("/v1/sessions/{}", session.id);
            let answer = NewSession::of(&session, &token);
            let headers = [(LOCATION, location), (CACHE_CONTROL, "no-store".to_owned())];
            Ok((StatusCode::CREATED, headers, Json(answer)).into_response())
        }
        Err(refused) => Err(note(&directory, &facts, Some(&provider), refused)),
    }
}

/// A sign-in that nobody else can complete any more.
struct UsedUp {
    flow: SignInFlow,
    provider: IdentityProvider,
    secret: ProviderSecret,
    binding: SignInBinding,
}

/// Uses the sign-in up: whatever comes of it, it is not completed again. Only who began it can do that, so nobody
/// can spoil it.
///
/// Crash point: after it, nobody is signed in and nothing says so; whoever it was begins again.
async fn use_up(
    directory: &Directory,
    id: SignInId,
    body: &CompleteSignIn,
) -> Result<Result<UsedUp, (SignInRefusal, Option<IdentityProvider>)>, Problem> {
    let resources = &directory.resources;
    let now = resources.env.now();
    let mut conn = resources.pool.acquire().await?;
    let Some(flow) = store::sign_in_flows::find(&mut conn, id).await? else {
        return Ok(Err((SignInRefusal::UnknownSignIn, None)));
    };
    let provider = store::identity_providers::find(&mut conn, flow.identity_provider_id).await?;
    let Some(provider) = provider else {
        return Err(Problem::internal("a sign-in refers to a provider that there is not"));
    };
    let (state, binding) = (SecretHash::of(&body.state), SecretHash::of(&body.binding));
    if let Err(refusal) = flow.check(&state, &binding, now) {
        return Ok(Err((refusal, Some(provider))));
    }
    let Ok(binding) = SignInBinding::parse(&body.binding) else {
        return Ok(Err((SignInRefusal::WrongBinding, Some(provider))));
    };
    if !store::sign_in_flows::use_up(&mut conn, id, now).await? {
        return Ok(Err((SignInRefusal::SignInAlreadyUsed, Some(provider))));
    }
    if !provider.is_in_effect() {
        return Ok(Err((SignInRefusal::ProviderNotInEffect, Some(provider))));
    }
    let sealed = store::identity_providers::sealed_secret(&mut conn, provider.id).await?;
    let purpose = IdentityProvider::seal_purpose(provider.id);
    let opened = directory.master_key()?.open(&purpose, &sealed).map_err(Problem::internal)?;
    let secret = String::from_utf8(opened).map_err(Problem::internal)?;
    Ok(Ok(UsedUp { flow, provider, secret: ProviderSecret::opened(secret), binding }))
}

async fn signed_in(
    directory: &Directory,
    facts: &RequestFacts,
    used_up: UsedUp,
    body: CompleteSignIn,
) -> Result<Result<(Session, SessionToken), Refused>, Problem> {
    let UsedUp { flow, provider, secret, binding } = used_up;
    let returned = Returned { code: body.code, issuer: body.iss, binding };
    match directory.providers.claims(&provider, &secret, &flow, returned).await {
        Ok(claims) => {
            let proved = ProvedSignIn { flow: &flow, provider: &provider, claims: &claims };
            single_sign_on::sign_in(directory, facts, proved).await
        }
        Err(refusal) => Ok(Err(Refused(refusal, None))),
    }
}

/// Records or counts a refusal, and what it is answered. The record is a stream of its own: the sign-in's is of
/// whom it signed in.
fn note(
    directory: &Directory,
    facts: &RequestFacts,
    provider: Option<&IdentityProvider>,
    Refused(refusal, person): Refused,
) -> Problem {
    let resources = &directory.resources;
    let fact = SignInRefused {
        identity_provider_id: provider.map(|provider| provider.id),
        ..sign_in::refused(resources.env.new_id(), person, refusal)
    };
    resources.refusals.note(Refusal {
        facts: facts.clone(),
        actor: Actor::Anonymous,
        organization: provider.map(|provider| provider.organization_id),
        claimed_name: None,
        fact: fact.into(),
    });
    refused(refusal)
}
