//! Salted commitments: what is kept beside an event, bound to it, and can be erased.
//!
//! An event has up to two such parts: its *context* (from which address: personal, for operators and
//! whoever did it) and its *details* (what people typed, for whoever may see the event). It carries
//! `contexthash` and `detailshash`, each base64url(HMAC-SHA-256(key: salt, message: part)), every part
//! with a salt of its own; salts and parts are kept elsewhere. Whoever holds both can show that they
//! belong to the event; once they are erased, the hash tells nothing (256 random bits stand before
//! it) and the event and all proofs over it still hold.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;

use crate::environment::Environment;

/// From where a thing was done. Personal: it can be erased.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// The caller's network address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The `User-Agent` header, cut to 512 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The id of the request, as in the `x-request-id` header and log lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What was typed in as a name, for attempts by someone unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_name: Option<String>,
    /// Which of their credentials the caller used, a [`Credential`](crate::Credential): `api-token/<id>` or
    /// `session/<id>`. None for a password or a client secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// The random key of a commitment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

/// A commitment: an event's `contexthash` or `detailshash`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Commitment(pub [u8; 32]);

impl Commitment {
    /// The commitment to these bytes under this salt.
    pub fn of(salt: &Salt, part: &[u8]) -> Self {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&salt.0).expect("HMAC takes a key of any length");
        mac.update(part);
        Self(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Commitment({self})")
    }
}

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl Serialize for Commitment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Commitment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(serde::de::Error::custom)?;
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| serde::de::Error::custom("a commitment has 32 bytes"))
    }
}

/// A context or details under a salt: what is stored and travels beside the event.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The key of the commitment.
    pub salt: Salt,
    /// Canonical JSON (RFC 8785): the bytes that were committed to.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

impl Sealed {
    /// Seals a part under a fresh salt.
    pub fn seal(part: &impl Serialize, environment: &Environment) -> Self {
        let bytes = serde_json_canonicalizer::to_vec(part)
            .expect("structs of texts, numbers and lists always serialize");
        Self { salt: Salt(environment.bytes()), bytes }
    }

    /// The commitment that the event carries.
    pub fn hash(&self) -> Commitment {
        Commitment::of(&self.salt, &self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        Context { address: Some("192.0.2.1".into()), ..Context::default() }
    }

    #[test]
    fn the_same_context_twice_gives_two_commitments() {
        let environment = Environment::system();
        let one = Sealed::seal(&context(), &environment);
        let two = Sealed::seal(&context(), &environment);
        assert_eq!(one.bytes, two.bytes);
        assert_ne!(one.hash(), two.hash());
    }

    #[test]
    fn a_changed_context_does_not_match() {
        let sealed = Sealed::seal(&context(), &Environment::system());
        let forged = Sealed { bytes: br#"{"address":"192.0.2.2"}"#.to_vec(), ..sealed.clone() };
        assert_ne!(sealed.hash(), forged.hash());
    }
}
