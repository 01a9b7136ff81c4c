//! A master key: what seals secrets at rest that must be used again, such as private keys. It comes from the
//! configuration and is never stored in the database that it protects.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::Environment;

/// An AES-256-GCM key (NIST SP 800-38D).
pub struct MasterKey(LessSafeKey);

/// A secret as it is stored: ciphertext and tag.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Random, and stored under a unique index: two sealings under one nonce would betray both.
    pub nonce: [u8; 12],
    /// The ciphertext with its tag.
    pub ciphertext: Vec<u8>,
}

/// Why there is no master key, or why it opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MasterKeyError {
    /// The setting is absent.
    #[error("it is not set; make one with `openssl rand -base64 32` and keep it safe")]
    Missing,
    /// The setting is no key.
    #[error("it must be the base64 of exactly 32 bytes, as `openssl rand -base64 32` prints it")]
    Malformed,
    /// What is stored was sealed with another key, or was altered.
    #[error(
        "what is stored does not open with it: that was sealed with another master key, or altered"
    )]
    CannotOpen,
}

impl MasterKey {
    /// Reads the setting: base64 of 32 bytes.
    ///
    /// # Errors
    /// When it is absent or no key.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        if text.trim().is_empty() {
            return Err(MasterKeyError::Missing);
        }
        let bytes = STANDARD.decode(text.trim()).map_err(|_| MasterKeyError::Malformed)?;
        // `new` checks the length.
        UnboundKey::new(&AES_256_GCM, &bytes)
            .map(|key| Self(LessSafeKey::new(key)))
            .map_err(|_| MasterKeyError::Malformed)
    }

    /// Seals these bytes for this purpose; they open for no other.
    pub fn seal(&self, environment: &Environment, purpose: &[u8], plain: &[u8]) -> Sealed {
        let nonce: [u8; 12] = environment.bytes();
        let mut ciphertext = plain.to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(purpose),
                &mut ciphertext,
            )
            .expect("AES-GCM fails only past 2^36 bytes, and a secret is short");
        Sealed { nonce, ciphertext }
    }

    /// Opens what was sealed for this purpose.
    ///
    /// # Errors
    /// [`MasterKeyError::CannotOpen`].
    pub fn open(&self, purpose: &[u8], sealed: &Sealed) -> Result<Vec<u8>, MasterKeyError> {
        let mut bytes = sealed.ciphertext.clone();
        let nonce = Nonce::assume_unique_for_key(sealed.nonce);
        let plain = self
            .0
            .open_in_place(nonce, Aad::from(purpose), &mut bytes)
            .map_err(|_| MasterKeyError::CannotOpen)?;
        Ok(plain.to_vec())
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> MasterKey {
        MasterKey::parse(&STANDARD.encode([byte; 32])).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_with_the_same_key_and_purpose_only() {
        let environment = Environment::system();
        let sealed = key(1).seal(&environment, b"one", b"private");
        assert_eq!(key(1).open(b"one", &sealed).unwrap(), b"private");
        assert_eq!(key(2).open(b"one", &sealed), Err(MasterKeyError::CannotOpen));
        assert_eq!(key(1).open(b"two", &sealed), Err(MasterKeyError::CannotOpen));
        let mut altered = sealed.clone();
        altered.ciphertext[0] ^= 1;
        assert_eq!(key(1).open(b"one", &altered), Err(MasterKeyError::CannotOpen));
    }

    #[test]
    fn the_setting_is_32_bytes_in_base64() {
        assert_eq!(MasterKey::parse("").unwrap_err(), MasterKeyError::Missing);
        for text in ["secret", &STANDARD.encode([0; 31]), &STANDARD.encode([0; 33])] {
            assert_eq!(MasterKey::parse(text).unwrap_err(), MasterKeyError::Malformed, "{text}");
        }
    }
}
