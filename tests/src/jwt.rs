//! Access tokens, verified from the published keys by RFC 7515, 7518 and 9068 alone: no code of ours
//! takes part, nor the library that it uses.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// A verified token.
#[derive(Debug)]
pub struct Verified {
    /// Its header.
    pub header: Value,
    /// Its claims.
    pub claims: Value,
}

/// Verifies a token's signature with a key set.
///
/// # Panics
/// When the token is not signed by a key of the set.
pub fn verify(token: &str, key_set: &Value) -> Verified {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let (header, claims) = (json(header), json(claims));
    assert_eq!(header["alg"], "ES256");
    let keys = key_set["keys"].as_array().unwrap();
    let key = keys
        .iter()
        .find(|key| key["kid"] == header["kid"])
        .unwrap_or_else(|| panic!("no key {} in {key_set}", header["kid"]));
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"], &key["use"]),
        (&"EC".into(), &"P-256".into(), &"ES256".into(), &"sig".into())
    );
    assert!(key.get("d").is_none(), "the private key is published");
    // The uncompressed point of SEC 1: 4, x, y.
    let mut point = vec![4];
    for coordinate in ["x", "y"] {
        let bytes = bytes(key[coordinate].as_str().unwrap());
        assert_eq!(bytes.len(), 32);
        point.extend(bytes);
    }
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(signed.as_bytes(), &bytes(signature))
        .expect("the signature is right");
    Verified { header, claims }
}

fn json(part: &str) -> Value {
    serde_json::from_slice(&bytes(part)).unwrap()
}

fn bytes(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).unwrap()
}
