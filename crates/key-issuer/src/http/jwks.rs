//! `GET /oauth2/jwks`

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::KeyIssuer;
use crate::signing_key::Jwk;

/// The keys that verify access tokens (RFC 7517 section 5).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JsonWebKeySet)]
pub(super) struct KeySet {
    /// The keys.
    keys: Vec<Jwk>,
}

/// Read the keys that verify access tokens
///
/// A JSON Web Key Set (RFC 7517). It may be kept for five minutes.
#[utoipa::path(
    get,
    path = "/oauth2/jwks",
    operation_id = "getJwks",
    tag = "oauth2",
    responses((status = 200, description = "The keys", body = KeySet)),
    security(),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["anyone"])),
    ),
)]
pub(super) async fn jwks(State(issuer): State<Arc<KeyIssuer>>) -> impl IntoResponse {
    let keys = KeySet { keys: vec![issuer.tokens.jwk()] };
    ([(CACHE_CONTROL, "public, max-age=300")], axum::Json(keys))
}
