//! The keys of the log, sealed.

use chrono::{DateTime, Utc};
use contract::{EventId, LogKeyId, Version};
use eventstore::rows;
use service::master_key::Sealed;
use sqlx::PgConnection;

/// A key of the log as it is stored.
#[derive(Debug)]
pub(crate) struct StoredKey {
    /// The how many-eth it is, of all logs that this database had.
    pub(crate) generation: i16,
    /// The log's name.
    pub(crate) origin: String,
    /// Its public part (c2sp.org/signed-note).
    pub(crate) verifier_key: String,
    /// Its private part.
    pub(crate) sealed: Sealed,
    /// What says so in the log; none yet for a key from before that was said.
    pub(crate) event: Option<KeyEvent>,
}

/// The event that says that a key was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyEvent {
    /// Its id.
    pub(crate) id: EventId,
    /// Its stream: all keys of a log are one.
    pub(crate) log_key: LogKeyId,
    /// Its place there.
    pub(crate) version: Version,
}

/// Lets only one replica at a time look for the key and make it, until the transaction ends.
pub(crate) async fn lock(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtext('audit.log_keys'))").execute(conn).await?;
    Ok(())
}

/// All keys of the log, the one that signs first; none of logs that were given up.
pub(crate) async fn of_log(conn: &mut PgConnection) -> sqlx::Result<Vec<StoredKey>> {
    let stored = sqlx::query!(
        r#"SELECT generation, origin, verifier_key, sealed_private, nonce,
                  event_id AS "event_id?", stream_id AS "stream_id?", version AS "version?"
           FROM audit.log_keys LEFT JOIN audit.log_key_events USING (generation)
           WHERE origin = (SELECT origin FROM audit.log_keys ORDER BY generation DESC LIMIT 1)
           ORDER BY generation DESC"#
    )
    .fetch_all(conn)
    .await?;
    let mut keys = Vec::with_capacity(stored.len());
    for row in stored {
        let nonce = row.nonce.try_into();
        let nonce = nonce.map_err(|_| sqlx::Error::Decode("a nonce is 12 bytes".into()))?;
        let event = match (row.event_id, row.stream_id, row.version) {
            (Some(id), Some(stream), Some(version)) => Some(KeyEvent {
                id: EventId::from_uuid(id),
                log_key: LogKeyId::from_uuid(stream),
                version: rows::version(version)?,
            }),
            _ => None,
        };
        keys.push(StoredKey {
            generation: row.generation,
            origin: row.origin,
            verifier_key: row.verifier_key,
            sealed: Sealed { nonce, ciphertext: row.sealed_private },
            event,
        });
    }
    Ok(keys)
}

/// The names of all logs that there were, in their order: the one that there is now is the last.
pub(crate) async fn origins(conn: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "SELECT origin FROM audit.log_keys GROUP BY origin ORDER BY min(generation)"
    )
    .fetch_all(conn)
    .await
}

/// A key that is to be stored.
#[derive(Debug)]
pub(crate) struct NewKey {
    /// The log's name.
    pub(crate) origin: String,
    /// Its public part.
    pub(crate) verifier_key: String,
    /// Its private part.
    pub(crate) sealed: Sealed,
}

/// Stores a new key, which signs from now on: its generation.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    key: &NewKey,
    created_at: DateTime<Utc>,
) -> sqlx::Result<i16> {
    sqlx::query_scalar!(
        "INSERT INTO audit.log_keys (generation, origin, verifier_key, sealed_private, nonce, created_at)
         SELECT coalesce(max(generation), 0) + 1, $1, $2, $3, $4, $5 FROM audit.log_keys
         RETURNING generation",
        key.origin,
        key.verifier_key,
        key.sealed.ciphertext,
        &key.sealed.nonce,
        created_at,
    )
    .fetch_one(conn)
    .await
}

/// Stores which event says that a key was made.
pub(crate) async fn insert_event(
    conn: &mut PgConnection,
    generation: i16,
    event: KeyEvent,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO audit.log_key_events (generation, event_id, stream_id, version) VALUES ($1, $2, $3, $4)",
        generation,
        event.id.uuid(),
        event.log_key.uuid(),
        event.version.number(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
