//! Refused attempts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts;

facts! {
    AccessRefused = "access"."refused";
}

/// A refused attempt that matters to security: a role that does not suffice, a link used a second
/// time. A stream of its own, so that attempts never contend with what they were aimed at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccessRefused {
    /// What was attempted, such as `app.activate`.
    pub operation: String,
    /// At what, as `<aggregate>/<id>`.
    pub target: String,
    /// Why not: a stable code, such as `role_not_allowed` or `link_already_used`.
    pub reason: String,
}
