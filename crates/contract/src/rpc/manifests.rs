//! What every producer is asked about its manifests.

use serde::{Deserialize, Serialize};

use super::Request;
use crate::Version;

/// Say now what you have recorded, up to here.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct WriteManifests {}

impl Request for WriteManifests {
    const OPERATION: &'static str = "write-manifests";
    type Reply = ManifestsWritten;
}

/// The manifests that a producer wrote because it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestsWritten {
    /// The version of the last manifest that there is now; none when there is none.
    pub last: Option<Version>,
    /// How many were written now: more than one where very much was in none.
    pub written: u32,
    /// How many events are in these.
    pub events: u64,
    /// Whether all that was recorded when it was asked is in a manifest now. If not, some of it is being
    /// written still, or there is more than can be written at once: to be asked again.
    pub is_complete: bool,
}

/// The list of one manifest.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ManifestListOf {
    /// The manifest's place in its stream.
    pub version: Version,
}

impl Request for ManifestListOf {
    const OPERATION: &'static str = "manifest-list";
    /// The list, as [`crate::manifest`] describes it; none when there is no such manifest.
    type Reply = Option<String>;
}
