//! What happens to sessions.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts;
use crate::ids::{IdentityProviderId, PersonId, SessionId};

facts! {
    SessionCreated = record "session"."created";
    SessionEnded = record "session"."ended";
}

/// A person signed in, and has a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SessionCreated {
    /// The session.
    pub session_id: SessionId,
    /// The person it speaks for.
    pub person_id: PersonId,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// The provider through which they signed in; none if with a password of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_provider_id: Option<IdentityProviderId>,
}

/// A session speaks for nobody any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SessionEnded {
    /// The session.
    pub session_id: SessionId,
    /// The person it spoke for.
    pub person_id: PersonId,
    /// Why.
    pub because: SessionEnding,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnding {
    /// It was ended itself, alone or with all others of the person.
    Requested,
    /// It was not used for too long. It ended by itself, before this was recorded.
    Idle,
    /// It came to its latest end. It ended by itself, before this was recorded.
    Expired,
    /// The person has another password.
    PasswordChanged,
    /// The person was deactivated.
    PersonDeactivated,
    /// The person opened another and had as many as they can have: it was the one that was used longest ago.
    TooMany,
    /// Somebody found its token, and reported it.
    Leaked,
}
