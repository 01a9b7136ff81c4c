//! What somebody may do with a key at this moment: what the same functions say that decide when they do it. Pure.

use chrono::{DateTime, Utc};
use contract::rpc::MemberRole;
use serde::Serialize;
use utoipa::ToSchema;

use crate::key::{DeletionReason, Key};
use crate::policy::{self, Operation};

/// What can be done with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyOperation {
    /// Give it another name.
    Rename,
    /// Make another in its place.
    Replace,
    /// End it.
    Delete,
}

/// What decides about somebody and the keys of an app.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    /// Whether they operate the platform.
    pub(crate) operator: bool,
    /// Their role in the organization.
    pub(crate) role: Option<MemberRole>,
    /// Whether the app is active: only then it gets keys.
    pub(crate) app_active: bool,
}

impl Access {
    /// What they may do with this key.
    pub(crate) fn operations(self, key: &Key, now: DateTime<Utc>) -> Vec<KeyOperation> {
        let may = |operation| policy::authorize(self.operator, self.role, operation).is_ok();
        let is_live = key.check_live(now).is_ok();
        let can_end = key.delete(DeletionReason::RequestedNow, now).is_ok();
        [
            (KeyOperation::Rename, may(Operation::Rename) && is_live),
            (KeyOperation::Replace, may(Operation::Replace) && is_live && self.app_active),
            (KeyOperation::Delete, may(Operation::Delete) && can_end),
        ]
        .into_iter()
        .filter_map(|(operation, allowed)| allowed.then_some(operation))
        .collect()
    }
}
