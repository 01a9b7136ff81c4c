//! `POST /oauth2/token`

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use contract::facts::{TokenIssued, TokenRefused};
use contract::secret::SecretHash;
use contract::{Actor, Authority, ClientId, KeyId, OrganizationId, TokenId};
use eventstore::AppendError;
use eventstore::group_commit::Uncommitted;
use serde::Serialize;
use service::RequestFacts;
use utoipa::ToSchema;

use super::oauth_error::{OAuthError, OAuthErrorBody};
use crate::KeyIssuer;
use crate::access_token::NewToken;
use crate::client::{self, CLIENT_CREDENTIALS, Client, RefusalReason};
use crate::clients;
use crate::ledger::Entry;
use crate::token_request::{self, Malformed, MalformedError, TokenRequest};

/// How often a token is decided when its key or app changes each time. They change at human pace.
const ATTEMPTS: usize = 3;

/// A token (RFC 6749 section 5.1).
#[derive(Serialize, ToSchema)]
#[schema(as = TokenResponse)]
pub(super) struct TokenBody {
    /// The access token: a JWT of type `at+jwt` (RFC 9068).
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// For how many seconds it is good.
    #[schema(example = 900)]
    expires_in: u32,
    /// Its scopes, separated by spaces.
    #[schema(example = "RetailMedia_Campaign_Read RetailMedia_Campaign_Manage")]
    scope: String,
    /// Null, and there only where an operator switched it on: `Some(())` serializes as null.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    refresh_token: Option<()>,
}

/// The form of a request, for the documentation: [`token_request`] reads it.
#[derive(ToSchema)]
#[schema(as = TokenRequest)]
#[expect(dead_code, reason = "documentation")]
pub(super) struct TokenForm {
    /// `client_credentials`.
    grant_type: String,
    /// The client id, unless it comes by Basic.
    client_id: Option<String>,
    /// The client secret, unless it comes by Basic.
    client_secret: Option<String>,
    /// The wanted scopes, separated by spaces; all of the app's, if left out.
    scope: Option<String>,
}

/// Get an access token
///
/// The client-credentials grant (RFC 6749 section 4.4). The client authenticates in the body or by
/// Basic, never both; by Basic, client id and secret are form-urlencoded first. Unknown parameters
/// are ignored, duplicated ones refused. An unknown client and a wrong secret are answered alike.
#[utoipa::path(
    post,
    path = "/oauth2/token",
    operation_id = "issueToken",
    tag = "oauth2",
    security((), ("client_secret_basic" = [])),
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token", body = TokenBody),
        (status = 400, description = "invalid_request, invalid_scope, unauthorized_client or unsupported_grant_type", body = OAuthErrorBody),
        (status = 401, description = "invalid_client", body = OAuthErrorBody),
        (status = 413, description = "invalid_request: the body is too large", body = OAuthErrorBody),
        (status = 503, description = "temporarily_unavailable", body = OAuthErrorBody)
    ),
    extensions(
        ("x-mandate-events" = json!(["token.issued"])),
        ("x-mandate-refusals" = json!(["token.refused"])),
        ("x-mandate-roles" = json!(["app"])),
    ),
)]
pub(super) async fn token(
    State(issuer): State<Arc<KeyIssuer>>,
    facts: RequestFacts,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let answer = match body {
        Ok(body) => issue(&issuer, &facts, &headers, &body).await,
        Err(rejection) => Err(OAuthError::UnreadableBody(rejection.status())),
    };
    answer.map_or_else(OAuthError::into_response, IntoResponse::into_response)
}

impl IntoResponse for TokenBody {
    fn into_response(self) -> Response {
        let mut response = axum::Json(&self).into_response();
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        response
    }
}

async fn issue(
    issuer: &KeyIssuer,
    facts: &RequestFacts,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<TokenBody, OAuthError> {
    let now = issuer.resources.env.now();
    let request = match read(headers, body) {
        Ok(request) => request,
        Err(malformed) => return Err(refuse_malformed(issuer, facts, malformed).await),
    };
    let TokenRequest { credentials, grant_type, scope } = request;
    let wanted =
        Wanted { secret: &credentials.secret, grant_type: &grant_type, scope: scope.as_deref() };
    let id = key_id(&credentials.client_id);
    if let Some(client) = issuer.clients.remembered(id)
        && let Ok(scope) = wanted.decide(Some(&client), now)
    {
        match hand_over(issuer, facts, &client, scope, now).await {
            Err(NotHandedOver::Outdated) => {}
            Err(NotHandedOver::Unrecorded) => return Err(OAuthError::TemporarilyUnavailable),
            Ok(token) => return Ok(token),
        }
    }
    for _ in 0..ATTEMPTS {
        let client = read_client(issuer, id).await?;
        let scope = match wanted.decide(client.as_deref(), now) {
            Ok(scope) => scope,
            Err((actor, reason)) => {
                let claimed = Claimed {
                    client_id: credentials.client_id.parse().ok(),
                    client: client.as_deref(),
                };
                return Err(refuse(issuer, facts, actor, claimed, reason).await);
            }
        };
        let Some(client) = client else {
            return Err(OAuthError::InvalidClient);
        };
        match hand_over(issuer, facts, &client, scope, now).await {
            Err(NotHandedOver::Outdated) => {}
            Err(NotHandedOver::Unrecorded) => break,
            Ok(token) => return Ok(token),
        }
    }
    Err(OAuthError::TemporarilyUnavailable)
}

/// What is asked for, and with which secret.
struct Wanted<'a> {
    secret: &'a SecretHash,
    grant_type: &'a str,
    scope: Option<&'a str>,
}

impl Wanted<'_> {
    /// Decides whether the client gets a token: its scopes, or as whom it is refused, and why.
    fn decide(
        &self,
        client: Option<&Client>,
        now: DateTime<Utc>,
    ) -> Result<String, (Actor, RefusalReason)> {
        client::authenticate(client, self.secret, now)
            .map_err(|reason| (Actor::Anonymous, reason))?;
        let client = client.ok_or((Actor::Anonymous, RefusalReason::UnknownClient))?;
        client
            .grant(self.grant_type, self.scope)
            .map_err(|reason| (Actor::App(client.app_id), reason))
    }
}

/// Why a token does not leave.
enum NotHandedOver {
    /// The key or the app changed since the client was read: decide again.
    Outdated,
    /// Its event is not known to be durable.
    Unrecorded,
}

/// Signs a token, and lets it leave only when its event is durable.
async fn hand_over(
    issuer: &KeyIssuer,
    facts: &RequestFacts,
    client: &Client,
    scope: String,
    now: DateTime<Utc>,
) -> Result<TokenBody, NotHandedOver> {
    let id: TokenId = issuer.resources.env.new_id();
    let client_id = client.key_id.client_id();
    let expires_at = now + issuer.settings.access_token_lifetime();
    let token = NewToken { id, client_id, scope: &scope, issued_at: now, expires_at };
    let access_token = issuer.tokens.sign(&token);
    let fact = TokenIssued {
        token_id: id,
        app_id: client.app_id,
        client_id,
        grant_type: CLIENT_CREDENTIALS.to_owned(),
        scope: scope.clone(),
        expires_at,
    };
    let actor = Actor::App(client.app_id);
    facts.proved_to_be(actor);
    let organization = Some(client.organization_id);
    let provenance = facts.provenance(actor, Authority::CLIENT_SECRET, organization);
    let entry = Entry::issued(&issuer.resources.events, provenance, client, &fact);
    let entry = entry.map_err(|error| {
        tracing::error!(%error, "a token has no event");
        NotHandedOver::Unrecorded
    })?;
    match issuer.ledger.commit(entry).await {
        Ok(()) => {}
        Err(Uncommitted::Failed(error)) if matches!(*error, AppendError::Conflict) => {
            return Err(NotHandedOver::Outdated);
        }
        Err(error) => {
            tracing::error!(%error, "a token was not handed over, because it could not be recorded");
            return Err(NotHandedOver::Unrecorded);
        }
    }
    if issuer.last_use.note(client, now) {
        issuer.clients.remember(Arc::new(Client { last_used_at: Some(now), ..client.clone() }));
    }
    Ok(TokenBody {
        access_token,
        token_type: "Bearer",
        expires_in: issuer.settings.access_token_seconds,
        scope,
        refresh_token: issuer.settings.null_refresh_token.then_some(()),
    })
}

/// Who a refused request claimed to be, and who that is.
#[derive(Clone, Copy)]
struct Claimed<'a> {
    client_id: Option<ClientId>,
    client: Option<&'a Client>,
}

/// Records a refusal before it is answered. One that cannot be recorded is answered all the same:
/// nothing leaves with it.
async fn refuse(
    issuer: &KeyIssuer,
    facts: &RequestFacts,
    actor: Actor,
    claimed: Claimed<'_>,
    reason: RefusalReason,
) -> OAuthError {
    record_refusal(issuer, facts, actor, claimed, reason).await;
    reason.into()
}

async fn record_refusal(
    issuer: &KeyIssuer,
    facts: &RequestFacts,
    actor: Actor,
    claimed: Claimed<'_>,
    reason: RefusalReason,
) {
    let refused = TokenRefused {
        attempt_id: issuer.resources.env.new_id(),
        client_id: claimed.client_id,
        app_id: claimed.client.map(|client| client.app_id),
        reason: reason.to_string(),
    };
    let organization: Option<OrganizationId> = claimed.client.map(|client| client.organization_id);
    let provenance = facts.provenance(actor, Authority::NONE, organization);
    match Entry::refused(&issuer.resources.events, provenance, &refused) {
        Ok(entry) => {
            if let Err(error) = issuer.ledger.commit(entry).await {
                tracing::error!(%error, %reason, "a refused token could not be recorded");
            }
        }
        Err(error) => tracing::error!(%error, "a refused token has no event"),
    }
}

/// A malformed request leaves an event if it claims to come from somebody.
async fn refuse_malformed(
    issuer: &KeyIssuer,
    facts: &RequestFacts,
    malformed: Malformed,
) -> OAuthError {
    let Malformed { error, claimed } = malformed;
    if let Some(text) = claimed {
        let client = match read_client(issuer, key_id(&text)).await {
            Ok(client) => client,
            Err(error) => return error,
        };
        let claimed = Claimed { client_id: text.parse().ok(), client: client.as_deref() };
        let reason = match error {
            MalformedError::NoAuthentication => RefusalReason::NoAuthentication,
            _ => RefusalReason::InvalidRequest,
        };
        record_refusal(issuer, facts, Actor::Anonymous, claimed, reason).await;
    }
    error.into()
}

fn key_id(client_id: &str) -> KeyId {
    client_id.parse::<ClientId>().map_or_else(|_| clients::nobody(), ClientId::key_id)
}

async fn read_client(issuer: &KeyIssuer, id: KeyId) -> Result<Option<Arc<Client>>, OAuthError> {
    issuer.clients.read(id).await.map_err(|error| {
        tracing::error!(%error, "a client could not be looked up");
        OAuthError::TemporarilyUnavailable
    })
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<TokenRequest, Malformed> {
    let mut authorization = headers.get_all(AUTHORIZATION).iter();
    let (first, second) = (authorization.next(), authorization.next());
    if second.is_some() {
        return Err(Malformed { error: MalformedError::TwoAuthentications, claimed: None });
    }
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    token_request::parse(first.map(HeaderValue::as_bytes), content_type, body)
}
