//! A sign-in at a provider, from its beginning until whoever began it comes back.
//!
//! What is kept are hashes. Whoever begins gets a `binding`, and completes the sign-in with it: so nobody can be
//! made to complete what somebody else began. What has to be sent to the provider again is made of the binding.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use contract::facts::SignInRefusal;
use contract::secret::{SecretHash, SignInBinding, SignInState};
use contract::{Environment, IdentityProviderId, SignInId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A sign-in that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignInFlow {
    /// Its id: also that of the record of what came of it.
    pub(crate) id: SignInId,
    /// Where.
    pub(crate) identity_provider_id: IdentityProviderId,
    /// The hash of the state that comes back through the browser.
    pub(crate) state: SecretHash,
    /// The hash of what whoever began it keeps.
    pub(crate) binding: SecretHash,
    /// When it was begun.
    pub(crate) created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub(crate) expires_at: DateTime<Utc>,
    /// When it was completed, or failed.
    pub(crate) used_at: Option<DateTime<Utc>>,
}

/// What is handed out once.
#[derive(Debug)]
pub(crate) struct Secrets {
    /// Through the browser, to the provider and back.
    pub(crate) state: SignInState,
    /// To whoever began.
    pub(crate) binding: SignInBinding,
}

impl SignInFlow {
    /// Begins a sign-in that can be completed for so long.
    pub(crate) fn begin(
        environment: &Environment,
        identity_provider_id: IdentityProviderId,
        lifetime: Duration,
    ) -> (Self, Secrets) {
        let secrets = Secrets {
            state: SignInState::generate(environment),
            binding: SignInBinding::generate(environment),
        };
        let now = environment.now();
        let flow = Self {
            id: environment.new_id(),
            identity_provider_id,
            state: secrets.state.hash(),
            binding: secrets.binding.hash(),
            created_at: now,
            expires_at: now + lifetime,
            used_at: None,
        };
        (flow, secrets)
    }

    /// Whether it can be completed with these, now. Who does not bring the binding learns nothing more.
    pub(crate) fn check(
        &self,
        state: &SecretHash,
        binding: &SecretHash,
        now: DateTime<Utc>,
    ) -> Result<(), SignInRefusal> {
        if !self.binding.matches(binding) {
            Err(SignInRefusal::WrongBinding)
        } else if !self.state.matches(state) {
            Err(SignInRefusal::WrongState)
        } else if self.used_at.is_some() {
            Err(SignInRefusal::SignInAlreadyUsed)
        } else if now >= self.expires_at {
            Err(SignInRefusal::SignInExpired)
        } else {
            Ok(())
        }
    }
}

/// The `code_verifier` of a sign-in (RFC 7636 section 4.1).
pub(crate) fn verifier(binding: &SignInBinding) -> String {
    derived(binding, b"mandate sign-in code_verifier")
}

/// The `nonce` of a sign-in (OpenID Connect Core section 15.5.2). It is seen by the browser, and tells nothing of
/// the binding.
pub(crate) fn nonce(binding: &SignInBinding) -> String {
    derived(binding, b"mandate sign-in nonce")
}

/// 256 bits for this use, which only who has the binding can make.
fn derived(binding: &SignInBinding, label: &[u8]) -> String {
    let key = binding.reveal().as_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(label);
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> (SignInFlow, Secrets) {
        let environment = Environment::system();
        SignInFlow::begin(&environment, environment.new_id(), Duration::minutes(10))
    }

    #[test]
    fn it_is_completed_by_whoever_began_it_once_and_in_time() {
        let (flow, secrets) = begun();
        let (state, binding) = (secrets.state.hash(), secrets.binding.hash());
        assert_eq!(flow.check(&state, &binding, flow.created_at), Ok(()));
        let refused = |flow: &SignInFlow, state, binding, at| flow.check(state, binding, at).err();
        let (now, end) = (flow.created_at, flow.expires_at);
        let wrong_binding = Some(SignInRefusal::WrongBinding);
        assert_eq!(refused(&flow, &state, &state, now), wrong_binding);
        assert_eq!(refused(&flow, &binding, &binding, now), Some(SignInRefusal::WrongState));
        assert_eq!(refused(&flow, &state, &binding, end), Some(SignInRefusal::SignInExpired));
        let used = SignInFlow { used_at: Some(now), ..flow };
        let already = Some(SignInRefusal::SignInAlreadyUsed);
        assert_eq!(refused(&used, &state, &binding, now), already);
        assert_eq!(refused(&used, &state, &state, now), wrong_binding);
    }

    #[test]
    fn what_is_made_of_a_binding_differs_by_use_and_by_binding() {
        let (one, other) = (begun().1.binding, begun().1.binding);
        assert_eq!(verifier(&one), verifier(&one));
        assert_eq!(verifier(&one).len(), 43);
        assert_ne!(verifier(&one), nonce(&one));
        assert_ne!(verifier(&one), verifier(&other));
        assert_ne!(nonce(&one), nonce(&other));
    }
}
