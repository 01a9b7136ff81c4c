//! Signs what was committed, and lets it be served.

use std::io;
use std::num::TryFromIntError;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use eventstore::dedicated_connection::DedicatedConnection;
use eventstore::{AppendError, EventStore};
use service::master_key::MasterKey;
use sqlx::{Connection as _, PgConnection};
use translog::{
    Checkpoint, CheckpointError, Hash, KeyName, MissingHash, Note, NoteError, Tile, proof,
};

use super::keep::KeepDir;
use super::keyring::{self, Keyring, KeyringError, Keys};
use super::names;
use super::seen::{LargestSeen, Seen};
use crate::store::checkpoints::{self, State, StoredCheckpoint};
use crate::store::tree::Head;
use crate::store::{log_keys, tree};

/// What checkpoints are signed with, once the database answers.
#[derive(Clone)]
pub(crate) struct Signing {
    /// Where the log is told of its keys, and in which database it is.
    pub(crate) events: EventStore,
    pub(crate) master: Arc<MasterKey>,
    /// Under which name a log begins.
    pub(crate) origin: KeyName,
    /// How long a checkpoint is served at least before a larger one is.
    pub(crate) interval: TimeDelta,
    pub(crate) keep: Option<KeepDir>,
    /// What this process saw signed.
    pub(crate) seen: LargestSeen,
}

impl Signing {
    /// Reads the log's keys, or makes the first, and makes certain that what was signed before is the beginning of what
    /// is there.
    ///
    /// # Errors
    /// When it is not, or the database does not answer.
    pub(crate) async fn open(&self) -> Result<CheckpointSigner, SigningError> {
        let keys = Keys { events: &self.events, master: &self.master };
        let keyring = keyring::load_or_create(keys, &self.origin).await?;
        let connection = DedicatedConnection::like(self.events.pool());
        let signing = self.clone();
        let mut signer =
            CheckpointSigner { signing, keyring, connection, rests_until: None, kept: 0 };
        signer.check().await?;
        Ok(signer)
    }
}

/// Signs checkpoints of the log.
pub(crate) struct CheckpointSigner {
    signing: Signing,
    keyring: Keyring,
    connection: DedicatedConnection,
    /// Until then nothing more is served, whatever is signed.
    rests_until: Option<DateTime<Utc>>,
    /// How many entries the checkpoint covers that this replica kept last.
    kept: i64,
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

impl CheckpointSigner {
    /// Compares what was signed, and what was kept, with the tree as it is stored: the one must be the beginning of the
    /// other.
    ///
    /// # Errors
    /// When it is not, which nothing here can mend.
    async fn check(&mut self) -> Result<(), SigningError> {
        let mut conn = self.signing.events.pool().acquire().await?;
        if let Some(last) = checkpoints::last(&mut *conn).await? {
            compare(&mut conn, &[(last.size, last.root)]).await?;
        }
        let Some(keep) = &self.signing.keep else { return Ok(()) };
        if let Some(kept) = keep.read()? {
            check_kept(&mut conn, &keep.file(), &kept, &self.keyring).await?;
        }
        self.keep_served(&mut conn).await
    }

    /// Signs the tree as it is committed, if that was not done, and lets it be served, if the last was long enough ago.
    /// With every batch: so it asks little, and each question has all that it is about.
    pub(crate) async fn sign(&mut self) -> Result<(), SigningError> {
        let mut conn = self.connection.take().await?;
        self.sign_with(&mut conn).await?;
        self.connection.put_back(conn);
        Ok(())
    }

    async fn sign_with(&mut self, conn: &mut PgConnection) -> Result<(), SigningError> {
        let origin = self.keyring.origin().clone();
        // With the head: no tree with the entry that says so is signed by the replaced key alone.
        let State { head, last, newest_key } = checkpoints::state(&mut *conn).await?;
        self.keyring.refresh(conn, &self.signing.master, newest_key).await?;
        if *self.keyring.origin() != origin {
            // Another log was begun in between: this was the head of the one before.
            return Ok(());
        }
        self.compare_with_seen(conn, &head, last.as_ref()).await?;
        let last = match last {
            Some(last) if last.size == head.tree_size => {
                if last.root != head.root {
                    let (size, signed, root) = (last.size, last.root, head.root);
                    return Err(SigningError::Fork { size, signed, root });
                }
                last
            }
            Some(last) if last.size > head.tree_size => {
                compare(conn, &[(last.size, last.root)]).await?;
                last
            }
            last => self.sign_larger(conn, head, last).await?,
        };
        self.signing.seen.see(Seen { origin, size: last.size, root: last.root });
        self.serve(conn, last).await
    }

    /// Makes certain that the tree has what this process saw signed, though the database may not say any more that it
    /// was.
    async fn compare_with_seen(
        &self,
        conn: &mut PgConnection,
        head: &Head,
        last: Option<&StoredCheckpoint>,
    ) -> Result<(), SigningError> {
        let Some(seen) = self.signing.seen.of(self.keyring.origin()) else { return Ok(()) };
        if seen.size > head.tree_size {
            return Err(SigningError::Shrunk { signed: seen.size, size: head.tree_size });
        }
        // What was signed last is compared anyway.
        let is_last = last.is_some_and(|last| (last.size, last.root) == (seen.size, seen.root));
        if is_last {
            return Ok(());
        }
        compare(conn, &[(seen.size, seen.root), (head.tree_size, head.root)]).await
    }

    /// Signs a tree that is larger than the one that was signed last.
    async fn sign_larger(
        &self,
        conn: &mut PgConnection,
        head: Head,
        last: Option<StoredCheckpoint>,
    ) -> Result<StoredCheckpoint, SigningError> {
        if let Some(last) = last {
            // Whoever changed the tables while this ran is not covered up by a signature.
            compare(conn, &[(last.size, last.root), (head.tree_size, head.root)]).await?;
        }
        let (size, root) = (head.tree_size, head.root);
        let origin = self.keyring.origin().clone();
        let mismatch = |error: TryFromIntError| {
            let reason = error.to_string();
            SigningError::Mismatch { size, reason }
        };
        let checkpoint = Checkpoint { origin, size: size.try_into().map_err(mismatch)?, root };
        let note = self.keyring.sign(&checkpoint)?.to_string().into_bytes();
        let signed = StoredCheckpoint { size, root, note };
        let now = self.signing.events.environment().now();
        let stored = checkpoints::insert(conn, &signed, now).await?;
        if stored.root != root {
            return Err(SigningError::Fork { size, signed: stored.root, root });
        }
        Ok(stored)
    }

    /// Lets a checkpoint be served, after it was kept, unless it is too early for that.
    async fn serve(
        &mut self,
        conn: &mut PgConnection,
        last: StoredCheckpoint,
    ) -> Result<(), SigningError> {
        let now = self.signing.events.environment().now();
        if self.rests(now) {
            return Ok(());
        }
        // Others who sign wait, and ask after that: of two at once the larger is served, once, and kept.
        let mut transaction = conn.begin().await?;
        checkpoints::lock_serving(&mut transaction).await?;
        let served = checkpoints::served(&mut *transaction).await?;
        self.rests_until = served.map(|served| served.at + self.signing.interval);
        let is_served = served.is_some_and(|served| served.size >= last.size);
        if is_served || self.rests(now) {
            transaction.rollback().await?;
            let is_kept = served.is_none_or(|served| served.size <= self.kept);
            return if is_kept { Ok(()) } else { self.keep_served(conn).await };
        }
        // Crash point (checkpoint-stored): nobody has seen it; the next one is signed as well. Those before it that
        // nobody has seen go now, and not as each is signed: that would be one more commit for every batch.
        checkpoints::forget_unserved(&mut transaction, last.size).await?;
        self.keep(&mut transaction, last.size, last.note).await?;
        // Crash point (checkpoint-kept): the copy is ahead of what others saw, and never of the tree.
        checkpoints::serve(&mut *transaction, last.size, now).await?;
        transaction.commit().await?;
        self.rests_until = Some(now + self.signing.interval);
        Ok(())
    }

    /// Whether it is too early to serve another. A clock that was ahead when the last was served, and is right again,
    /// holds nothing up.
    fn rests(&self, now: DateTime<Utc>) -> bool {
        let at_most = now + self.signing.interval * 2;
        self.rests_until.is_some_and(|until| now < until && until <= at_most)
    }

    /// Keeps what another replica served, as that one did: whichever of them is started after a restore, its copy alone
    /// has to show what others were told.
    async fn keep_served(&mut self, conn: &mut PgConnection) -> Result<(), SigningError> {
        let served = checkpoints::last_served(&mut *conn).await?;
        let Some(StoredCheckpoint { size, note, .. }) = served else { return Ok(()) };
        self.keep(conn, size, note).await
    }

    /// Keeps a checkpoint as a file in place of the last, if the tree goes on from that one.
    async fn keep(
        &mut self,
        conn: &mut PgConnection,
        size: i64,
        note: Vec<u8>,
    ) -> Result<(), SigningError> {
        let Some(keep) = self.signing.keep.clone() else {
            // Not asked for again.
            self.kept = size;
            return Ok(());
        };
        // Others may keep theirs in the same folder, and what is written over shows nothing any more.
        let former = match keep.read()? {
            Some(kept) => match check_kept(conn, &keep.file(), &kept, &self.keyring).await? {
                Some(kept) if kept >= size => {
                    self.kept = kept;
                    return Ok(());
                }
                Some(_) => false,
                None => true,
            },
            None => false,
        };
        let written = tokio::task::spawn_blocking(move || {
            if former {
                keep.put_aside()?;
            }
            keep.write(&note)
        });
        written.await.map_err(io::Error::other)??;
        self.kept = size;
        Ok(())
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
