//! The key that signs access tokens: ECDSA on P-256 with SHA-256 (`ES256`, RFC 7518 section 3.4).

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contract::SigningKeyId;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// The algorithm's name (RFC 7518 section 3.1).
pub(crate) const ALGORITHM: &str = "ES256";

/// A key pair and its id. Kept parsed: reading PKCS #8 costs as much as a signature.
pub(crate) struct SigningKey {
    id: SigningKeyId,
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

/// Bytes that are no P-256 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signing key is no P-256 key in PKCS #8")]
pub(crate) struct InvalidSigningKey;

impl SigningKey {
    /// A new key. Its randomness is the cryptographic library's own, which is the operating
    /// system's: a private key is the one thing that a test must not be able to choose.
    pub(crate) fn generate(id: SigningKeyId) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .expect("making a P-256 key fails only without memory");
        Self { id, pair, random: SystemRandom::new() }
    }

    /// Reads the private key.
    pub(crate) fn from_pkcs8(id: SigningKeyId, pkcs8: &[u8]) -> Result<Self, InvalidSigningKey> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
            .map_err(|_| InvalidSigningKey)?;
        Ok(Self { id, pair, random: SystemRandom::new() })
    }

    /// The private key, for sealing.
    pub(crate) fn to_pkcs8(&self) -> Vec<u8> {
        let document =
            self.pair.to_pkcs8v1().expect("a key pair that was made or read has a PKCS #8 form");
        document.as_ref().to_vec()
    }

    /// Its id: the `kid` of the tokens it signs.
    pub(crate) const fn id(&self) -> SigningKeyId {
        self.id
    }

    /// The signature: R and S, 32 bytes each (RFC 7518 section 3.4).
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature =
            self.pair.sign(&self.random, message).expect("signing fails only without memory");
        signature.as_ref().to_vec()
    }

    /// The uncompressed point of the public key: 0x04, X, Y (SEC 1 section 2.3.3).
    pub(crate) fn public_point(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// The public key.
    pub(crate) fn jwk(&self) -> Jwk {
        Jwk::of(self.id, self.public_point())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.id)
    }
}

/// A public key that verifies access tokens (RFC 7517).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Jwk {
    /// `EC`.
    pub kty: &'static str,
    /// `P-256`.
    pub crv: &'static str,
    /// The X coordinate, base64url.
    pub x: String,
    /// The Y coordinate, base64url.
    pub y: String,
    /// The key's id, as in the header of the tokens it signed.
    pub kid: String,
    /// `ES256`.
    pub alg: &'static str,
    /// `sig`: it verifies signatures.
    #[serde(rename = "use")]
    pub usage: &'static str,
}

impl Jwk {
    fn of(id: SigningKeyId, point: &[u8]) -> Self {
        // An uncompressed P-256 point has 65 bytes: a tag, then two coordinates of 32.
        let (x, y) = point[1..].split_at(32);
        Self {
            kty: "EC",
            crv: "P-256",
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
            kid: id.to_string(),
            alg: ALGORITHM,
            usage: "sig",
        }
    }

    /// The thumbprint (RFC 7638): SHA-256 over the required members, in the order of their names.
    pub(crate) fn thumbprint(&self) -> String {
        let Self { crv, kty, x, y, .. } = self;
        let members = format!(r#"{{"crv":"{crv}","kty":"{kty}","x":"{x}","y":"{y}"}}"#);
        URL_SAFE_NO_PAD.encode(Sha256::digest(members.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use contract::Environment;

    use super::*;

    #[test]
    fn a_key_reads_back_with_the_same_public_part() {
        let key = SigningKey::generate(Environment::system().new_id());
        let read = SigningKey::from_pkcs8(key.id(), &key.to_pkcs8()).unwrap();
        assert_eq!(read.jwk(), key.jwk());
        assert_eq!(SigningKey::from_pkcs8(key.id(), b"no key").unwrap_err(), InvalidSigningKey);
    }

    #[test]
    fn debug_shows_nothing_of_the_private_part() {
        let key = SigningKey::generate(Environment::system().new_id());
        assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.id()));
    }

    #[test]
    fn the_thumbprint_is_the_one_another_implementation_computes() {
        let key = SigningKey::generate(Environment::system().new_id());
        let theirs: jsonwebtoken::jwk::Jwk =
            serde_json::from_value(serde_json::to_value(key.jwk()).unwrap()).unwrap();
        assert_eq!(
            key.jwk().thumbprint(),
            theirs.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap()
        );
    }
}
