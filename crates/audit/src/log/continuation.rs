//! Another log in place of one whose database was restored from a backup that is older than what it had signed.
//!
//! The old one cannot go on: of the sizes up to its last checkpoint it would sign other roots than those that others
//! were told. So another log begins, under another name and another key. Its first entry names the old one's last
//! checkpoint; what was restored of the old one follows, entry by entry, each one position further than it was. What
//! producers have beside that comes as always: by comparing with them.

use std::path::Path;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use contract::Version;
use contract::facts::LogContinued;
use sqlx::PgConnection;
use translog::{Checkpoint, CheckpointError, KeyError, KeyName, Note};

use super::consistency::{self, SigningError};
use super::keyring::{self, Keyring, KeyringError, Keys};
use super::names;
use super::sequencer::Sequencer;
use crate::entry::Entry;
use crate::store::{append, checkpoints, continuation, log_keys, tree};

/// Why no other log was begun.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContinuationError {
    /// There is no need to.
    #[error("the log goes on from the checkpoint of {0}: there is nothing to begin anew")]
    Needless(String),
    /// No checkpoint was kept.
    #[error("there is no checkpoint at {0}: name the last one that anybody kept with --checkpoint")]
    NoCheckpoint(String),
    /// The name cannot be one.
    #[error("--origin: {0}")]
    Name(#[from] KeyError),
    /// The name is in use.
    #[error("--origin: a log of this installation was called {0} before")]
    NameInUse(String),
    /// What was kept or signed is none, or the keys cannot be had.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// The first entry could not be made.
    #[error("the first entry of the log was refused: {0}")]
    Entry(String),
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
}

impl From<KeyringError> for ContinuationError {
    fn from(error: KeyringError) -> Self {
        Self::Signing(error.into())
    }
}

/// Another log than there was.
#[derive(Debug)]
pub(crate) struct Continued {
    pub(crate) verifier_key: String,
    pub(crate) former: Checkpoint,
    pub(crate) restored: i64,
}

/// Begins another log, of this name or the next free one, in place of the one of which this checkpoint was kept. As the
/// owner of the tables, in one transaction. What else was kept may be of logs that were lost by another restore.
pub(crate) async fn continue_as_new(
    keys: Keys<'_>,
    (file, note): (&Path, &[u8]),
    others: &[Vec<u8>],
    origin: Option<KeyName>,
) -> Result<Continued, ContinuationError> {
    let mut transaction = keys.events.pool().begin().await?;
    log_keys::lock(&mut transaction).await?;
    append::lock_head(&mut transaction).await?;
    let keyring = keyring::load(&mut transaction, keys.master).await?.ok_or(KeyringError::NoKey)?;
    let former = behind(&mut transaction, &keyring, file, note, origin.is_some()).await?;
    let former_origin = keyring.origin().to_string();
    let names = log_keys::origins(&mut transaction).await?;
    let mut kept = vec![former.origin.clone()];
    kept.extend(others.iter().filter_map(|note| Some(read(note).ok()?.origin)));
    let origin = name(&names, &kept, origin)?;
    let restored = tree::head(&mut transaction).await?.size;
    let verifier_key = keyring::create(&mut transaction, keys, &origin).await?;
    let continued = LogContinued {
        log_id: keys.events.environment().new_id(),
        verifier_key: verifier_key.clone(),
        former_verifier_key: keyring.newest_key().to_string(),
        former_checkpoint: String::from_utf8_lossy(note).into_owned(),
        former_size: former.size,
        restored_size: u64::try_from(restored).unwrap_or_default(),
    };
    let first = record(&mut transaction, keys, &continued).await?;
    let since = continuation::end_log(&mut transaction, &former_origin).await?;
    append_first(&mut transaction, first, since).await?;
    continuation::give_back(&mut transaction).await?;
    // Crash point (log-continued): up to the commit there is the old log alone, which is refused as before.
    transaction.commit().await?;
    Ok(Continued { verifier_key, former, restored })
}

/// The checkpoint, if the tree as it is stored does not go on from it. It may be of a log that went on from this one and
/// that a database that was restored once more does not know: whoever called it otherwise than it would have been calls
/// the next one, too.
async fn behind(
    conn: &mut PgConnection,
    keyring: &Keyring,
    file: &Path,
    note: &[u8],
    is_named: bool,
) -> Result<Checkpoint, ContinuationError> {
    // What the database itself says was signed must be there: an altered one is no older one.
    if let Some(last) = checkpoints::last(&mut *conn).await? {
        consistency::compare(conn, &[(last.size, last.root)]).await?;
    }
    match consistency::check_kept(conn, file, note, keyring).await {
        Ok(_) => return Err(ContinuationError::Needless(file.display().to_string())),
        Err(
            SigningError::Behind { .. }
            | SigningError::OtherThanKept { .. }
            | SigningError::OtherKey { .. },
        ) => {}
        Err(SigningError::NotIts { error: CheckpointError::OtherOrigin(_), .. }) if is_named => {}
        Err(error) => return Err(error.into()),
    }
    Ok(read(note).map_err(SigningError::from)?)
}

fn read(note: &[u8]) -> Result<Checkpoint, CheckpointError> {
    Note::parse(note)?.text().parse()
}

/// The new log's name: the first one's with the next number, unless one is given. Never that of a log that there was,
/// though a restored database may not know it and only something that was kept does: caches have its tiles under its
/// number for as long as they like.
fn name(
    used: &[String],
    kept: &[KeyName],
    given: Option<KeyName>,
) -> Result<KeyName, ContinuationError> {
    let first = used.first().ok_or(KeyringError::NoKey)?;
    let kept_numbers = kept.iter().filter_map(|kept| names::number(used, kept.as_str()));
    let next = format!("{first}/{}", kept_numbers.fold(used.len(), usize::max) + 1);
    let name = given.map_or_else(|| next.parse(), Ok)?;
    if kept.contains(&name) || used.iter().any(|used| used == name.as_str()) {
        return Err(ContinuationError::NameInUse(name.to_string()));
    }
    Ok(name)
}

/// Records the event that the log begins with, as every event is, and makes its entry.
async fn record(
    conn: &mut PgConnection,
    keys: Keys<'_>,
    continued: &LogContinued,
) -> Result<Entry, ContinuationError> {
    let refused = |error: &dyn std::fmt::Display| ContinuationError::Entry(error.to_string());
    let provenance = keyring::provenance(keys.events.environment());
    let stream = continued.log_id.uuid();
    let event = keys.events.prepare(&provenance, stream, Version::FIRST, continued);
    let event = event.map_err(|error| refused(&error))?;
    let bytes = Bytes::copy_from_slice(event.bytes());
    let mut unit = keys.events.join(conn, &provenance);
    unit.add(event);
    unit.flush().await.map_err(KeyringError::from)?;
    Entry::read(bytes).map_err(|(error, _)| refused(&error))
}

async fn append_first(
    conn: &mut PgConnection,
    first: Entry,
    recorded_at: DateTime<Utc>,
) -> Result<(), ContinuationError> {
    let moved = || ContinuationError::Entry("the log is not empty".to_owned());
    let entries = [first];
    let mut sequencer = Sequencer::default();
    sequencer.know(conn).await?;
    let (_, grown) = sequencer.grow(&entries)?.ok_or_else(moved)?;
    if append::insert(conn, &entries, &grown, recorded_at).await? { Ok(()) } else { Err(moved()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_log_has_a_name_that_none_had() {
        let of_all_kept = |origins: &[&str], kept: &[&str], given: Option<&str>| {
            let origins: Vec<_> = origins.iter().map(|&origin| origin.to_owned()).collect();
            let kept: Vec<KeyName> = kept.iter().map(|kept| kept.parse().unwrap()).collect();
            let named = name(&origins, &kept, given.map(|given| given.parse().unwrap()));
            named.map(|name| name.to_string()).map_err(|error| error.to_string())
        };
        let called = |origins: &[&str], former: &str, given: Option<&str>| {
            of_all_kept(origins, &[former], given)
        };
        let in_use = |name: &str| {
            Err(format!("--origin: a log of this installation was called {name} before"))
        };
        assert_eq!(called(&["log"], "log", None).unwrap(), "log/2");
        assert_eq!(called(&["log", "log/2"], "log/2", None).unwrap(), "log/3");
        // What was restored does not know of the second, nor of those between.
        assert_eq!(called(&["log"], "log/2", None).unwrap(), "log/3");
        assert_eq!(called(&["log", "other"], "log/7", None).unwrap(), "log/8");
        assert_eq!(called(&["log"], "log", Some("other")).unwrap(), "other");
        assert_eq!(called(&["log"], "log", Some("log")), in_use("log"));
        assert_eq!(called(&["log"], "other", Some("other")), in_use("other"));
        // Nor does what was kept last, where something else was kept before or beside it.
        assert_eq!(of_all_kept(&["log"], &["log", "log/3", "log/2"], None).unwrap(), "log/4");
        assert_eq!(of_all_kept(&["log"], &["log", "log/2"], Some("log/2")), in_use("log/2"));
    }
}
