//! Passwords: argon2id as PHC strings, hashed and verified on blocking threads, so many at a time.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use contract::Environment;
use serde::{Deserialize, Serialize};
use service::{Fault, FaultCode};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::fields::FieldError;

/// How passwords are hashed. The defaults are OWASP's for argon2id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordSettings {
    /// The fewest characters of a password.
    pub min_characters: usize,
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes of one hash.
    pub lanes: u32,
    /// How many are hashed at a time; more wait. Bounds the memory.
    pub concurrency: usize,
    /// How long a sign-in waits for its turn, in milliseconds, before it is answered 503.
    pub patience_ms: u64,
}

impl Default for PasswordSettings {
    fn default() -> Self {
        Self {
            min_characters: 12,
            memory_kib: 19_456,
            passes: 2,
            lanes: 1,
            concurrency: 4,
            patience_ms: 5_000,
        }
    }
}

/// Why a password could not be hashed or verified.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The settings are out of argon2's bounds.
    #[error("argon2 cannot work with these settings: {0}")]
    Settings(argon2::Error),
    /// A hash failed, or a stored one is no PHC string of argon2id.
    #[error("a password hash cannot be made or read")]
    Hash,
    /// Too many wait already.
    #[error("too many passwords wait for being verified")]
    Busy,
}

/// A password as it was typed in: in memory only, for as long as it takes to hash it.
#[derive(Clone)]
pub(crate) struct Password(String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Password {
    /// The most bytes that are hashed: more would only serve to keep the server busy.
    const MAX_BYTES: usize = 1024;

    /// What someone claims to be their password.
    pub(crate) fn claimed(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A password that somebody chose.
    pub(crate) fn choose(
        field: &'static str,
        text: impl Into<String>,
        settings: &PasswordSettings,
    ) -> Result<Self, FieldError> {
        let text = text.into();
        let min = settings.min_characters;
        if text.chars().count() < min {
            let message = format!("has fewer than {min} characters");
            return Err(FieldError::new(
                field,
                Fault::new(FaultCode::TooShort, message).with("min", min),
            ));
        }
        if text.len() > Self::MAX_BYTES {
            let message = format!("has more than {} bytes", Self::MAX_BYTES);
            let fault = Fault::new(FaultCode::TooLong, message);
            let fault = fault.with("max", Self::MAX_BYTES).with("unit", "bytes");
            return Err(FieldError::new(field, fault));
        }
        Ok(Self(text))
    }
}

/// Hashes and verifies passwords.
#[derive(Clone)]
pub(crate) struct Passwords {
    settings: PasswordSettings,
    environment: Environment,
    turns: Arc<Semaphore>,
    /// Strangers have one turn fewer: one is always for those whom we know.
    turns_of_strangers: Arc<Semaphore>,
    argon2: Argon2<'static>,
    /// The hash of a password that nobody knows: what is verified for people who do not exist or
    /// have no password, so that the time taken does not tell.
    nobodys: Arc<str>,
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passwords")
    }
}

impl Passwords {
    /// With these settings.
    pub(crate) fn new(
        settings: PasswordSettings,
        environment: Environment,
    ) -> Result<Self, PasswordError> {
        let params = Params::new(settings.memory_kib, settings.passes, settings.lanes, None)
            .map_err(PasswordError::Settings)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobodys = hash(&argon2, &environment.bytes::<32>(), &environment.bytes::<16>())?;
        Ok(Self {
            turns: Arc::new(Semaphore::new(settings.concurrency.max(1))),
            turns_of_strangers: Arc::new(Semaphore::new(settings.concurrency.max(2) - 1)),
            settings,
            environment,
            argon2,
            nobodys: nobodys.into(),
        })
    }

    /// The settings.
    pub(crate) fn settings(&self) -> &PasswordSettings {
        &self.settings
    }

    /// The PHC string to store.
    pub(crate) async fn hash(&self, password: Password) -> Result<String, PasswordError> {
        let _turn = self.turn().await?;
        let (argon2, salt) = (self.argon2.clone(), self.environment.bytes::<16>());
        tokio::task::spawn_blocking(move || hash(&argon2, password.0.as_bytes(), &salt))
            .await
            .map_err(|_| PasswordError::Hash)?
    }

    /// Whether the password is the one of this stored hash. Without one the answer is no, after
    /// the same time. A `stranger` waits for other strangers; nobody else does.
    pub(crate) async fn verify(
        &self,
        password: Password,
        stored: Option<&str>,
        stranger: bool,
    ) -> Result<bool, PasswordError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or(&self.nobodys).to_owned();
        let _among_strangers =
            if stranger { Some(self.turn_of(&self.turns_of_strangers).await?) } else { None };
        let _turn = self.turn().await?;
        let argon2 = self.argon2.clone();
        tokio::task::spawn_blocking(move || {
            let hash = PasswordHash::new(&stored).map_err(|_| PasswordError::Hash)?;
            // The password is too long to have been chosen: not hashed, whoever it claims to be.
            let possible = password.0.len() <= Password::MAX_BYTES;
            Ok(possible && argon2.verify_password(password.0.as_bytes(), &hash).is_ok() && known)
        })
        .await
        .map_err(|_| PasswordError::Hash)?
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, PasswordError> {
        self.turn_of(&self.turns).await
    }

    async fn turn_of<'s>(
        &self,
        turns: &'s Semaphore,
    ) -> Result<SemaphorePermit<'s>, PasswordError> {
        let patience = Duration::from_millis(self.settings.patience_ms);
        match timeout(patience, turns.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(PasswordError::Busy),
        }
    }
}

fn hash(argon2: &Argon2<'_>, password: &[u8], salt: &[u8]) -> Result<String, PasswordError> {
    let hash: PasswordHash =
        argon2.hash_password_with_salt(password, salt).map_err(|_| PasswordError::Hash)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick() -> PasswordSettings {
        PasswordSettings { memory_kib: 64, passes: 1, ..PasswordSettings::default() }
    }

    #[test]
    fn a_chosen_password_has_twelve_characters() {
        let settings = PasswordSettings::default();
        assert!(Password::choose("password", "elevenchars", &settings).is_err());
        assert!(Password::choose("password", "éééééééééééé", &settings).is_ok());
        assert!(Password::choose("password", "x".repeat(1025), &settings).is_err());
    }

    #[tokio::test]
    async fn the_right_password_and_only_it_verifies() {
        let passwords = Passwords::new(quick(), Environment::system()).unwrap();
        let chosen = Password::claimed("correct horse battery");
        let stored = passwords.hash(chosen.clone()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
        assert!(passwords.verify(chosen, Some(&stored), true).await.unwrap());
        assert!(!passwords.verify(Password::claimed("wrong"), Some(&stored), false).await.unwrap());
        assert!(!passwords.verify(Password::claimed("wrong"), None, true).await.unwrap());
    }

    #[tokio::test]
    async fn strangers_leave_a_turn_to_those_whom_we_know() {
        let settings = PasswordSettings { concurrency: 2, patience_ms: 1, ..quick() };
        let passwords = Passwords::new(settings, Environment::system()).unwrap();
        let _stranger = passwords.turns_of_strangers.acquire().await.unwrap();
        let _hashing = passwords.turn().await.unwrap();
        let wrong = || Password::claimed("wrong");
        assert!(matches!(passwords.verify(wrong(), None, true).await, Err(PasswordError::Busy)));
        assert!(matches!(passwords.verify(wrong(), None, false).await, Ok(false)));
    }

    #[tokio::test]
    async fn the_same_password_never_has_the_same_hash() {
        let passwords = Passwords::new(quick(), Environment::system()).unwrap();
        let chosen = Password::claimed("correct horse battery");
        let (one, two) =
            (passwords.hash(chosen.clone()).await.unwrap(), passwords.hash(chosen).await.unwrap());
        assert_ne!(one, two);
    }

    #[test]
    fn settings_out_of_bounds_are_refused() {
        let settings = PasswordSettings { memory_kib: 1, ..quick() };
        assert!(Passwords::new(settings, Environment::system()).is_err());
    }
}
