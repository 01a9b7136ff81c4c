//! The limit of the token measurement: an axum handler that compares the SHA-256 of the secret and
//! signs an ES256 JWT of the same claims, and keeps no record, or the least ([`least`](crate::least)).

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::secret::SecretHash;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use serde_json::json;

use crate::least::{Recorder, Rung};

/// The client of the limit.
pub(crate) const CLIENT: &str = "0192aaaabbbb7ccc8dddeeeeffff0001";
/// Its secret.
pub(crate) const SECRET: &str = "mandate_cs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

struct Limit {
    hash: SecretHash,
    key: EncodingKey,
    recorder: Option<Recorder>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    client_id: &'a str,
    jti: String,
    iat: i64,
    exp: i64,
    scope: &'a str,
}

/// Serves it, and prints its address.
pub(crate) fn serve(record: Option<Rung>) -> anyhow::Result<()> {
    let random = aws_lc_rs::rand::SystemRandom::new();
    let document = aws_lc_rs::signature::EcdsaKeyPair::generate_pkcs8(
        &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        &random,
    )?;
    let key = EncodingKey::from_ec_der(document.as_ref());
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if record.is_some() {
        // As the services have it: PostgreSQL and NATS are on the same machine.
        runtime.worker_threads(1);
    }
    runtime.enable_all().build()?.block_on(listen(key, record))
}

async fn listen(key: EncodingKey, record: Option<Rung>) -> anyhow::Result<()> {
    let recorder = match record {
        Some(rung) => Some(Recorder::start(rung).await?),
        None => None,
    };
    let limit = Arc::new(Limit { hash: SecretHash::of(SECRET), key, recorder });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("limit at http://{}", listener.local_addr()?);
    axum::serve(listener, Router::new().route("/oauth2/token", post(token)).with_state(limit))
        .await?;
    Ok(())
}

async fn token(State(limit): State<Arc<Limit>>, headers: HeaderMap) -> Response {
    let secret = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .and_then(|basic| String::from_utf8(STANDARD.decode(basic).ok()?).ok())
        .and_then(|pair| pair.split_once(':').map(|(_, secret)| secret.to_owned()));
    if !secret.is_some_and(|secret| SecretHash::of(&secret).matches(&limit.hash)) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let environment = contract::Environment::system();
    let now = environment.now().timestamp();
    let claims = Claims {
        iss: "http://127.0.0.1:8080",
        aud: "http://127.0.0.1:8080",
        sub: CLIENT,
        client_id: CLIENT,
        jti: environment.new_id::<contract::TokenId>().to_string(),
        iat: now,
        exp: now + 900,
        scope: "RetailMedia_Analytics_Read RetailMedia_Campaign_Read RetailMedia_Campaign_Manage",
    };
    let mut header = Header::new(Algorithm::ES256);
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some(CLIENT.to_owned());
    let token = jsonwebtoken::encode(&header, &claims, &limit.key);
    if let Some(recorder) = &limit.recorder
        && recorder.record().await.is_err()
    {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    match token {
        Ok(token) => Json(json!({
            "access_token": token, "token_type": "Bearer", "expires_in": 900, "scope": claims.scope,
        }))
        .into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
