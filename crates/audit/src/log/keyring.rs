//! The log's keys on their way from and to the database.
//!
//! The newest signs. One that was replaced signs beside it until a checkpoint that was served covers the entry of the
//! replacement: whoever trusts the old key reads in what it signed itself which key comes after it.

use contract::facts::{LogKeyCreated, LogKeyReplaced};
use contract::{Environment, Fact, LogKeyId, NoDetails, Provenance, Service, Version};
use eventstore::{AppendError, EventStore};
use service::master_key::{MasterKey, MasterKeyError};
use sqlx::{Connection as _, PgConnection};
use translog::{Checkpoint, CheckpointError, KeyError, KeyName, Note, Signer, VerifierKey};

use crate::store::checkpoints;
use crate::store::log_keys::{self, KeyEvent, NewKey, StoredKey};

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyringError {
    /// The master key is no key, or another one.
    #[error("audit.master_key: {0}")]
    MasterKey(#[from] MasterKeyError),
    /// What was sealed is no key, or the log's name is none.
    #[error(transparent)]
    Invalid(#[from] KeyError),
    /// The stored verifier key does not belong to the private part.
    #[error("the stored log key's public part was altered")]
    Altered,
    /// There is nothing to replace.
    #[error("the log has no key yet: its first is made when audit starts")]
    NoKey,
    /// The log could not be told.
    #[error(transparent)]
    Event(#[from] AppendError),
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
}

/// With what keys are made and sealed.
#[derive(Clone, Copy)]
pub(crate) struct Keys<'a> {
    pub(crate) events: &'a EventStore,
    pub(crate) master: &'a MasterKey,
}

/// The keys that sign now, and all that have signed.
#[derive(Debug)]
pub(crate) struct Keyring {
    generation: i16,
    newest: Signer,
    /// Replaced, and no checkpoint that was served covers the entry that says so.
    handing_over: Vec<Signer>,
    /// All keys of the log, newest first.
    known: Vec<VerifierKey>,
}

impl Keyring {
    /// The log's name.
    pub(crate) fn origin(&self) -> &KeyName {
        self.newest.verifier_key().name()
    }

    /// The key that signs.
    pub(crate) fn newest_key(&self) -> &VerifierKey {
        self.newest.verifier_key()
    }

    /// Signs a checkpoint by all keys that must.
    pub(crate) fn sign(&self, checkpoint: &Checkpoint) -> Result<Note, CheckpointError> {
        let mut note = checkpoint.sign(&self.newest)?;
        for replaced in &self.handing_over {
            note.add(replaced);
        }
        Ok(note)
    }

    /// The checkpoint in a note that any key of the log signed; none if none of them did.
    ///
    /// # Errors
    /// When a signature is wrong, or it is no checkpoint of this log.
    pub(crate) fn open(&self, note: &Note) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::open_by_any(note, &self.known)
    }

    /// Takes up a key that was made since, and lets go of those that were handed over.
    pub(crate) async fn refresh(
        &mut self,
        conn: &mut PgConnection,
        master: &MasterKey,
        newest: Option<i16>,
    ) -> Result<(), KeyringError> {
        let is_settled = self.handing_over.is_empty();
        if is_settled && newest == Some(self.generation) {
            return Ok(());
        }
        let before = self.generation;
        *self = load(conn, master).await?.ok_or(KeyringError::NoKey)?;
        if self.generation != before {
            tracing::warn!(key = %self.newest.verifier_key(), "the audit log is signed by another key from now on");
        }
        Ok(())
    }
}

/// The keys; none if the log has none yet.
pub(crate) async fn load(
    conn: &mut PgConnection,
    master: &MasterKey,
) -> Result<Option<Keyring>, KeyringError> {
    let stored = log_keys::of_log(conn).await?;
    let Some(newest) = stored.first() else { return Ok(None) };
    let mut handing_over = Vec::new();
    for pair in stored.windows(2) {
        let (replacing, replaced) = (&pair[0], &pair[1]);
        let is_over = match replacing.event {
            Some(event) => checkpoints::covering(&mut *conn, event.id).await?.is_some(),
            None => false,
        };
        if !is_over {
            handing_over.push(open(master, replaced)?);
        }
    }
    let known = stored.iter().map(|key| key.verifier_key.parse());
    Ok(Some(Keyring {
        generation: newest.generation,
        newest: open(master, newest)?,
        handing_over,
        known: known.collect::<Result<_, KeyError>>()?,
    }))
}

/// Reads the log's keys; the first replica of a log without one makes it, under this origin, and the others wait for it.
/// An origin stays as it was when the log began.
///
/// # Errors
/// See [`KeyringError`].
pub(crate) async fn load_or_create(
    keys: Keys<'_>,
    origin: &KeyName,
) -> Result<Keyring, KeyringError> {
    let mut conn = keys.events.pool().acquire().await?;
    let mut transaction = conn.begin().await?;
    log_keys::lock(&mut transaction).await?;
    let stored = log_keys::of_log(&mut transaction).await?;
    let created = match stored.first() {
        None => Some(create(&mut transaction, keys, origin).await?),
        // A key from before the log said which it has.
        Some(key) if key.event.is_none() => {
            tell_created(&mut transaction, keys, key.generation, &key.verifier_key).await?;
            Some(key.verifier_key.clone())
        }
        Some(_) => None,
    };
    // Crash point (log-key-created): up to the commit there is neither key nor event, and the next start makes both.
    transaction.commit().await?;
    if let Some(key) = created {
        keys.events.wake_relays();
        tracing::info!(key, "the audit log has this key");
    }
    load(&mut conn, keys.master).await?.ok_or(KeyringError::NoKey)
}

/// Makes the first key of a log of this name, and tells its verifier key.
pub(crate) async fn create(
    conn: &mut PgConnection,
    keys: Keys<'_>,
    origin: &KeyName,
) -> Result<String, KeyringError> {
    let (generation, verifier_key) = make(conn, keys, origin).await?;
    tell_created(conn, keys, generation, &verifier_key).await?;
    Ok(verifier_key)
}

/// A key that took another's place: both verifier keys.
#[derive(Debug)]
pub(crate) struct Replaced {
    pub(crate) old: String,
    pub(crate) new: String,
}

/// Makes another key that signs from now on, and tells the log so in the same transaction.
///
/// # Errors
/// When there is none to replace, or the master key does not open it.
pub(crate) async fn replace(keys: Keys<'_>) -> Result<Replaced, KeyringError> {
    let mut transaction = keys.events.pool().begin().await?;
    log_keys::lock(&mut transaction).await?;
    let stored = log_keys::of_log(&mut transaction).await?;
    let current = stored.into_iter().next().ok_or(KeyringError::NoKey)?;
    let signer = open(keys.master, &current)?;
    let event = if let Some(event) = current.event {
        event
    } else {
        let key = &current.verifier_key;
        tell_created(&mut transaction, keys, current.generation, key).await?
    };
    let origin = signer.verifier_key().name();
    let (generation, new) = make(&mut transaction, keys, origin).await?;
    let old = current.verifier_key;
    let fact = LogKeyReplaced {
        log_key_id: event.log_key,
        verifier_key: new.clone(),
        replaced_verifier_key: old.clone(),
    };
    let place = (event.log_key, event.version.next());
    tell(&mut transaction, keys, generation, place, &fact).await?;
    // Crash point (log-key-replaced): up to the commit the old key signs, and after it both do.
    transaction.commit().await?;
    Ok(Replaced { old, new })
}

/// Makes and stores a key: its generation and its verifier key.
async fn make(
    conn: &mut PgConnection,
    keys: Keys<'_>,
    origin: &KeyName,
) -> Result<(i16, String), KeyringError> {
    let environment = keys.events.environment();
    let signer = Signer::generate(origin.clone());
    let verifier_key = signer.verifier_key().to_string();
    let sealed = keys.master.seal(environment, &purpose(&verifier_key), &signer.to_pkcs8());
    let key = NewKey { origin: origin.to_string(), verifier_key, sealed };
    let generation = log_keys::insert(conn, &key, environment.now()).await?;
    Ok((generation, key.verifier_key))
}

async fn tell_created(
    conn: &mut PgConnection,
    keys: Keys<'_>,
    generation: i16,
    verifier_key: &str,
) -> Result<KeyEvent, KeyringError> {
    let log_key: LogKeyId = keys.events.environment().new_id();
    let fact = LogKeyCreated { log_key_id: log_key, verifier_key: verifier_key.to_owned() };
    tell(conn, keys, generation, (log_key, Version::FIRST), &fact).await
}

/// Records the event of a key at this place of its stream.
async fn tell<F: Fact<Details = NoDetails>>(
    conn: &mut PgConnection,
    keys: Keys<'_>,
    generation: i16,
    (log_key, version): (LogKeyId, Version),
    fact: &F,
) -> Result<KeyEvent, KeyringError> {
    let mut unit = keys.events.join(conn, &provenance(keys.events.environment()));
    let id = unit.record(log_key.uuid(), version, fact)?;
    unit.flush().await?;
    let event = KeyEvent { id, log_key, version };
    log_keys::insert_event(conn, generation, event).await?;
    Ok(event)
}

/// Audit by itself, of no organization.
pub(crate) fn provenance(environment: &Environment) -> Provenance {
    Provenance::system(Service::Audit, None, environment.new_id())
}

fn open(master: &MasterKey, stored: &StoredKey) -> Result<Signer, KeyringError> {
    let pkcs8 = master.open(&purpose(&stored.verifier_key), &stored.sealed)?;
    let signer = Signer::from_pkcs8(stored.origin.parse()?, &pkcs8)?;
    let is_its = signer.verifier_key().to_string() == stored.verifier_key;
    if is_its { Ok(signer) } else { Err(KeyringError::Altered) }
}

/// Binds the sealed key to its public part: one row's key cannot be put in another's place.
fn purpose(verifier_key: &str) -> Vec<u8> {
    format!("mandate log key {verifier_key}").into_bytes()
}
