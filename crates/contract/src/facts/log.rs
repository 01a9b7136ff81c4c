//! What happens to the audit log itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts;
use crate::ids::{LogId, LogKeyId};
use crate::patterns;

facts! {
    LogKeyCreated = record "log-key"."created";
    LogKeyReplaced = record "log-key"."replaced";
    LogContinued = record "log"."continued";
}

/// A log got its first key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogKeyCreated {
    /// The key, through all its replacements.
    pub log_key_id: LogKeyId,
    /// What checkpoints are verified with (c2sp.org/signed-note, Verifier keys). It begins with the log's name.
    #[schemars(regex(pattern = patterns::VERIFIER_KEY))]
    pub verifier_key: String,
}

/// A log is signed by another key. The first checkpoint that covers this is signed by both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogKeyReplaced {
    /// The key, through all its replacements.
    pub log_key_id: LogKeyId,
    /// What checkpoints are verified with from now on.
    #[schemars(regex(pattern = patterns::VERIFIER_KEY))]
    pub verifier_key: String,
    /// What they were verified with before.
    #[schemars(regex(pattern = patterns::VERIFIER_KEY))]
    pub replaced_verifier_key: String,
}

/// A log begins in place of another, whose database was restored from a backup that is older than what it had
/// signed. The log's first entry; what was restored of the other follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogContinued {
    /// The new log.
    pub log_id: LogId,
    /// What the new log's checkpoints are verified with.
    #[schemars(regex(pattern = patterns::VERIFIER_KEY))]
    pub verifier_key: String,
    /// What the former log's were verified with.
    #[schemars(regex(pattern = patterns::VERIFIER_KEY))]
    pub former_verifier_key: String,
    /// The former log's last checkpoint that is known, as it was signed (c2sp.org/tlog-checkpoint).
    #[schemars(regex(pattern = patterns::CHECKPOINT))]
    pub former_checkpoint: String,
    /// How many entries it covers.
    pub former_size: u64,
    /// How many entries of the former log were restored: they are the next so many of this one, in their order.
    pub restored_size: u64,
}
