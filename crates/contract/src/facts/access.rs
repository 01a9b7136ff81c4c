//! Refused attempts.

use std::fmt;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts;
use crate::patterns;

facts! {
    AccessRefused = record "access"."refused";
}

/// Why an attempt was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusedBecause {
    /// The role does not suffice.
    RoleNotAllowed,
    /// A link that was used up: it may have got into other hands.
    LinkAlreadyUsed,
    /// The organization requires its members to sign in at its provider, and the caller did not.
    SignInRequired,
    /// The API token is limited to something else.
    ScopeNotAllowed,
}

impl fmt::Display for RefusedBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// Refused attempts that were counted and not recorded one by one. What else their event says is of the last
/// of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CountedRefusals {
    /// How many.
    pub times: u64,
    /// When the first of them was refused.
    pub since: DateTime<Utc>,
    /// When the last of them was.
    pub until: DateTime<Utc>,
    /// Whether they are of several kinds: of different apps, people, reasons or networks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub several_kinds: bool,
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
    /// What it stands for, if for more than one refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<CountedRefusals>,
    /// Since when the process that recorded this has counted: refusals before may have been counted by one
    /// that was killed, and be told by no event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_since: Option<DateTime<Utc>>,
}
