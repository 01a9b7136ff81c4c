//! What the consent broker is asked.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::questions;
use crate::ids::{LinkId, PassOnId};

questions! {
    AddLinkToken -> Option<UsableLink> = ConsentBroker."add-link-token";
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
