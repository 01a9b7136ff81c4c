//! Whether what was signed, and what was kept of it, is the beginning of the log that there is; and why a checkpoint is
//! not signed, or not served, if it is not.

use std::io;
use std::path::Path;

use eventstore::AppendError;
use sqlx::PgConnection;
use translog::{Checkpoint, CheckpointError, Hash, MissingHash, Note, NoteError, Tile, proof};

use super::keyring::{Keyring, KeyringError};
use super::names;
use crate::store::tree::Head;
use crate::store::{log_keys, tree};

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
    /// There are fewer entries than were signed.
    #[error(
        "a checkpoint of {signed} entries was signed since this started, and now the tree has {size}: the database was altered, or restored while the service ran"
    )]
    Shrunk { signed: i64, size: i64 },
    /// What was kept is not the beginning of what there is.
    #[error(
        "{file} has a checkpoint of {size} entries that was served, and the tree of as many does not have the root that was signed: {reason}. The database was altered, or it was restored from an older backup and went on from there; then `mandate log continue-as-new` begins another log (docs/operating.md, Backup and restore)"
    )]
    OtherThanKept { file: String, size: i64, reason: String },
    /// A checkpoint was served of more entries than there are.
    #[error(
        "{file} has a checkpoint of {kept} entries that was served, and the log has {size}: the database was restored from an older backup, or is another. What has been told others cannot be signed anew: restore a newer backup, or begin another log by `mandate log continue-as-new` (docs/operating.md, Backup and restore)"
    )]
    Behind { file: String, kept: u64, size: i64 },
    /// It was served under a key that there is not.
    #[error(
        "{file} has a checkpoint of {kept} entries of this log, or of one that went on from it, by a key that the database does not have: it was restored from a backup that is older than the key. Restore a newer one, or begin another log by `mandate log continue-as-new` (docs/operating.md, Backup and restore)"
    )]
    OtherKey { file: String, kept: u64 },
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
        matches!(
            self,
            Self::Database(_)
                | Self::Keyring(
                    KeyringError::Database(_) | KeyringError::Event(AppendError::Database(_))
                )
        )
    }
}

/// Compares what was kept with the tree as it is stored: how many entries it covers; none if it is of a log before this
/// one.
pub(crate) async fn check_kept(
    conn: &mut PgConnection,
    file: &Path,
    note: &[u8],
    keyring: &Keyring,
) -> Result<Option<i64>, SigningError> {
    let file = file.display().to_string();
    let parsed = Note::parse(note).map_err(CheckpointError::from);
    let opened = parsed.and_then(|note| {
        let said: Checkpoint = note.text().parse()?;
        Ok((said, keyring.open(&note)))
    });
    let kept = match opened {
        Ok((_, Ok(kept))) => kept,
        Ok((said, Err(CheckpointError::Note(NoteError::UnknownKeys)))) => {
            if said.origin == *keyring.origin() {
                return Err(SigningError::OtherKey { file, kept: said.size });
            }
            let names = log_keys::origins(conn).await?;
            let former = names::former(conn).await?.filter(|former| former.origin == said.origin);
            if let Some(former) = &former
                && (former.size < said.size
                    || (former.size == said.size && former.root != said.root))
            {
                tracing::error!(
                    file,
                    kept = said.size,
                    continued_at = former.size,
                    "what was kept of the log before this one is not what this one says that it goes on from"
                );
            }
            if former.is_some() || names.iter().any(|name| name == said.origin.as_str()) {
                tracing::warn!(file, "what was kept is of the log before this one");
                return Ok(None);
            }
            if names::number(&names, said.origin.as_str()).is_some() {
                return Err(SigningError::OtherKey { file, kept: said.size });
            }
            let error = CheckpointError::OtherOrigin(said.origin);
            return Err(SigningError::NotIts { file, error });
        }
        Ok((_, Err(error))) | Err(error) => return Err(SigningError::NotIts { file, error }),
    };
    let Head { tree_size: size, root, .. } = tree::head(conn).await?;
    match i64::try_from(kept.size) {
        Ok(kept_size) if kept_size <= size => {
            let compared = compare(conn, &[(kept_size, kept.root), (size, root)]).await;
            compared.map(|()| Some(kept_size)).map_err(|error| match error {
                SigningError::Mismatch { reason, .. } => {
                    SigningError::OtherThanKept { file, size: kept_size, reason }
                }
                error => error,
            })
        }
        _ => Err(SigningError::Behind { file, kept: kept.size, size }),
    }
}

/// Whether the stored tree had these roots at these sizes, the smallest first, and each went on from the one before: tiles
/// that were filled in between are at no edge, and are read for that.
pub(crate) async fn compare(
    conn: &mut PgConnection,
    roots: &[(i64, Hash)],
) -> Result<(), SigningError> {
    let mismatch = |size: i64, reason: String| SigningError::Mismatch { size, reason };
    let mut edges: Vec<Tile> = Vec::new();
    for (size, _) in roots {
        let of = u64::try_from(*size).map_err(|error| mismatch(*size, error.to_string()))?;
        edges.extend(Tile::right_edge(of));
    }
    for ((old, _), (new, _)) in roots.iter().zip(roots.iter().skip(1)) {
        let between = proof::consistency_tiles(old.unsigned_abs(), new.unsigned_abs());
        edges.extend(between.map_err(|error| mismatch(*old, error.to_string()))?);
    }
    // Of a tile that is in both edges the wider, in which the narrower is.
    edges.sort_unstable();
    edges.dedup_by(|wider, tile| {
        let is_same = (tile.level(), tile.at().index()) == (wider.level(), wider.at().index());
        if is_same {
            *tile = *wider;
        }
        is_same
    });
    let tiles = tree::tiles(conn, &edges).await?;
    for (size, root) in roots {
        match translog::root(size.unsigned_abs(), &tiles) {
            Ok(found) if found == *root => {}
            Ok(found) => {
                let reason = format!("its tiles make {found}, and {root} was signed");
                return Err(mismatch(*size, reason));
            }
            Err(MissingHash(node)) => return Err(mismatch(*size, format!("{node:?} is missing"))),
        }
    }
    for ((old, old_root), (new, new_root)) in roots.iter().zip(roots.iter().skip(1)) {
        let (from, to) = (old.unsigned_abs(), new.unsigned_abs());
        let found = proof::consistency(from, to, &tiles);
        let found = found.map_err(|error| mismatch(*old, error.to_string()))?;
        proof::verify_consistency((from, *old_root), (to, *new_root), &found).map_err(|_| {
            let reason = format!(
                "the tree of {new} entries with the root {new_root} does not go on from it"
            );
            mismatch(*old, reason)
        })?;
    }
    Ok(())
}
