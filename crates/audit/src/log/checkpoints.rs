//! Signs what was committed, and lets it be served.

use std::io;
use std::sync::Arc;

use chrono::TimeDelta;
use contract::Environment;
use service::master_key::MasterKey;
use sqlx::{PgConnection, PgPool};
use translog::{Checkpoint, CheckpointError, Hash, KeyName, MissingHash, Note, Signer, Tile};

use super::keep::KeepDir;
use super::keyring::{self, KeyringError};
use crate::store::checkpoints::{self, StoredCheckpoint};
use crate::store::tree;

/// What checkpoints are signed with, once the database answers.
#[derive(Clone)]
pub(crate) struct Signing {
    pub(crate) pool: PgPool,
    pub(crate) env: Environment,
    pub(crate) master: Arc<MasterKey>,
    /// Under which name a log begins.
    pub(crate) origin: KeyName,
    /// How long a checkpoint is served at least before a larger one is.
    pub(crate) interval: TimeDelta,
    pub(crate) keep: Option<KeepDir>,
}

impl Signing {
    /// Reads the log's key, or makes it, and makes certain that what was signed before is the beginning of what is
    /// there.
    ///
    /// # Errors
    /// When it is not, or the database does not answer.
    pub(crate) async fn open(&self) -> Result<CheckpointSigner, SigningError> {
        let Self { pool, env, master, origin, interval, keep } = self.clone();
        let signer = Arc::new(keyring::load_or_create(&pool, &env, &master, &origin).await?);
        let signer = CheckpointSigner { pool, env, signer, interval, keep };
        signer.check().await?;
        Ok(signer)
    }
}

/// Signs checkpoints of the log.
#[derive(Clone)]
pub(crate) struct CheckpointSigner {
    pub(crate) pool: PgPool,
    pub(crate) env: Environment,
    pub(crate) signer: Arc<Signer>,
    /// How long a checkpoint is served at least before a larger one is.
    pub(crate) interval: TimeDelta,
    pub(crate) keep: Option<KeepDir>,
}

/// Why a checkpoint is not signed, or not served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SigningError {
    /// There is one of the same size with another root. Never signed.
    #[error(
        "a checkpoint of {size} entries was signed with the root {signed}, and now the tree has {root}: the database was altered"
    )]
    Fork { size: i64, signed: Hash, root: Hash },
    /// What was signed is not what the tree was at that size.
    #[error("the tree of {size} entries does not have the root that was signed: {reason}")]
    Mismatch { size: i64, reason: String },
    /// A checkpoint was served of more entries than there are.
    #[error(
        "{file} has a checkpoint of {kept} entries that was served, and the log has {size}: the database was restored from an older backup, or is another. Restore a newer one; what has been told others cannot be signed anew"
    )]
    Behind { file: String, kept: u64, size: i64 },
    /// The kept file is no checkpoint of this log.
    #[error("{file} is no checkpoint of this log: {error}")]
    NotIts { file: String, error: CheckpointError },
    /// It cannot be signed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// It cannot be kept, and so it is not served.
    #[error("audit.keep_dir: {0}")]
    Keep(#[from] io::Error),
    /// There is no key.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
}

impl SigningError {
    /// Whether the database did not answer, or is not migrated: it may be so later.
    pub(crate) const fn is_of_the_database(&self) -> bool {
        matches!(self, Self::Database(_) | Self::Keyring(KeyringError::Database(_)))
    }
}

impl CheckpointSigner {
    /// Compares what was signed, and what was kept, with the tree as it is stored: the one must be the beginning of the
    /// other.
    ///
    /// # Errors
    /// When it is not, which nothing here can mend.
    pub(crate) async fn check(&self) -> Result<(), SigningError> {
        let mut conn = self.pool.acquire().await?;
        if let Some(last) = checkpoints::last(&mut *conn).await? {
            compare(&mut conn, last.size, last.root).await?;
        }
        let Some(keep) = &self.keep else { return Ok(()) };
        let Some(kept) = keep.read()? else { return Ok(()) };
        let file = || keep.file().display().to_string();
        let kept = Note::parse(&kept)
            .map_err(CheckpointError::from)
            .and_then(|note| Checkpoint::open(&note, self.signer.verifier_key()))
            .map_err(|error| SigningError::NotIts { file: file(), error })?;
        let size = tree::head(&mut conn).await?.tree_size;
        match i64::try_from(kept.size) {
            Ok(kept_size) if kept_size <= size => compare(&mut conn, kept_size, kept.root).await,
            _ => Err(SigningError::Behind { file: file(), kept: kept.size, size }),
        }
    }

    /// Signs the tree as it is committed, if that was not done, and lets it be served, if the last was long enough ago.
    /// Whether there is one that waits to be served.
    pub(crate) async fn sign(&self) -> Result<bool, SigningError> {
        let mut conn = self.pool.acquire().await?;
        let head = tree::head(&mut conn).await?;
        let last = checkpoints::last(&mut *conn).await?;
        let last = match last {
            Some(last) if last.size == head.tree_size => {
                if last.root != head.root {
                    let (size, signed, root) = (last.size, last.root, head.root);
                    return Err(SigningError::Fork { size, signed, root });
                }
                last
            }
            Some(last) if last.size > head.tree_size => {
                // Another replica may have appended and signed since the head was read.
                compare(&mut conn, last.size, last.root).await?;
                last
            }
            _ => {
                let size = u64::try_from(head.tree_size).unwrap_or_default();
                let origin = self.signer.verifier_key().name().clone();
                let checkpoint = Checkpoint { origin, size, root: head.root };
                let note = checkpoint.sign(&self.signer)?.to_string().into_bytes();
                let (size, root) = (head.tree_size, head.root);
                let signed = StoredCheckpoint { size, root, note };
                let now = self.env.now();
                let stored = checkpoints::insert(&mut conn, &signed, now).await?;
                if stored != root {
                    return Err(SigningError::Fork { size, signed: stored, root });
                }
                // Crash point: it is stored and nobody has seen it; the next one is signed as well.
                checkpoints::forget_unserved(&mut conn, size).await?;
                signed
            }
        };
        let served = checkpoints::last_served(&mut *conn).await?;
        if served.is_some_and(|served| served.size >= last.size) {
            return Ok(false);
        }
        let now = self.env.now();
        if !checkpoints::may_serve(&mut *conn, now, self.interval).await? {
            return Ok(true);
        }
        if let Some(keep) = self.keep.clone() {
            let note = last.note;
            let written = tokio::task::spawn_blocking(move || keep.write(&note)).await;
            written.map_err(io::Error::other)??;
        }
        // Crash point: it is kept, and not served: the copy is ahead of what others saw, and never of the tree.
        checkpoints::serve(&mut *conn, last.size, now).await?;
        Ok(false)
    }
}

/// Whether the stored tree had this root at this size.
async fn compare(conn: &mut PgConnection, size: i64, root: Hash) -> Result<(), SigningError> {
    let mismatch = |reason: String| SigningError::Mismatch { size, reason };
    let of = u64::try_from(size).map_err(|error| mismatch(error.to_string()))?;
    let edge: Vec<Tile> = Tile::right_edge(of).collect();
    let tiles = tree::tiles(conn, &edge).await?;
    match translog::root(of, &tiles) {
        Ok(found) if found == root => Ok(()),
        Ok(found) => Err(mismatch(format!("its tiles make {found}, and {root} was signed"))),
        Err(MissingHash(node)) => Err(mismatch(format!("{node:?} is missing"))),
    }
}
