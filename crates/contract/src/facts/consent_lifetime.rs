//! What happens to a grant by time: it ends, somebody is told beforehand, it is renewed.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts;
use crate::ids::{AccountId, AppId, ConsentNoticeId, GrantId, PersonId};
use crate::rpc::AccountRole;

facts! {
    ConsentExpirySet = "consent"."expiry-set";
    ConsentRenewed = "consent"."renewed";
    ConsentExpired = "consent"."expired";
    ConsentNoticeSent = record "consent-notice"."sent";
}

/// A consent from before consents ended by themselves was given its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentExpirySet {
    /// The grant.
    pub grant_id: GrantId,
    /// The app.
    pub app_id: AppId,
    /// The account.
    pub account_id: AccountId,
    /// From when it counts no more unless it is renewed. Left out if the catalogue gives its service no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// A consent was renewed: it lasts longer, and is otherwise what it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentRenewed {
    /// The grant.
    pub grant_id: GrantId,
    /// The app.
    pub app_id: AppId,
    /// The account.
    pub account_id: AccountId,
    /// Who renewed it.
    pub person_id: PersonId,
    /// The role on the account that allowed it.
    pub role: AccountRole,
    /// From when it counts no more unless it is renewed again.
    pub expires_at: DateTime<Utc>,
}

/// A consent ended by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentExpired {
    /// The grant.
    pub grant_id: GrantId,
    /// The app.
    pub app_id: AppId,
    /// The account.
    pub account_id: AccountId,
    /// From when it counts no more: earlier than this event, which follows.
    pub expired_at: DateTime<Utc>,
}

/// Whoever granted a consent, or renewed it last, was told that it will end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentNoticeSent {
    /// The notice.
    pub notice_id: ConsentNoticeId,
    /// The grant.
    pub grant_id: GrantId,
    /// The app.
    pub app_id: AppId,
    /// The account.
    pub account_id: AccountId,
    /// Who was told.
    pub person_id: PersonId,
    /// So many days before its end, or fewer.
    pub days: u16,
    /// From when it counts no more.
    pub expires_at: DateTime<Utc>,
}
