//! The keys that sign access tokens, sealed.

use chrono::{DateTime, Utc};
use contract::{SigningKeyId, Version};
use sqlx::PgConnection;
use uuid::Uuid;

use super::unreadable;
use crate::signing_key::ALGORITHM;
use service::master_key::Sealed;

/// A signing key as it is stored.
#[derive(Debug)]
pub(crate) struct StoredSigningKey {
    /// Its id.
    pub id: SigningKeyId,
    /// The uncompressed point.
    pub public_point: Vec<u8>,
    /// Its private part.
    pub sealed: Sealed,
}

struct Row {
    signing_key_id: Uuid,
    public_key: Vec<u8>,
    sealed_private: Vec<u8>,
    nonce: Vec<u8>,
}

/// Lets only one replica at a time look for the signing key and make it, until the transaction ends.
pub(crate) async fn lock(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtext('key_issuer.signing_keys'))")
        .execute(connection)
        .await?;
    Ok(())
}

/// The signing key, if it was made.
pub(crate) async fn find(
    connection: &mut PgConnection,
) -> Result<Option<StoredSigningKey>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT signing_key_id, public_key, sealed_private, nonce FROM key_issuer.signing_keys WHERE algorithm = $1",
        ALGORITHM,
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(StoredSigningKey {
            id: SigningKeyId::from_uuid(row.signing_key_id),
            public_point: row.public_key,
            sealed: Sealed {
                nonce: row.nonce.try_into().map_err(|_| unreadable("nonce", "not 12 bytes"))?,
                ciphertext: row.sealed_private,
            },
        })
    })
    .transpose()
}

/// Stores a new signing key.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    key: &StoredSigningKey,
    created_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO key_issuer.signing_keys
             (signing_key_id, algorithm, public_key, sealed_private, nonce, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        key.id.uuid(),
        ALGORITHM,
        key.public_point,
        key.sealed.ciphertext,
        &key.sealed.nonce,
        created_at,
        Version::FIRST.number(),
    )
    .execute(connection)
    .await?;
    Ok(())
}
