//! What happens to consent links and grants.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts;
use crate::catalogue::DomainLevel;
use crate::ids::{AccountId, AppId, GrantId, LinkId, PersonId};

facts! {
    ConsentLinkCreated = "consent-link"."created";
    ConsentLinkOpened = "consent-link"."opened";
    ConsentLinkRedeemed = "consent-link"."redeemed";
    ConsentLinkDenied = "consent-link"."denied";
    ConsentLinkRevoked = "consent-link"."revoked";
    ConsentLinkExpired = "consent-link"."expired";
    ConsentGranted = "consent"."granted";
    ConsentRevoked = "consent"."revoked";
}

/// A link was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentLinkCreated {
    /// The link.
    pub link_id: LinkId,
    /// The app that asks.
    pub app_id: AppId,
    /// Until when it can be redeemed.
    pub expires_at: DateTime<Utc>,
}

/// A link was opened for the first time by someone signed in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentLinkOpened {
    /// The link.
    pub link_id: LinkId,
    /// The app that asks.
    pub app_id: AppId,
    /// Who opened it.
    pub person_id: PersonId,
}

/// A link was used, once and for all, to approve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentLinkRedeemed {
    /// The link.
    pub link_id: LinkId,
    /// The app that asked.
    pub app_id: AppId,
    /// Who approved.
    pub person_id: PersonId,
    /// The accounts that consent now because of it.
    pub granted_accounts: Vec<AccountId>,
    /// The chosen accounts that had consented already and were left as they were.
    pub already_granted_accounts: Vec<AccountId>,
}

/// A link was used, once and for all, to deny.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentLinkDenied {
    /// The link.
    pub link_id: LinkId,
    /// The app that asked.
    pub app_id: AppId,
    /// Who denied.
    pub person_id: PersonId,
}

/// A link was revoked before its use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentLinkRevoked {
    /// The link.
    pub link_id: LinkId,
    /// The app that asked.
    pub app_id: AppId,
    /// Why: `requested` or `app_archived`.
    pub reason: String,
}

/// A link reached its expiry unused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentLinkExpired {
    /// The link.
    pub link_id: LinkId,
    /// The app that asked.
    pub app_id: AppId,
}

/// One account consented to one app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentGranted {
    /// The grant.
    pub grant_id: GrantId,
    /// The app.
    pub app_id: AppId,
    /// The account.
    pub account_id: AccountId,
    /// The link it came through.
    pub link_id: LinkId,
    /// Who granted it.
    pub person_id: PersonId,
    /// The role on the account that allowed it.
    pub role: String,
    /// The service.
    pub service: String,
    /// What was granted: all of what the app asked for.
    pub domains: Vec<DomainLevel>,
}

/// A consent ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentRevoked {
    /// The grant.
    pub grant_id: GrantId,
    /// The app.
    pub app_id: AppId,
    /// The account.
    pub account_id: AccountId,
    /// Why: `requested` or `app_archived`.
    pub reason: String,
}
