use chrono::TimeDelta;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreHmacKey, CoreJsonWebKeySet};
use openidconnect::{JsonWebKeyId, PrivateSigningKey};
use serde_json::{Value, json};

use super::*;

/// Ed25519 keys (RFC 8410), of nobody.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIL9JgOwAaS1XXdU7gNFKjt4xaS+4CbllteVBjRLGLDCs
-----END PRIVATE KEY-----";
const OTHER_KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIFHutDDsMMTlgoX0RpVig4N0Ern4G2LwcisLS3PGgrjU
-----END PRIVATE KEY-----";

const NOW: i64 = 1_700_000_000;

fn signing_key(pem: &str, kid: &str) -> CoreEdDsaPrivateSigningKey {
    let kid = Some(JsonWebKeyId::new(kid.to_owned()));
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(pem, kid).unwrap()
}

fn metadata() -> Metadata {
    let metadata: Metadata = serde_json::from_value(json!({
        "issuer": "https://idp.example.com",
        "authorization_endpoint": "https://idp.example.com/authorize",
        "token_endpoint": "https://idp.example.com/token",
        "jwks_uri": "https://idp.example.com/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        // More than we take: a token that is signed with the client's secret is anybody's who knows it.
        "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
    }))
    .unwrap();
    let keys = CoreJsonWebKeySet::new(vec![signing_key(KEY, "known").as_verification_key()]);
    metadata.set_jwks(keys)
}

fn claims() -> Value {
    json!({
        "iss": "https://idp.example.com",
        "aud": "mandate",
        "sub": "ada",
        "nonce": "the nonce",
        "iat": NOW,
        "exp": NOW + 300,
        "email": "ada@example.com",
        "email_verified": "true",
    })
}

/// A token that says this, with one claim changed; `null` takes it away.
fn token(
    key: &impl PrivateSigningKey<VerificationKey = openidconnect::core::CoreJsonWebKey>,
    algorithm: &CoreJwsSigningAlgorithm,
    (claim, value): (&str, Value),
) -> CoreIdToken {
    let mut claims = claims();
    claims[claim] = value;
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    let claims: CoreIdTokenClaims = serde_json::from_value(claims).unwrap();
    CoreIdToken::new(claims, key, algorithm.clone(), None, None).unwrap()
}

fn held(token: &CoreIdToken) -> Result<String, IdTokenError> {
    let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
    let verification = Verification {
        client_id: "mandate",
        nonce: "the nonce".to_owned(),
        begun_at: at(NOW) - TimeDelta::seconds(30),
        now: at(NOW),
    };
    verification.claims(&metadata(), token).map(|claims| claims.subject().to_string())
}

fn changed(claim: &str, value: Value) -> Result<String, IdTokenError> {
    held(&token(&signing_key(KEY, "known"), &CoreJwsSigningAlgorithm::EdDsa, (claim, value)))
}

#[test]
fn a_token_of_the_provider_for_us_now_and_of_this_sign_in_is_believed() {
    assert_eq!(changed("sub", json!("ada")).as_deref(), Ok("ada"));
    assert!(changed("aud", json!(["mandate"])).is_ok());
    assert!(changed("azp", json!("mandate")).is_ok());
    assert!(changed("iat", json!(NOW + 50)).is_ok(), "the clocks differ a little");
}

#[test]
fn of_every_other_token_it_is_told_what_is_wrong() {
    use SignInRefusal::{InvalidIdToken, WrongIssuer, WrongNonce};
    for (claim, value, refusal) in [
        ("iss", json!("https://other.example.com"), WrongIssuer),
        ("aud", json!("another"), InvalidIdToken),
        ("aud", json!(["mandate", "another"]), InvalidIdToken),
        ("azp", json!("another"), InvalidIdToken),
        ("nonce", json!("another"), WrongNonce),
        ("nonce", Value::Null, WrongNonce),
        ("exp", json!(NOW), InvalidIdToken),
        ("iat", json!(NOW - 91), InvalidIdToken),
        ("iat", json!(NOW + 61), InvalidIdToken),
    ] {
        let refused = changed(claim, value.clone()).unwrap_err();
        assert_eq!(refused, IdTokenError::Refused(refusal), "{claim} {value}");
    }
}

#[test]
fn only_the_providers_own_keys_sign() {
    let same = ("sub", json!("ada"));
    let unknown =
        token(&signing_key(OTHER_KEY, "unknown"), &CoreJwsSigningAlgorithm::EdDsa, same.clone());
    assert_eq!(held(&unknown), Err(IdTokenError::UnknownKey));
    let forged =
        token(&signing_key(OTHER_KEY, "known"), &CoreJwsSigningAlgorithm::EdDsa, same.clone());
    let invalid = Err(IdTokenError::Refused(SignInRefusal::InvalidIdToken));
    assert_eq!(held(&forged), invalid);
    let by_secret = token(&CoreHmacKey::new("secret"), &CoreJwsSigningAlgorithm::HmacSha256, same);
    assert_eq!(held(&by_secret), invalid);
}
