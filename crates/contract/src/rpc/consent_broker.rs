//! What the consent broker is asked.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AskedIds, questions};
use crate::ids::{AppId, LinkId, PassOnId};

questions! {
    AddLinkToken -> Option<UsableLink> = ConsentBroker."add-link-token";
    CountConsents -> ConsentCounts = ConsentBroker."count-consents";
    CountGrants -> Vec<LiveGrants> = ConsentBroker."count-grants";
}

/// From now on this token leads to the link, too, which was passed on by a mail that it will be in. None, if the link
/// cannot be used any more: the token leads nowhere then.
///
/// The same token may be added again, and others after it: a mail may take several tries.
#[derive(Clone, Serialize, Deserialize)]
pub struct AddLinkToken {
    /// The link.
    pub link_id: LinkId,
    /// Its passing on.
    pub pass_on_id: PassOnId,
    /// SHA-256 of the token, in hex: the token itself is in the mail only.
    pub token_sha256: String,
}

impl fmt::Debug for AddLinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AddLinkToken({}, {})", self.link_id, self.pass_on_id)
    }
}

/// A link that can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsableLink {
    /// What its URL begins with: the token follows.
    pub url_prefix: String,
}

/// How do an app's links and grants stand? An app that there is not has none.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct CountConsents {
    /// The app.
    pub app_id: AppId,
}

/// How an app's links and grants stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConsentCounts {
    /// How many of its links can still be used.
    pub open_links: i64,
    /// How many of its grants are live, each of one account; at most 10,000 are counted.
    pub live_grants: i64,
    /// Whether there are more than were counted.
    pub more_grants: bool,
    /// How many of those that were counted end within 30 days.
    pub grants_ending_soon: i64,
}

/// How many accounts consented to each of these apps? Those that never had a consent link are left out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CountGrants {
    /// The apps.
    pub app_ids: AskedIds<AppId>,
}

/// How many accounts consented to an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveGrants {
    /// The app.
    pub app_id: AppId,
    /// How many of its grants are live, each of one account; at most 1,000 are counted.
    pub live_grants: i64,
    /// Whether there are more than were counted.
    pub more_grants: bool,
}
