//! What happens to consent links and grants.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::facts;
use crate::catalogue::DomainLevel;
use crate::ids::{AccountId, AppId, GrantId, LinkId, PassOnId, PersonId};
use crate::patterns;
use crate::rpc::AccountRole;

mod digest;
mod shown;

pub use digest::grants_sha256;
pub use shown::{AskedDomain, AskedService, ConsentDetails};

facts! {
    ConsentLinkCreated = "consent-link"."created" with ConsentLinkDetails;
    ConsentLinkOpened = "consent-link"."opened";
    ConsentLinkPassedOn = "consent-link"."passed-on";
    ConsentLinkRedeemed = "consent-link"."redeemed";
    ConsentLinkDenied = "consent-link"."denied";
    ConsentLinkRevoked = "consent-link"."revoked";
    ConsentLinkExpired = "consent-link"."expired";
    ConsentGranted = "consent"."granted" with ConsentDetails;
    ConsentRevoked = "consent"."revoked";
}

/// Why a link or a grant was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentEndReason {
    /// Someone who may do so asked for it.
    Requested,
    /// Its app was archived.
    AppArchived,
}

impl ConsentEndReason {
    /// Its name on the wire and in Postgres.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::AppArchived => "app_archived",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "requested" => Some(Self::Requested),
            "app_archived" => Some(Self::AppArchived),
            _ => None,
        }
    }
}

/// What the maker of a link typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentLinkDetails {
    /// What its maker calls it, such as the customer it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
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
    /// For how many days its grants last at most. Left out: as long as the catalogue says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_lifetime_days: Option<u16>,
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

/// A link was passed on to somebody who may consent, by mail. For which account, only its own people know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentLinkPassedOn {
    /// The link.
    pub link_id: LinkId,
    /// The app that asks.
    pub app_id: AppId,
    /// This passing on.
    pub pass_on_id: PassOnId,
    /// Who passed it on.
    pub from_person_id: PersonId,
    /// To whom.
    pub to_person_id: PersonId,
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
    /// How many accounts consent now because of it: each is a `consent.granted` that names this link.
    pub granted_count: u32,
    /// How many of the chosen accounts had consented already and were left as they were.
    pub already_granted_count: u32,
    /// SHA-256, in hex, over the ids of those `consent.granted` events' grants: as lower-case hyphenated
    /// text, sorted, one a line, each line ended by a line feed. With the ids in a file, one a line:
    /// `sort ids | sha256sum`. None at all has the SHA-256 of the empty text.
    #[schemars(regex(pattern = patterns::SHA256))]
    pub grants_sha256: String,
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
    /// Why.
    pub reason: ConsentEndReason,
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
    pub role: AccountRole,
    /// The service.
    #[schemars(regex(pattern = patterns::NAME))]
    pub service: String,
    /// What was granted: all of what the app asked for.
    pub domains: Vec<DomainLevel>,
    /// From when it counts no more unless it is renewed. Left out if it does not end by itself, and of grants from
    /// before they did: those have a `consent.expiry-set`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
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
    /// Why.
    pub reason: ConsentEndReason,
}
