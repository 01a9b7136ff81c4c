//! What whoever runs an installation does to its log, by `mandate log`.

use std::path::Path;

use contract::{Environment, Service};
use eventstore::EventStore;
use service::StartError;
use service::master_key::{MasterKey, MasterKeyError};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::Settings;
use crate::log::continuation::{self, ContinuationError};
use crate::log::keep::KeepDir;
use crate::log::keyring::{self, Keys};

/// A key of the log that took another's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplacedKey {
    /// What checkpoints were verified with.
    pub old: String,
    /// What they are verified with from now on.
    pub new: String,
}

/// A log that goes on from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContinuedLog {
    /// What its checkpoints are verified with. It begins with its name.
    pub verifier_key: String,
    /// How many entries the former log's last checkpoint covers.
    pub former_size: u64,
    /// How many of those were restored.
    pub restored_size: i64,
}

/// Replaces the log's key. Running replicas take the new one up by themselves, and the log says so in an entry; the
/// first checkpoint that covers it is signed by both.
///
/// # Errors
/// When the log has no key, the master key is missing or another one, or the database fails.
pub async fn replace_log_key(
    events: &EventStore,
    settings: &Settings,
) -> Result<ReplacedKey, StartError> {
    let master = settings.required_master_key()?;
    let replaced = keyring::replace(Keys { events, master: &master }).await;
    let keyring::Replaced { old, new } =
        replaced.map_err(|error| StartError::Other(Box::new(error)))?;
    events.wake_relays();
    Ok(ReplacedKey { old, new })
}

/// Begins another log in place of one that was restored from an older backup than what it had signed: than the checkpoint
/// of this file, or else of `audit.keep_dir`. No audit may run meanwhile. `owner` is the address of the login that owns
/// the tables.
///
/// # Errors
/// When there is no need to, no checkpoint was kept, a setting is missing, or the database fails. Nothing has changed
/// then.
pub async fn continue_log_as_new(
    owner: PgConnectOptions,
    environment: Environment,
    settings: &Settings,
    checkpoint: Option<&Path>,
    origin: Option<&str>,
) -> Result<ContinuedLog, StartError> {
    let master = settings.required_master_key()?;
    let of_the_log = |error: ContinuationError| StartError::Other(Box::new(error));
    let kept = match checkpoint {
        Some(file) => file.to_owned(),
        None if settings.keep_dir.as_os_str().is_empty() => {
            let reason =
                "it is not set: name the last checkpoint that anybody kept with --checkpoint";
            return Err(StartError::setting("audit.keep_dir", reason));
        }
        None => KeepDir::file_in(&settings.keep_dir),
    };
    let unreadable = |error: std::io::Error| {
        let file = kept.display().to_string();
        of_the_log(ContinuationError::NoCheckpoint(format!("{file} ({error})")))
    };
    let note = std::fs::read(&kept).map_err(unreadable)?;
    let others = KeepDir::all_in(&settings.keep_dir);
    let others = others.map_err(|error| StartError::setting("audit.keep_dir", error))?;
    let origin = origin.map(str::parse).transpose();
    let origin = origin.map_err(|error| of_the_log(ContinuationError::Name(error)))?;
    let options = owner.options([("search_path", Service::Audit.schema())]);
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await?;
    let events = EventStore::new(Service::Audit, pool.clone(), environment);
    let keys = Keys { events: &events, master: &master };
    let continued = continuation::continue_as_new(keys, (&kept, &note), &others, origin).await;
    pool.close().await;
    let continued = continued.map_err(of_the_log)?;
    Ok(ContinuedLog {
        verifier_key: continued.verifier_key,
        former_size: continued.former.size,
        restored_size: continued.restored,
    })
}

impl Settings {
    fn required_master_key(&self) -> Result<MasterKey, StartError> {
        let wrong = |error: MasterKeyError| StartError::setting("audit.master_key", error);
        self.master_key().map_err(wrong)?.ok_or_else(|| wrong(MasterKeyError::Missing))
    }
}
