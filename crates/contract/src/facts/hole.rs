//! Holes in streams, as the log notices them, and their repair.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::facts;
use crate::ids::{HoleId, Service};

facts! {
    HoleNoticed = record "hole"."noticed";
    HoleRepaired = record "hole"."repaired";
}

/// Events are known to exist and are not in the log: they were lost on the way, and their service did not have them to
/// give at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoleNoticed {
    /// The hole.
    pub hole_id: HoleId,
    /// The service whose events they are.
    pub service: Service,
    /// Their stream.
    pub stream_id: Uuid,
    /// The first version that was missing when it was noticed.
    pub from_version: i64,
    /// The last.
    pub to_version: i64,
}

/// What was missing is in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoleRepaired {
    /// The hole.
    pub hole_id: HoleId,
    /// The service whose events they are.
    pub service: Service,
    /// Their stream.
    pub stream_id: Uuid,
    /// The last version that was missing.
    pub to_version: i64,
    /// When it was noticed.
    pub noticed_at: DateTime<Utc>,
}
