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
use contract::{Actor, Authority, ClientId, OrganizationId, TokenId};
use serde::Serialize;
use service::RequestFacts;
use utoipa::ToSchema;

use super::oauth_error::{OAuthError, OAuthErrorBody};
use crate::KeyIssuer;
use crate::access_token::NewToken;
use crate::client::{self, CLIENT_CREDENTIALS, Client, RefusalReason};
use crate::ledger::{Entry, TokenFact};
use crate::lookup;
use crate::token_request::{self, Malformed, MalformedError, TokenRequest};

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
///
/// Events: token.issued.
/// Refusals: token.refused.
/// Roles: app.
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
    )
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
    let now = issuer.host.env.now();
    let request = match read(headers, body) {
        Ok(request) => request,
        Err(malformed) => return Err(refuse_malformed(issuer, facts, malformed).await),
    };
    let TokenRequest {
        credentials,
        grant_type,
        scope,
    } = request;
    let client = find(issuer, &credentials.client_id).await?;
    let claimed = Claimed {
        client_id: credentials.client_id.parse().ok(),
        client: client.as_deref(),
    };
    if let Err(reason) = client::authenticate(claimed.client, &credentials.secret, now) {
        return Err(refuse(issuer, facts, Actor::Anonymous, claimed, reason).await);
    }
    let Some(client) = client.as_deref() else {
        return Err(OAuthError::InvalidClient);
    };
    facts.proved_to_be(Actor::App(client.app_id));
    let scope = match client.grant(&grant_type, scope.as_deref()) {
        Ok(scope) => scope,
        Err(reason) => {
            return Err(refuse(issuer, facts, Actor::App(client.app_id), claimed, reason).await);
        }
    };
    hand_over(issuer, facts, client, scope, now).await
}

/// Signs a token, and lets it leave only when its event is durable.
async fn hand_over(
    issuer: &KeyIssuer,
    facts: &RequestFacts,
    client: &Client,
    scope: String,
    now: DateTime<Utc>,
) -> Result<TokenBody, OAuthError> {
    let id: TokenId = issuer.host.env.new_id();
    let client_id = client.key_id.client_id();
    let expires_at = now + issuer.settings.access_token_lifetime();
    let token = NewToken {
        id,
        client_id,
        scope: &scope,
        issued_at: now,
        expires_at,
    };
    let access_token = issuer.tokens.sign(&token);
    let fact = TokenFact::Issued(TokenIssued {
        token_id: id,
        app_id: client.app_id,
        client_id,
        grant_type: CLIENT_CREDENTIALS.to_owned(),
        scope: scope.clone(),
        expires_at,
    });
    let actor = Actor::App(client.app_id);
    let provenance = facts.provenance(
        actor,
        Authority::CLIENT_SECRET,
        Some(client.organization_id),
    );
    let recorded = issuer.ledger.record(Entry { provenance, fact }).await;
    recorded.map_err(|error| {
        tracing::error!(%error, "a token was not handed over, because it could not be recorded");
        OAuthError::TemporarilyUnavailable
    })?;
    issuer.last_use.note(client, now);
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
        attempt_id: issuer.host.env.new_id(),
        client_id: claimed.client_id,
        app_id: claimed.client.map(|client| client.app_id),
        reason: reason.to_string(),
    };
    let organization: Option<OrganizationId> = claimed.client.map(|client| client.organization_id);
    let provenance = facts.provenance(actor, Authority::NONE, organization);
    if let Err(error) = issuer
        .ledger
        .record(Entry {
            provenance,
            fact: TokenFact::Refused(refused),
        })
        .await
    {
        tracing::error!(%error, %reason, "a refused token could not be recorded");
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
        let client = match find(issuer, &text).await {
            Ok(client) => client,
            Err(error) => return error,
        };
        let claimed = Claimed {
            client_id: text.parse().ok(),
            client: client.as_deref(),
        };
        let reason = match error {
            MalformedError::NoAuthentication => RefusalReason::NoAuthentication,
            _ => RefusalReason::InvalidRequest,
        };
        record_refusal(issuer, facts, Actor::Anonymous, claimed, reason).await;
    }
    error.into()
}

async fn find(issuer: &KeyIssuer, client_id: &str) -> Result<Option<Arc<Client>>, OAuthError> {
    let id = client_id
        .parse::<ClientId>()
        .map_or_else(|_| lookup::nobody(), ClientId::key_id);
    issuer.lookup.find(id).await.map_err(|error| {
        tracing::error!(%error, "a client could not be looked up");
        OAuthError::TemporarilyUnavailable
    })
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<TokenRequest, Malformed> {
    let mut authorization = headers.get_all(AUTHORIZATION).iter();
    let (first, second) = (authorization.next(), authorization.next());
    if second.is_some() {
        return Err(Malformed {
            error: MalformedError::TwoAuthentications,
            claimed: None,
        });
    }
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    token_request::parse(first.map(HeaderValue::as_bytes), content_type, body)
}
