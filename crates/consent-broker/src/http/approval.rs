//! An approval, and what comes of it, on the wire.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use contract::{AccountId, AppId, GrantId, LinkId, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::consent_page::ConsentedBy;
use crate::account_matching::LeftOut;
use crate::link::Link;
use crate::redemption::Redeemed;

/// Which accounts consent: either `accounts`, or `all` and perhaps `except`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approval {
    /// The accounts: at least one, each once, and at most as many as the installation says, which is 20,000
    /// unless it says otherwise.
    #[schema(min_items = 1)]
    pub(crate) accounts: Option<Vec<AccountId>>,
    /// All that match and can be chosen at the moment of the approval: at least one, and at most as many.
    pub(crate) all: Option<AllMatching>,
    /// Accounts that are left out of `all`.
    pub(crate) except: Option<Vec<AccountId>>,
    /// The `text_sha256` of the page that was shown. If its words have changed since, nothing is approved;
    /// left out, the words of this moment are what is agreed to.
    pub(crate) text_sha256: Option<String>,
}

/// All accounts of the service that a search finds.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AllMatching {
    /// The search, as in `/v1/consent-requests/{token}/accounts`; left out, all accounts that the person sees.
    #[schema(max_length = 200)]
    pub(crate) q: Option<String>,
}

/// A request that was approved.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "they are named as the API names them")]
pub(crate) struct Approved {
    /// The link; it cannot be used again.
    pub(crate) link_id: LinkId,
    /// The app that may act now.
    pub(crate) app_id: AppId,
    /// When.
    pub(crate) approved_at: DateTime<Utc>,
    /// How many accounts consent because of it.
    pub(crate) granted_count: u32,
    /// The accounts that consent because of it.
    pub(crate) granted: Vec<NewGrant>,
    /// The chosen accounts that had consented before. Their grants are left as they were.
    pub(crate) already_granted: Vec<EarlierGrant>,
    /// How many of the accounts that `all` found were not chosen, by reason. None, of `accounts`.
    pub(crate) left_out: LeftOutCounts,
}

/// How many accounts were left out of an approval, by reason. Each counts once.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct LeftOutCounts {
    /// They were in `except`.
    pub(crate) excepted: u32,
    /// The person's role on them may not consent for this service.
    pub(crate) role_may_not_consent: u32,
    /// They had consented before.
    pub(crate) already_granted: u32,
}

impl From<LeftOut> for LeftOutCounts {
    fn from(left_out: LeftOut) -> Self {
        let LeftOut { excepted, role_may_not_consent, already_granted } = left_out;
        Self { excepted, role_may_not_consent, already_granted }
    }
}

/// A grant that the approval made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct NewGrant {
    /// The grant.
    pub(crate) grant_id: GrantId,
    /// The account.
    pub(crate) account_id: AccountId,
    /// From when it counts no more unless it is renewed; null if it does not end by itself.
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

/// A grant that was there before.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct EarlierGrant {
    /// The grant.
    pub(crate) grant_id: GrantId,
    /// The account.
    pub(crate) account_id: AccountId,
    /// Who granted it.
    pub(crate) granted_by: ConsentedBy,
    /// When.
    pub(crate) granted_at: DateTime<Utc>,
    /// From when it counts no more unless it is renewed; null if it does not end by itself.
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

impl Approved {
    /// What came of the approval of this link, with these names.
    pub(crate) fn of(
        link: &Link,
        redeemed: Redeemed,
        left_out: LeftOut,
        names: &BTreeMap<PersonId, String>,
    ) -> Self {
        let granted_count = u32::try_from(redeemed.granted.len()).unwrap_or(u32::MAX);
        let granted = redeemed.granted.into_iter();
        let granted = granted.map(|(grant_id, account_id)| NewGrant {
            grant_id,
            account_id,
            expires_at: redeemed.expires_at,
        });
        let earlier = redeemed.already_granted.into_iter().map(|grant| EarlierGrant {
            grant_id: grant.id,
            account_id: grant.account_id,
            granted_by: ConsentedBy {
                person_id: grant.granted_by,
                name: names.get(&grant.granted_by).cloned(),
            },
            granted_at: grant.granted_at,
            expires_at: grant.expires_at,
        });
        Self {
            link_id: link.id,
            app_id: link.app_id,
            approved_at: redeemed.at,
            granted_count,
            granted: granted.collect(),
            already_granted: earlier.collect(),
            left_out: left_out.into(),
        }
    }
}
