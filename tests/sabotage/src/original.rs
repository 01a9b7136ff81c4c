//! The log as it was before anything was done to it.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use service::master_key::{MasterKey, Sealed};
use sqlx::{PgConnection, Row as _};
use translog::{Hash, Signer};
use uuid::Uuid;

/// An entry, and what it is chosen by.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its event's id.
    pub event_id: Uuid,
    /// Its stream.
    pub stream: Uuid,
    /// Its place in the stream.
    pub version: i64,
    /// On whose behalf it is.
    pub organization: Option<Uuid>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// Who recorded it.
    pub source: String,
    /// Its bytes.
    pub envelope: Vec<u8>,
    /// Their hash.
    pub leaf: Hash,
}

/// A log, and the key by which it signs.
#[derive(Debug)]
pub struct Original {
    /// The entry with index n is at position n + 1.
    pub entries: Vec<Entry>,
    /// The key.
    pub signer: Signer,
}

impl Original {
    /// Reads the log of this database, and opens its key.
    ///
    /// # Errors
    /// When the database fails, or the key does not open.
    pub async fn read(conn: &mut PgConnection, master_key: &str) -> anyhow::Result<Self> {
        let rows = sqlx::query(
            "SELECT event_id, stream_id, version, organization, recorded_at, source, envelope FROM audit.entries
             ORDER BY position",
        )
        .fetch_all(&mut *conn)
        .await?;
        let entries = rows.into_iter().map(|row| {
            let envelope: Vec<u8> = row.get(6);
            Entry {
                event_id: row.get(0),
                stream: row.get(1),
                version: row.get(2),
                organization: row.get(3),
                recorded_at: row.get(4),
                source: row.get(5),
                leaf: Hash::of_leaf(&envelope),
                envelope,
            }
        });
        Ok(Self { entries: entries.collect(), signer: signer(conn, master_key).await? })
    }

    /// How many entries there are.
    pub fn size(&self) -> u64 {
        self.entries.len() as u64
    }
}

/// The log's key, which whoever runs the log can unseal.
async fn signer(conn: &mut PgConnection, master_key: &str) -> anyhow::Result<Signer> {
    let row = sqlx::query(
        "SELECT origin, verifier_key, sealed_private, nonce FROM audit.log_keys ORDER BY generation DESC LIMIT 1",
    )
    .fetch_one(conn)
    .await?;
    let (origin, verifier_key): (String, String) = (row.get(0), row.get(1));
    let nonce: Vec<u8> = row.get(3);
    let nonce = nonce.try_into().ok().context("a nonce is 12 bytes")?;
    let sealed = Sealed { nonce, ciphertext: row.get(2) };
    let purpose = format!("mandate log key {verifier_key}");
    let private = MasterKey::parse(master_key)?.open(purpose.as_bytes(), &sealed)?;
    Ok(Signer::from_pkcs8(origin.parse()?, &private)?)
}
