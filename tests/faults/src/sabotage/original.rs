//! The log as it was before anything was done to it.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use contract::{ManifestId, Service};
use service::master_key::{MasterKey, Sealed};
use sqlx::{PgConnection, Row as _};
use translog::{Hash, Signer};
use uuid::Uuid;

/// An entry, and what it is chosen by.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its event's id.
    pub event_id: Uuid,
    /// The kind of its stream.
    pub stream_kind: String,
    /// Its stream.
    pub stream: Uuid,
    /// Its place in the stream.
    pub version: i64,
    /// On whose behalf it is.
    pub organization: Option<Uuid>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// Its bytes.
    pub envelope: Vec<u8>,
    /// Their hash.
    pub leaf: Hash,
}

/// A manifest of a log.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The index of its entry.
    pub entry: usize,
    /// Whose it is.
    pub service: Service,
    /// Its place among these.
    pub version: i64,
    /// What it lists.
    pub list: String,
}

/// A log, and the key by which it signs.
#[derive(Debug)]
pub struct Original {
    /// The entry with index n is at position n + 1.
    pub entries: Vec<Entry>,
    /// Its manifests, of each service in their order.
    pub manifests: Vec<Manifest>,
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
            "SELECT event_id, stream_kind, stream_id, version, organization, recorded_at, envelope FROM audit.entries
             ORDER BY position",
        )
        .fetch_all(&mut *conn)
        .await?;
        let entries = rows.into_iter().map(|row| {
            let envelope: Vec<u8> = row.get(6);
            Entry {
                event_id: row.get(0),
                stream_kind: row.get(1),
                stream: row.get(2),
                version: row.get(3),
                organization: row.get(4),
                recorded_at: row.get(5),
                leaf: Hash::of_leaf(&envelope),
                envelope,
            }
        });
        Ok(Self {
            entries: entries.collect(),
            manifests: manifests(conn).await?,
            signer: signer(conn, master_key).await?,
        })
    }

    /// How many entries there are.
    pub fn size(&self) -> u64 {
        self.entries.len() as u64
    }
}

/// The manifests of the log, with their lists.
async fn manifests(conn: &mut PgConnection) -> anyhow::Result<Vec<Manifest>> {
    let mut manifests = Vec::new();
    for service in Service::ALL {
        let rows = sqlx::query(
            "SELECT position, version, list FROM audit.entries
             LEFT JOIN (SELECT version, list FROM audit.manifest_lists WHERE service = $2) AS lists USING (version)
             WHERE stream_id = $1 ORDER BY version",
        )
        .bind(ManifestId::of(service).uuid())
        .bind(service.name())
        .fetch_all(&mut *conn)
        .await?;
        for row in rows {
            let list: Option<Vec<u8>> = row.get(2);
            let list = list.with_context(|| format!("a list of {service} is not there"))?;
            manifests.push(Manifest {
                entry: usize::try_from(row.get::<i64, _>(0) - 1)?,
                service,
                version: row.get(1),
                list: String::from_utf8(list)?,
            });
        }
    }
    Ok(manifests)
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
