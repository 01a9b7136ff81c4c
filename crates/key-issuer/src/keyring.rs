//! The signing key on its way from and to the database.

use contract::facts::{SigningAlgorithm, SigningKeyCreated};
use contract::{Environment, Provenance, Service, SigningKeyId, Version};
use eventstore::{AppendError, EventStore};

use crate::signing_key::{InvalidSigningKey, SigningKey};
use crate::store::signing_keys::{self, StoredSigningKey};
use service::master_key::{MasterKey, MasterKeyError};

/// Why there is no signing key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyringError {
    /// The master key is missing, no key, or another one.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// What was sealed is no key.
    #[error(transparent)]
    Invalid(#[from] InvalidSigningKey),
    /// The stored public part does not belong to the private part.
    #[error("the stored signing key's public part was altered")]
    Altered,
    /// It could not be recorded.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
}

/// Reads the signing key; the first replica of a new installation makes it, the others wait for it.
///
/// # Errors
/// See [`KeyringError`].
pub(crate) async fn load_or_create(
    events: &EventStore,
    master: &MasterKey,
) -> Result<SigningKey, KeyringError> {
    let environment = events.environment();
    let provenance = Provenance::system(Service::KeyIssuer, None, environment.new_id());
    let mut unit = events.begin(&provenance);
    let connection = unit.connection().await?;
    signing_keys::lock(connection).await?;
    if let Some(stored) = signing_keys::find(connection).await? {
        return open(master, &stored);
    }
    let key = SigningKey::generate(environment.new_id());
    let stored = seal(master, environment, &key);
    signing_keys::insert(connection, &stored, environment.now()).await?;
    let created = SigningKeyCreated {
        signing_key_id: key.id(),
        algorithm: SigningAlgorithm::Es256,
        thumbprint: key.jwk().thumbprint(),
    };
    unit.record(key.id().uuid(), Version::FIRST, &created)?;
    unit.commit().await?;
    tracing::info!(key = %key.id(), "a signing key was made");
    Ok(key)
}

fn seal(master: &MasterKey, environment: &Environment, key: &SigningKey) -> StoredSigningKey {
    StoredSigningKey {
        id: key.id(),
        public_point: key.public_point().to_vec(),
        sealed: master.seal(environment, &purpose(key.id()), &key.to_pkcs8()),
    }
}

fn open(master: &MasterKey, stored: &StoredSigningKey) -> Result<SigningKey, KeyringError> {
    let pkcs8 = master.open(&purpose(stored.id), &stored.sealed)?;
    let key = SigningKey::from_pkcs8(stored.id, &pkcs8)?;
    if key.public_point() == stored.public_point { Ok(key) } else { Err(KeyringError::Altered) }
}

/// Binds the sealed key to its id: one row's key cannot be put in another's place.
fn purpose(id: SigningKeyId) -> Vec<u8> {
    format!("mandate signing key {id}").into_bytes()
}
