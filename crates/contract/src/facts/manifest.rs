//! What a service has recorded up to here: manifests.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts;
use crate::patterns;

facts! {
    ManifestWritten = record "manifest"."written";
}

/// How much a service has recorded of one kind of stream, since its first event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KindTotals {
    /// The kind.
    #[schemars(regex(pattern = patterns::KIND))]
    pub kind: String,
    /// How many streams.
    pub streams: u64,
    /// How many events in them.
    pub events: u64,
}

/// Why a manifest was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ManifestReason {
    /// An hour had gone by.
    Hour,
    /// Somebody asked for it.
    Asked,
    /// As many events were in none as one may list.
    Many,
}

/// A service says what it has recorded: so that a stream that is missing in the log shows. Each manifest names the
/// one before. What it lists is kept beside it, and bound to it by its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ManifestWritten {
    /// The SHA-256 of the service's manifest before, of its canonical bytes. None in its first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = patterns::SHA256))]
    pub previous: Option<String>,
    /// What the service has recorded up to here, in the order of the kinds.
    pub kinds: Vec<KindTotals>,
    /// How many streams have events since the manifest before.
    pub changed_streams: u64,
    /// How many events these are.
    pub changed_events: u64,
    /// The SHA-256 of the list of these streams, with the first and the last of these events of each.
    #[schemars(regex(pattern = patterns::SHA256))]
    pub list_hash: String,
    /// Why it was written.
    pub reason: ManifestReason,
}
