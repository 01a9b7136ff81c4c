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

mod opaque;

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

    /// Whether both are the same in the form in which they are hashed.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        opaque::normal(&self.0) == opaque::normal(&other.0)
    }

    /// What may be the password, in the order in which it is compared: in the form in which passwords are hashed,
    /// and as it was typed if that is another. A text that is too long to have been chosen is none.
    fn forms(&self) -> Vec<(String, Verified)> {
        let normal = (opaque::normal(&self.0).into_owned(), Verified::Right);
        let typed = Some((self.0.clone(), Verified::RightAsTyped));
        let typed = typed.filter(|(typed, _)| *typed != normal.0);
        [Some(normal), typed]
            .into_iter()
            .flatten()
            .filter(|(form, _)| form.len() <= Self::MAX_BYTES)
            .collect()
    }

    /// A password that somebody chose, if it can be one.
    pub(crate) fn choose(
        field: &'static str,
        text: impl Into<String>,
        settings: &PasswordSettings,
    ) -> Result<Self, FieldError> {
        let text = opaque::normal(&text.into()).into_owned();
        if !opaque::is_allowed(&text) {
            let message = "has characters that cannot be seen, or that not every device can type";
            return Err(FieldError::new(
                field,
                Fault::new(FaultCode::ForbiddenCharacters, message),
            ));
        }
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

/// Whether a password is the one of a stored hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verified {
    /// It is another one.
    Wrong,
    /// It is.
    Right,
    /// It is as it was typed, and not in the form in which passwords are hashed: the hash was made before there was
    /// such a form, and is to be replaced.
    RightAsTyped,
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
        tokio::task::spawn_blocking(move || {
            hash(&argon2, opaque::normal(&password.0).as_bytes(), &salt)
        })
        .await
        .map_err(|_| PasswordError::Hash)?
    }

    /// Whether the password is the one of this stored hash. Without one it is wrong, after
    /// the same time. A `stranger` waits for other strangers; nobody else does.
    pub(crate) async fn verify(
        &self,
        password: Password,
        stored: Option<&str>,
        stranger: bool,
    ) -> Result<Verified, PasswordError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or(&self.nobodys).to_owned();
        let _among_strangers =
            if stranger { Some(self.turn_of(&self.turns_of_strangers).await?) } else { None };
        let _turn = self.turn().await?;
        let argon2 = self.argon2.clone();
        tokio::task::spawn_blocking(move || {
            let hash = PasswordHash::new(&stored).map_err(|_| PasswordError::Hash)?;
            let right = password
                .forms()
                .into_iter()
                .find(|(form, _)| argon2.verify_password(form.as_bytes(), &hash).is_ok() && known);
            Ok(right.map_or(Verified::Wrong, |(_, verified)| verified))
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
        // Eleven, however they are written.
        assert!(Password::choose("password", "e\u{301}".repeat(11), &settings).is_err());
        assert!(Password::choose("password", "twelve\tcharacters", &settings).is_err());
    }

    #[tokio::test]
    async fn the_right_password_and_only_it_verifies() {
        let passwords = Passwords::new(quick(), Environment::system()).unwrap();
        let chosen = Password::claimed("correct horse battery");
        let stored = passwords.hash(chosen.clone()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
        let verify = async |typed: &str, stored: Option<&str>| {
            passwords.verify(Password::claimed(typed), stored, true).await.unwrap()
        };
        assert_eq!(verify("correct horse battery", Some(&stored)).await, Verified::Right);
        assert_eq!(verify("correct horse\u{A0}battery", Some(&stored)).await, Verified::Right);
        assert_eq!(verify("wrong", Some(&stored)).await, Verified::Wrong);
        assert_eq!(verify("wrong", None).await, Verified::Wrong);
    }

    #[tokio::test]
    async fn a_password_is_right_in_every_form_and_an_older_hash_as_it_was_typed() {
        let passwords = Passwords::new(quick(), Environment::system()).unwrap();
        let verify = async |typed: &str, stored: &str| {
            passwords.verify(Password::claimed(typed), Some(stored), true).await.unwrap()
        };
        let (composed, decomposed) =
            ("M\u{FC}ller und S\u{F6}hne", "Mu\u{308}ller und So\u{308}hne");
        let settings = PasswordSettings::default();
        let chosen = Password::choose("password", decomposed, &settings).unwrap();
        assert!(chosen.is_same(&Password::claimed(composed)));
        let stored = passwords.hash(chosen).await.unwrap();
        assert_eq!(verify(composed, &stored).await, Verified::Right);
        assert_eq!(verify(decomposed, &stored).await, Verified::Right);
        let older = hash(&passwords.argon2, decomposed.as_bytes(), &[7; 16]).unwrap();
        assert_eq!(verify(decomposed, &older).await, Verified::RightAsTyped);
        assert_eq!(verify(composed, &older).await, Verified::Wrong);
    }

    #[tokio::test]
    async fn strangers_leave_a_turn_to_those_whom_we_know() {
        let settings = PasswordSettings { concurrency: 2, patience_ms: 1, ..quick() };
        let passwords = Passwords::new(settings, Environment::system()).unwrap();
        let _stranger = passwords.turns_of_strangers.acquire().await.unwrap();
        let _hashing = passwords.turn().await.unwrap();
        let wrong = || Password::claimed("wrong");
        assert!(matches!(passwords.verify(wrong(), None, true).await, Err(PasswordError::Busy)));
        assert!(matches!(passwords.verify(wrong(), None, false).await, Ok(Verified::Wrong)));
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
