//! Whether an ID token is the provider's word, for us, now, of this sign-in (OpenID Connect Core section 3.1.3.7).

use chrono::{DateTime, Duration, Utc};
use contract::facts::SignInRefusal;
use openidconnect::core::{
    CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier, CoreJwsSigningAlgorithm,
};
use openidconnect::{ClaimsVerificationError, ClientId, Nonce, SignatureVerificationError};

use super::Metadata;

/// How far a provider's clock may be from ours.
const CLOCKS: Duration = Duration::seconds(60);

/// The algorithms that only the provider can sign with: never one that the client secret signs with, nor none.
const ASYMMETRIC: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Against what an ID token is held.
#[derive(Debug)]
pub(super) struct Verification<'a> {
    /// The client that we are at the provider.
    pub(super) client_id: &'a str,
    /// The nonce of the sign-in.
    pub(super) nonce: String,
    /// When the sign-in was begun.
    pub(super) begun_at: DateTime<Utc>,
    /// Now.
    pub(super) now: DateTime<Utc>,
}

/// Why an ID token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IdTokenError {
    /// It is signed with a key that is not known: the provider may have a new one.
    UnknownKey,
    /// It is wrong.
    Refused(SignInRefusal),
}

impl IdTokenError {
    pub(super) fn refusal(self) -> SignInRefusal {
        match self {
            Self::UnknownKey => SignInRefusal::InvalidIdToken,
            Self::Refused(refusal) => refusal,
        }
    }
}

impl Verification<'_> {
    /// What the token says, if it is to be believed.
    pub(super) fn claims<'t>(
        &self,
        metadata: &Metadata,
        token: &'t CoreIdToken,
    ) -> Result<&'t CoreIdTokenClaims, IdTokenError> {
        let supported = metadata.id_token_signing_alg_values_supported();
        let allowed = ASYMMETRIC.into_iter().filter(|algorithm| supported.contains(algorithm));
        let (now, begun_at) = (self.now, self.begun_at);
        let verifier = CoreIdTokenVerifier::new_public_client(
            ClientId::new(self.client_id.to_owned()),
            metadata.issuer().clone(),
            metadata.jwks().clone(),
        )
        .set_allowed_algs(allowed)
        .set_time_fn(move || now)
        .set_issue_time_verifier_fn(move |issued| {
            if issued < begun_at - CLOCKS || issued > now + CLOCKS {
                return Err("it was not issued for this sign-in".to_owned());
            }
            Ok(())
        });
        let claims = token
            .claims(&verifier, &Nonce::new(self.nonce.clone()))
            .map_err(|error| refused(&error))?;
        // The library leaves this to its callers: whoever the token was issued to, it is for us alone.
        if claims.authorized_party().is_some_and(|party| party.as_str() != self.client_id) {
            return Err(IdTokenError::Refused(SignInRefusal::InvalidIdToken));
        }
        Ok(claims)
    }
}

fn refused(error: &ClaimsVerificationError) -> IdTokenError {
    match error {
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey,
        ) => IdTokenError::UnknownKey,
        ClaimsVerificationError::InvalidIssuer(_) => {
            IdTokenError::Refused(SignInRefusal::WrongIssuer)
        }
        ClaimsVerificationError::InvalidNonce(_) => {
            IdTokenError::Refused(SignInRefusal::WrongNonce)
        }
        _ => IdTokenError::Refused(SignInRefusal::InvalidIdToken),
    }
}

#[cfg(test)]
mod tests;
