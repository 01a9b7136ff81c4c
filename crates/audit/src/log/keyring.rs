//! The log's key on its way from and to the database.

use contract::Environment;
use service::master_key::{MasterKey, MasterKeyError};
use sqlx::PgPool;
use translog::{KeyError, KeyName, Signer};

use crate::store::log_keys::{self, StoredKey};

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyringError {
    /// The master key is no key, or another one.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// What was sealed is no key, or the log's name is none.
    #[error(transparent)]
    Invalid(#[from] KeyError),
    /// The stored verifier key does not belong to the private part.
    #[error("the stored log key's public part was altered")]
    Altered,
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
}

/// Reads the log's key; the first replica of a log without one makes it, under this origin, and the others wait for it.
/// An origin stays as it was when the log began.
///
/// # Errors
/// See [`KeyringError`].
pub(crate) async fn load_or_create(
    pool: &PgPool,
    environment: &Environment,
    master: &MasterKey,
    origin: &KeyName,
) -> Result<Signer, KeyringError> {
    let mut transaction = pool.begin().await?;
    log_keys::lock(&mut transaction).await?;
    if let Some(stored) = log_keys::last(&mut transaction).await? {
        return open(master, &stored);
    }
    let signer = Signer::generate(origin.clone());
    let verifier_key = signer.verifier_key().to_string();
    let sealed = master.seal(environment, &purpose(&verifier_key), &signer.to_pkcs8());
    let stored = StoredKey { origin: origin.to_string(), verifier_key, sealed };
    log_keys::insert(&mut transaction, &stored, environment.now()).await?;
    transaction.commit().await?;
    tracing::info!(key = stored.verifier_key, "the audit log's key was made");
    Ok(signer)
}

fn open(master: &MasterKey, stored: &StoredKey) -> Result<Signer, KeyringError> {
    let pkcs8 = master.open(&purpose(&stored.verifier_key), &stored.sealed)?;
    let signer = Signer::from_pkcs8(stored.origin.parse()?, &pkcs8)?;
    let is_its = signer.verifier_key().to_string() == stored.verifier_key;
    if is_its { Ok(signer) } else { Err(KeyringError::Altered) }
}

/// Binds the sealed key to its public part: one row's key cannot be put in another's place.
fn purpose(verifier_key: &str) -> Vec<u8> {
    format!("mandate log key {verifier_key}").into_bytes()
}
