//! What is said of a key.

use chrono::{DateTime, Utc};
use contract::ids::ClientId;

use crate::api::keys::{Key, KeyOperation, KeyState, KeyTrouble};
use crate::layout::Frame;
use crate::parts::mark::{Mark, Shape};
use crate::texts::Texts;
use crate::times::Time;

/// A key, as it is told.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) client_id: ClientId,
    pub(super) hint: String,
    pub(super) mark: Mark,
    pub(super) created: Time,
    pub(super) last_used: Option<Time>,
    pub(super) ends: Option<Time>,
    /// Whether it gets tokens yet.
    pub(super) works: bool,
    pub(super) is_ending: bool,
    pub(super) ends_soon: bool,
    pub(super) leaked: Option<Time>,
    pub(super) leaked_at: Option<DateTime<Utc>>,
    allowed: Vec<KeyOperation>,
}

impl Row {
    pub(super) fn of(key: &Key, frame: &Frame<'_>) -> Self {
        Self {
            name: key.name.clone(),
            client_id: key.client_id,
            hint: key.hint.clone(),
            mark: mark(frame.t, key),
            created: frame.time(key.created_at),
            last_used: key.last_used_at.map(|at| frame.time(at)),
            ends: key.ends_at.or(key.expires_at).map(|at| frame.time(at)),
            works: matches!(key.state, KeyState::Live | KeyState::Ending),
            is_ending: key.state == KeyState::Ending,
            ends_soon: key.trouble == Some(KeyTrouble::EndsSoon),
            leaked: key.leaked_at.map(|at| frame.time(at)),
            leaked_at: key.leaked_at,
            allowed: key.allowed.clone(),
        }
    }

    pub(super) fn may_rename(&self) -> bool {
        self.allowed.contains(&KeyOperation::Rename)
    }

    pub(super) fn may_replace(&self) -> bool {
        self.allowed.contains(&KeyOperation::Replace)
    }

    pub(super) fn may_delete(&self) -> bool {
        self.allowed.contains(&KeyOperation::Delete)
    }
}

fn mark(t: &Texts, key: &Key) -> Mark {
    match key.state {
        _ if key.leaked_at.is_some() => Mark::new(Shape::Cross, t.key_leaked()),
        KeyState::Live => Mark::new(Shape::Full, t.key_live()),
        KeyState::Ending => Mark::new(Shape::Bars, t.key_ending()),
        KeyState::Deleted => Mark::new(Shape::Cross, t.key_deleted()),
        KeyState::Expired => Mark::new(Shape::Square, t.key_expired()),
    }
}
