//! Refused attempts.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts;
use crate::patterns;

facts! {
    AccessRefused = record "access"."refused";
}

/// Why an attempt was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusedBecause {
    /// The role does not suffice.
    RoleNotAllowed,
    /// A link that was used up: it may have got into other hands.
    LinkAlreadyUsed,
}

impl fmt::Display for RefusedBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// A refused attempt that matters to security: a role that does not suffice, a link used a second
/// time. A stream of its own, so that attempts never contend with what they were aimed at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccessRefused {
    /// What was attempted, such as `app.activate`.
    #[schemars(regex(pattern = patterns::EVENT))]
    pub operation: String,
    /// At what, as `<aggregate>/<id>`.
    #[schemars(regex(pattern = patterns::THING))]
    pub target: String,
    /// Why not.
    pub reason: RefusedBecause,
}
