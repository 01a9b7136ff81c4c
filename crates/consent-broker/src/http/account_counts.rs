//! How many accounts there are to choose among, on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::account_matching::Matched;

/// How many accounts a search finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct AccountCounts {
    /// All of them.
    pub(crate) matching: u32,
    /// Those that can be chosen.
    pub(crate) selectable: u32,
    /// Those that cannot, by the code of the reason.
    pub(crate) unselectable: UnselectableCounts,
    /// Whether there are still more, which were not counted: beyond 100,000.
    pub(crate) more: bool,
}

/// How many accounts cannot be chosen, by the code of the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct UnselectableCounts {
    /// The person's role on them may not consent for this service.
    pub(crate) role_may_not_consent: u32,
    /// They have consented to this app already.
    pub(crate) already_granted: u32,
}

impl From<&Matched> for AccountCounts {
    fn from(matched: &Matched) -> Self {
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        Self {
            matching: count(matched.looked_at()),
            selectable: count(matched.selectable.len()),
            unselectable: UnselectableCounts {
                role_may_not_consent: matched.left_out.role_may_not_consent,
                already_granted: matched.left_out.already_granted,
            },
            more: matched.more,
        }
    }
}
