//! An approval, and what comes of it, on the wire.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use contract::{AccountId, AppId, GrantId, LinkId, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::consent_page::ConsentedBy;
use crate::link::Link;
use crate::redemption::Redeemed;

/// Which accounts consent.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approval {
    /// The accounts: at least one, each once, and at most as many as the installation says, which is 20,000
    /// unless it says otherwise.
    #[schema(min_items = 1)]
    pub(crate) accounts: Vec<AccountId>,
    /// The `text_sha256` of the page that was shown. If its words have changed since, nothing is approved;
    /// left out, the words of this moment are what is agreed to.
    pub(crate) text_sha256: Option<String>,
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
    /// The accounts that consent because of it.
    pub(crate) granted: Vec<NewGrant>,
    /// The chosen accounts that had consented before. Their grants are left as they were.
    pub(crate) already_granted: Vec<EarlierGrant>,
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
    pub(crate) fn of(link: &Link, redeemed: Redeemed, names: &BTreeMap<PersonId, String>) -> Self {
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
            granted: granted.collect(),
            already_granted: earlier.collect(),
        }
    }
}
