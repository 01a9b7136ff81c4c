//! A grant: the consent of one account to one app. It lives from its approval until it is revoked,
//! once. Pure.

use chrono::{DateTime, Utc};
use contract::Version;
use contract::catalogue::DomainLevel;
use contract::ids::{AccountId, AppId, GrantId, LinkId, OrganizationId, PersonId};
use contract::rpc::AccountRole;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::link::EndReason;

/// A grant as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// The app that may act.
    pub app_id: AppId,
    /// The organization that develops the app.
    pub organization_id: OrganizationId,
    /// The account that it may act on.
    pub account_id: AccountId,
    /// The link it came through.
    pub link_id: LinkId,
    /// The catalogue's service.
    pub service: String,
    /// What the app may do.
    pub domains: Vec<DomainLevel>,
    /// Who granted it.
    pub granted_by: PersonId,
    /// The role on the account that allowed it.
    pub role: AccountRole,
    /// When.
    pub granted_at: DateTime<Utc>,
    /// Its end, if it has ended.
    pub revoked: Option<Revoked>,
    /// The version of its last event.
    pub version: Version,
}

/// The end of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// From when it counts no more.
    pub at: DateTime<Utc>,
    /// Who revoked it; none when a service of ours did.
    pub by: Option<PersonId>,
    /// Why.
    pub reason: EndReason,
}

/// Whether a grant counts, as it is shown and asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantStateName {
    /// The app may act on the account.
    Live,
    /// It may not any more.
    Revoked,
}

impl Grant {
    /// Whether it counts.
    pub const fn state_name(&self) -> GrantStateName {
        match self.revoked {
            None => GrantStateName::Live,
            Some(_) => GrantStateName::Revoked,
        }
    }
}
