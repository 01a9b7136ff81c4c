//! The signing key: one for all replicas, sealed, and published.

use axum::http::{Method, StatusCode};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

use crate::stage::{MASTER_KEY, Replica, Stage, settings};

async fn published(replica: &Replica) -> Value {
    let answer = replica.ask("nobody", Method::GET, "/oauth2/jwks", Value::Null).await;
    assert_eq!(
        (answer.status, answer.header("cache-control")),
        (StatusCode::OK, "public, max-age=300")
    );
    answer.json
}

#[tokio::test]
async fn replicas_that_start_together_share_one_key_and_a_restart_keeps_it() {
    let stage = Stage::set().await;
    let replicas = futures::future::join_all((0..4).map(|_| stage.replica())).await;
    let first = published(&replicas[0]).await;
    for replica in &replicas {
        assert_eq!(published(replica).await, first);
    }
    assert_eq!(published(&stage.replica().await).await, first);
    let [event] = &stage.events("signing-key.created").await[..] else { panic!("one event") };
    assert_eq!(first["keys"][0]["kid"], event.data["signing_key_id"]);
    assert_eq!(event.data["algorithm"], "ES256");
}

#[tokio::test]
async fn another_implementation_verifies_a_token_with_the_published_key() {
    let (_stage, replica, app) = Stage::with_app().await;
    let token = replica.token(&replica.key(app).await).await.json;
    let keys: JwkSet = serde_json::from_value(published(&replica).await).unwrap();
    let jwt = token["access_token"].as_str().unwrap();
    let kid = jsonwebtoken::decode_header(jwt).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&["https://api.example.com"]);
    validation.set_issuer(&["https://mandate.example.com"]);
    // The stage's clock is not the machine's.
    validation.validate_exp = false;
    assert!(jsonwebtoken::decode::<Value>(jwt, &key, &validation).is_ok());
}

#[tokio::test]
async fn the_published_key_has_no_private_part() {
    let stage = Stage::set().await;
    let keys = published(&stage.replica().await).await;
    let members: Vec<_> = keys["keys"][0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
}

#[tokio::test]
async fn a_missing_a_malformed_and_another_master_key_are_told_apart() {
    let stage = Stage::set().await;
    let start = async |master_key: &str| {
        let settings = key_issuer::Settings { master_key: master_key.into(), ..settings() };
        stage.replica_with(settings).await.map(drop).map_err(|error| error.to_string())
    };
    assert!(start("").await.unwrap_err().contains("not set"));
    assert!(start("c2hvcnQ=").await.unwrap_err().contains("exactly 32 bytes"));
    start(MASTER_KEY).await.unwrap();
    let other = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
    let error = start(other).await.unwrap_err();
    assert!(error.contains("sealed with another master key"), "{error}");
    assert!(!error.contains(other));
    start(MASTER_KEY).await.unwrap();
}

#[tokio::test]
async fn a_signing_key_that_was_exchanged_in_the_database_does_not_open() {
    let stage = Stage::set().await;
    stage.replica().await;
    sqlx::query("UPDATE key_issuer.signing_keys SET signing_key_id = $1")
        .bind(uuid::Uuid::nil())
        .execute(&stage.sql)
        .await
        .unwrap();
    let error = stage.replica_with(settings()).await.map(drop).unwrap_err().to_string();
    assert!(error.contains("or altered"), "{error}");
}
