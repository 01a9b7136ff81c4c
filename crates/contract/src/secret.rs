//! Secrets as types. The plain secret and its hash are different types, so that the plain one
//! cannot be stored by mistake; no `Debug` shows it.
//!
//! A secret has a recognisable prefix (for secret scanners) and 256 random bits. It is therefore
//! stored as a plain SHA-256: there is nothing to guess, so nothing for a slow hash to slow down.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::environment::Environment;

/// The SHA-256 of a secret: what is stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// The hash of this text.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Whether the other is the same, in a time that does not depend on where they differ.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// The hash from its stored bytes, if there are 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// Text that cannot be a secret of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a secret of the form {prefix}…")]
pub struct InvalidSecret {
    prefix: &'static str,
}

macro_rules! secrets {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(String);

        impl $name {
            /// How every such secret begins.
            pub const PREFIX: &'static str = $prefix;

            /// A new secret of 256 random bits.
            pub fn generate(environment: &Environment) -> Self {
                Self(format!(concat!($prefix, "{}"), URL_SAFE_NO_PAD.encode(environment.bytes::<32>())))
            }

            /// Reads a secret as it was handed over.
            pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
                let invalid = InvalidSecret { prefix: $prefix };
                let random = text.strip_prefix($prefix).ok_or(invalid)?;
                let decoded = URL_SAFE_NO_PAD.decode(random).map_err(|_| invalid)?;
                if decoded.len() == 32 { Ok(Self(text.to_owned())) } else { Err(invalid) }
            }

            /// The secret itself: for the one answer that hands it over.
            pub fn reveal(&self) -> &str { &self.0 }

            /// What may be stored of it.
            pub fn hash(&self) -> SecretHash { SecretHash::of(&self.0) }

            /// Its last four characters, by which its owner recognises it.
            pub fn hint(&self) -> &str {
                // ASCII by construction: prefix and base64url.
                &self.0[self.0.len() - 4..]
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}

secrets! {
    /// A person's bearer token for the API.
    ApiToken = "mandate_pat_";
    /// The bearer token of a person's session.
    SessionToken = "mandate_ses_";
    /// The OAuth `client_secret` of a key (RFC 6749 section 2.3.1).
    ClientSecret = "mandate_cs_";
    /// What whoever begins a sign-in at a provider keeps, and completes it with.
    SignInBinding = "mandate_sib_";
    /// The `state` of a sign-in at a provider (RFC 6749 section 10.12).
    SignInState = "mandate_sis_";
    /// The token in a consent link's URL.
    LinkToken = "mandate_cl_";
    /// The token in a mailed link.
    MailToken = "mandate_ml_";
    /// The password of a subscriber's NATS user. NATS can compare only with bcrypt, so its
    /// [`SecretHash`] is not used.
    SubscriberPassword = "mandate_sub_";
}

/// Which kind of bearer token: each is looked up in a table of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BearerKind {
    /// An [`ApiToken`].
    ApiToken,
    /// A [`SessionToken`].
    Session,
}

/// A bearer token with which a person calls the API (RFC 6750 section 2.1).
#[derive(Debug, Clone)]
pub enum BearerToken {
    /// An API token.
    ApiToken(ApiToken),
    /// The token of a session.
    Session(SessionToken),
}

impl BearerToken {
    /// Reads a token as it was handed over: its prefix says of which kind it is.
    ///
    /// # Errors
    /// When it is of no kind.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        if text.starts_with(SessionToken::PREFIX) {
            SessionToken::parse(text).map(Self::Session)
        } else {
            ApiToken::parse(text).map(Self::ApiToken)
        }
    }

    /// Of which kind it is.
    pub fn kind(&self) -> BearerKind {
        match self {
            Self::ApiToken(_) => BearerKind::ApiToken,
            Self::Session(_) => BearerKind::Session,
        }
    }

    /// What is stored of it.
    pub fn hash(&self) -> SecretHash {
        match self {
            Self::ApiToken(token) => token.hash(),
            Self::Session(token) => token.hash(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_reads_back_and_matches_its_hash_only() {
        let environment = Environment::system();
        let secret = ClientSecret::generate(&environment);
        assert_eq!(secret.reveal().len(), "mandate_cs_".len() + 43);
        let read = ClientSecret::parse(secret.reveal()).unwrap();
        assert!(read.hash().matches(&secret.hash()));
        assert!(!ClientSecret::generate(&environment).hash().matches(&secret.hash()));
        assert!(secret.reveal().ends_with(secret.hint()));
    }

    #[test]
    fn debug_shows_nothing_of_a_secret() {
        let secret = ApiToken::generate(&Environment::system());
        assert_eq!(format!("{secret:?} {:?}", secret.hash()), "ApiToken(…) SecretHash(…)");
    }

    #[test]
    fn a_bearer_token_is_of_the_kind_that_its_prefix_says() {
        let environment = Environment::system();
        let (api, session) =
            (ApiToken::generate(&environment), SessionToken::generate(&environment));
        let read = BearerToken::parse(api.reveal()).unwrap();
        assert_eq!(read.kind(), BearerKind::ApiToken);
        assert!(read.hash().matches(&api.hash()));
        let read = BearerToken::parse(session.reveal()).unwrap();
        assert_eq!(read.kind(), BearerKind::Session);
        assert!(read.hash().matches(&session.hash()));
        assert_eq!(format!("{read:?}"), "Session(SessionToken(…))");
        let link = LinkToken::generate(&environment);
        for text in ["", "mandate_ses_", "mandate_pat_AAAA", link.reveal()] {
            assert!(BearerToken::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn other_prefixes_and_lengths_are_no_secret() {
        let token = LinkToken::generate(&Environment::system());
        assert!(ApiToken::parse(token.reveal()).is_err());
        for text in ["", "mandate_cl_", "mandate_cl_AAAA", "mandate_cl_é"] {
            assert!(LinkToken::parse(text).is_err(), "{text}");
        }
    }
}
