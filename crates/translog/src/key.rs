//! Who signs notes, and by what that is known (c2sp.org/signed-note, Signatures and Verifier keys).

use std::{fmt, str::FromStr};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};

use crate::encoding::{parse_base64, to_base64};

/// How many bytes an Ed25519 public key has (RFC 8032 section 5.1.5).
const ED25519_BYTES: usize = 32;

/// The name of a key: that of a log is its origin, its URL without scheme and without a slash at the
/// end. Neither empty nor with spaces, ASCII control characters or `+`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyName(String);

/// The first four bytes of the SHA-256 of name, signature type and public key: tells keys of a name
/// apart, and is no secret and no proof of anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub [u8; Self::BYTES]);

/// By what a signature is made. Only [`Ed25519`](Self::Ed25519) is verified so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureType {
    /// 0x01: Ed25519 over the note's text.
    Ed25519,
    /// 0x04: Ed25519 of a witness over a time and the checkpoint (c2sp.org/tlog-cosignature).
    Cosignature,
    /// 0x06: ML-DSA-44 over a time and the checkpoint (c2sp.org/tlog-cosignature).
    MlDsa44,
    /// Any other.
    Other(u8),
}

/// The public key that notes are verified with. Its text is the vkey,
/// `<name>+<id in hexadecimal>+<base64 of type and key>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VerifierKey {
    name: KeyName,
    id: KeyId,
    signature_type: SignatureType,
    public_key: Vec<u8>,
}

/// A private key, with the name that it signs by.
pub struct Signer {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

/// What is wrong with a key or its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The name cannot be one.
    #[error("a key's name is not empty and has no spaces, ASCII control characters or `+`")]
    Name,
    /// The vkey has other parts.
    #[error("a verifier key is <name>+<id>+<base64 of type and public key>")]
    Form,
    /// The id is no id.
    #[error("a key's id is 8 lower-case hexadecimal digits")]
    Id,
    /// The id is another key's.
    #[error("the verifier key's id is {said}, and its name, type and public key make it {made}")]
    OtherId {
        /// The one that it says.
        said: KeyId,
        /// The one of its parts.
        made: KeyId,
    },
    /// The public key is too long or too short.
    #[error("an Ed25519 public key has 32 bytes, not {0}")]
    Length(usize),
    /// The private key is none.
    #[error("the private key is no Ed25519 key in PKCS #8")]
    PrivateKey,
}

impl KeyName {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for KeyName {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let refused = |it: char| it.is_whitespace() || it < ' ' || it == '+';
        if text.is_empty() || text.contains(refused) {
            return Err(KeyError::Name);
        }
        Ok(Self(text.to_owned()))
    }
}

impl KeyId {
    /// How many bytes it has.
    pub const BYTES: usize = 4;

    fn of(name: &KeyName, signature_type: SignatureType, public_key: &[u8]) -> Self {
        let hash = Sha256::new()
            .chain_update(name.as_str())
            .chain_update([b'\n', signature_type.byte()])
            .chain_update(public_key);
        let hash: [u8; 32] = hash.finalize().into();
        Self([hash[0], hash[1], hash[2], hash[3]])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for KeyId {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut id = [0; Self::BYTES];
        hex::decode_to_slice(text, &mut id).map_err(|_| KeyError::Id)?;
        if hex::encode(id) == text { Ok(Self(id)) } else { Err(KeyError::Id) }
    }
}

impl SignatureType {
    const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::Cosignature => 4,
            Self::MlDsa44 => 6,
            Self::Other(byte) => byte,
        }
    }

    const fn from_byte(byte: u8) -> Self {
        match byte {
            1 => Self::Ed25519,
            4 => Self::Cosignature,
            6 => Self::MlDsa44,
            _ => Self::Other(byte),
        }
    }
}

impl VerifierKey {
    /// Its name.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// Its id.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// By what its signatures are made.
    pub const fn signature_type(&self) -> SignatureType {
        self.signature_type
    }

    /// Whether this is a signature of this text by this key. None when signatures of its type cannot be
    /// verified: then nothing is known of it, as of a signature by an unknown key.
    pub(crate) fn verify(&self, text: &str, signature: &[u8]) -> Option<bool> {
        if self.signature_type != SignatureType::Ed25519 {
            return None;
        }
        let key = UnparsedPublicKey::new(&ED25519, &self.public_key);
        Some(key.verify(text.as_bytes(), signature).is_ok())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![self.signature_type.byte()];
        key.extend_from_slice(&self.public_key);
        write!(f, "{}+{}+{}", self.name, self.id, to_base64(&key))
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        // Base64 may have a `+`, names and ids may not.
        let mut parts = text.splitn(3, '+');
        let mut part = || parts.next().ok_or(KeyError::Form);
        let (name, said, key): (KeyName, KeyId, _) = (part()?.parse()?, part()?.parse()?, part()?);
        let key = parse_base64(key).ok_or(KeyError::Form)?;
        let (byte, public_key) = key.split_first().ok_or(KeyError::Form)?;
        let signature_type = SignatureType::from_byte(*byte);
        let curve = matches!(signature_type, SignatureType::Ed25519 | SignatureType::Cosignature);
        if curve && public_key.len() != ED25519_BYTES {
            return Err(KeyError::Length(public_key.len()));
        }
        let made = KeyId::of(&name, signature_type, public_key);
        // The specification lets the types without a byte of their own make ids as they like.
        let other = matches!(signature_type, SignatureType::Other(_));
        if said != made && !other {
            return Err(KeyError::OtherId { said, made });
        }
        Ok(Self { name, id: said, signature_type, public_key: public_key.to_vec() })
    }
}

impl Signer {
    /// A new key. Its randomness is the cryptographic library's own, which is the operating system's.
    pub fn generate(name: KeyName) -> Self {
        let pair =
            Ed25519KeyPair::generate().expect("making an Ed25519 key fails only without memory");
        Self::of(name, pair)
    }

    /// Reads the private key.
    ///
    /// # Errors
    /// When these bytes are no Ed25519 key in PKCS #8 (RFC 8410).
    pub fn from_pkcs8(name: KeyName, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| KeyError::PrivateKey)?;
        Ok(Self::of(name, pair))
    }

    /// The private key, for sealing.
    pub fn to_pkcs8(&self) -> Vec<u8> {
        let document =
            self.pair.to_pkcs8().expect("a key pair that was made or read has this form");
        document.as_ref().to_vec()
    }

    /// What its signatures are verified with.
    pub const fn verifier_key(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signature of this text: 64 bytes (RFC 8032 section 5.1.6).
    pub(crate) fn sign(&self, text: &str) -> Vec<u8> {
        self.pair.sign(text.as_bytes()).as_ref().to_vec()
    }

    fn of(name: KeyName, pair: Ed25519KeyPair) -> Self {
        let public_key = pair.public_key().as_ref().to_vec();
        let signature_type = SignatureType::Ed25519;
        let id = KeyId::of(&name, signature_type, &public_key);
        Self { pair, verifier: VerifierKey { name, id, signature_type, public_key } }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.verifier)
    }
}
