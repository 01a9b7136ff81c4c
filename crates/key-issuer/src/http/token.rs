//! `POST /oauth2/token`

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service::RequestFacts;
use utoipa::ToSchema;

use super::oauth_error::{OAuthError, OAuthErrorBody};
use super::rate_limit;
use crate::KeyIssuer;
use crate::issuing::Outcome;
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
        (status = 429, description = "slow_down: the app has asked for as many tokens as it may in a minute, or too many requests were refused that came from there",
            body = OAuthErrorBody, headers(("Retry-After" = u64, description = "Seconds until the next request."))),
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
) -> Result<Response, OAuthError> {
    let body = body.map_err(|rejection| OAuthError::UnreadableBody(rejection.status()))?;
    let request = match read(&headers, &body) {
        Ok(request) => request,
        Err(malformed) => {
            issuer.refuse_malformed(&facts, &malformed).await?;
            issuer.resources.limits.token_refused(&facts)?;
            return Err(malformed.error.into());
        }
    };
    let Outcome { token, rate } = issuer.issue(&facts, &request).await;
    let settings = &issuer.settings;
    let answer = token.map(|token| TokenBody {
        access_token: token.jwt,
        token_type: "Bearer",
        expires_in: settings.access_token_seconds,
        scope: token.scope,
        refresh_token: settings.null_refresh_token.then_some(()),
    });
    let answer = answer.map_err(OAuthError::from);
    if let Some(rate) = rate {
        return Ok((rate_limit::headers(&issuer.token_rates, rate), answer).into_response());
    }
    // Whoever proved to be an app is counted as that app, and not for where they are.
    if matches!(answer, Err(error) if error.is_refusal()) {
        issuer.resources.limits.token_refused(&facts)?;
    }
    answer.map(IntoResponse::into_response)
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

impl IntoResponse for TokenBody {
    fn into_response(self) -> Response {
        let mut response = axum::Json(&self).into_response();
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        response
    }
}
