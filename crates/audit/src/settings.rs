//! What can be set.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use service::master_key::{MasterKey, MasterKeyError};
use service::settings::SecretString;

/// The settings of audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Once so many events are at hand they are recorded, in one transaction; a message (of up to 512) is
    /// not divided.
    pub max_batch: usize,
    /// How often, in seconds, producers are asked whether events were lost on the way.
    pub reconcile_seconds: u64,
    /// The log's name, under which it begins: the address at which `/audit/log` is reached, without the scheme. Empty:
    /// made of `public_base_url`. It does not change afterwards.
    pub log_origin: String,
    /// What seals the key that signs the log's checkpoints: base64 of 32 bytes. Empty: nothing is signed.
    pub master_key: SecretString,
    /// How long, in seconds, a checkpoint is served at least before a larger one is.
    pub checkpoint_seconds: u32,
    /// Where each checkpoint is kept as a file before it is served, so that a database that was restored from an older
    /// backup is noticed; and what other replicas served. Empty: nowhere.
    pub keep_dir: PathBuf,
    /// Whether checkpoint, key and hash tiles are served to everybody. Otherwise to those who may read
    /// the whole log, as entries are: operators, and auditors with a token of theirs.
    pub public_log: bool,
}

impl Settings {
    /// The master key; none if it is not set.
    ///
    /// # Errors
    /// When it is set and no key.
    pub(crate) fn master_key(&self) -> Result<Option<MasterKey>, MasterKeyError> {
        match MasterKey::parse(self.master_key.reveal()) {
            Ok(key) => Ok(Some(key)),
            Err(MasterKeyError::Missing) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_batch: 1_000,
            reconcile_seconds: 5,
            log_origin: String::new(),
            master_key: SecretString::default(),
            checkpoint_seconds: 1,
            keep_dir: PathBuf::new(),
            public_log: true,
        }
    }
}
