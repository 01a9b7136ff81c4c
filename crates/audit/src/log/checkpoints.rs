//! Signs what was committed, and lets it be served.

use std::io;
use std::num::TryFromIntError;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use eventstore::EventStore;
use eventstore::dedicated_connection::DedicatedConnection;
use service::master_key::MasterKey;
use sqlx::{Connection as _, PgConnection};
use translog::{Checkpoint, KeyName};

use super::consistency::{SigningError, check_kept, compare};
use super::keep::KeepDir;
use super::keyring::{self, Keyring, Keys};
use super::seen::{LargestSeen, Seen};
use crate::store::checkpoints::{self, State, StoredCheckpoint};
use crate::store::tree::Head;

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
