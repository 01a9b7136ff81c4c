//! The keys of the log, sealed.

use chrono::{DateTime, Utc};
use service::master_key::Sealed;
use sqlx::PgConnection;

/// A key of the log as it is stored.
#[derive(Debug)]
pub(crate) struct StoredKey {
    /// The log's name.
    pub(crate) origin: String,
    /// Its public part (c2sp.org/signed-note).
    pub(crate) verifier_key: String,
    /// Its private part.
    pub(crate) sealed: Sealed,
}

/// Lets only one replica at a time look for the key and make it, until the transaction ends.
pub(crate) async fn lock(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtext('audit.log_keys'))").execute(conn).await?;
    Ok(())
}

/// The key that signs, if there is one.
pub(crate) async fn last(conn: &mut PgConnection) -> sqlx::Result<Option<StoredKey>> {
    let row = sqlx::query!(
        "SELECT origin, verifier_key, sealed_private, nonce FROM audit.log_keys ORDER BY generation DESC LIMIT 1"
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        let nonce = row.nonce.try_into();
        let nonce = nonce.map_err(|_| sqlx::Error::Decode("a nonce is 12 bytes".into()))?;
        let sealed = Sealed { nonce, ciphertext: row.sealed_private };
        Ok(StoredKey { origin: row.origin, verifier_key: row.verifier_key, sealed })
    })
    .transpose()
}

/// Stores a new key, which signs from now on.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    key: &StoredKey,
    created_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO audit.log_keys (generation, origin, verifier_key, sealed_private, nonce, created_at)
         SELECT coalesce(max(generation), 0) + 1, $1, $2, $3, $4, $5 FROM audit.log_keys",
        key.origin,
        key.verifier_key,
        key.sealed.ciphertext,
        &key.sealed.nonce,
        created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}
