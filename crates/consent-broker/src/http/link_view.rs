//! A link as the organization that made it sees it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use contract::facts::ConsentEndReason;
use contract::ids::{AccountId, AppId, LinkId, OrganizationId, PersonId};
use contract::rpc::MemberRole;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::link::{ChosenAccounts, Link, LinkState, LinkStateName};
use crate::policy;

/// A consent link. Its token is not part of it: that was in the one answer that made it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct LinkView {
    /// Its id.
    pub(crate) id: LinkId,
    /// The app that asks.
    pub(crate) app_id: AppId,
    /// The organization that develops the app.
    pub(crate) organization_id: OrganizationId,
    /// What its maker calls it.
    pub(crate) label: Option<String>,
    /// The token's last four characters.
    pub(crate) hint: String,
    /// What has become of it.
    pub(crate) state: LinkStateName,
    /// Who made it.
    pub(crate) created_by: PersonId,
    /// When it was made.
    pub(crate) created_at: DateTime<Utc>,
    /// From when it cannot be used any more.
    pub(crate) expires_at: DateTime<Utc>,
    /// For how many days the consents last that come of it, if its maker asked for less than the catalogue gives.
    pub(crate) grant_lifetime_days: Option<u16>,
    /// When someone outside the organization first saw what it asks for.
    pub(crate) opened_at: Option<DateTime<Utc>>,
    /// How often it was passed on to somebody who may consent.
    pub(crate) passed_on_count: u32,
    /// When it was used, revoked, or expired.
    pub(crate) ended_at: Option<DateTime<Utc>>,
    /// Why it was revoked, if it was.
    pub(crate) revocation_reason: Option<ConsentEndReason>,
    /// How many accounts consent because of it.
    pub(crate) granted_count: u32,
    /// How many of the chosen accounts had consented before.
    pub(crate) already_granted_count: u32,
    /// The accounts that were chosen, if it was used to approve: the first 20. All of them has
    /// `/v1/consent-links/{id}/accounts`.
    pub(crate) accounts: Vec<LinkedAccount>,
    /// What the caller may do with it now.
    pub(crate) allowed: Vec<LinkOperation>,
}

/// What may be done with a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LinkOperation {
    /// `DELETE /v1/consent-links/{id}`
    Revoke,
}

/// Who looks at links of an organization.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Viewer {
    /// Who.
    pub(crate) person_id: PersonId,
    /// Their role in the organization.
    pub(crate) role: Option<MemberRole>,
    /// Whether they operate the platform.
    pub(crate) operator: bool,
}

impl Viewer {
    /// What they may do with this link: whatever neither the policy nor the link refuses.
    fn allowed(self, link: &Link, now: DateTime<Utc>) -> Vec<LinkOperation> {
        let may = policy::write_links(self.role, self.operator).is_ok();
        let ends = matches!(link.revoke(self.person_id, now), Ok(Some(_)));
        (may && ends).then_some(LinkOperation::Revoke).into_iter().collect()
    }
}

/// An account that was chosen on a link.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct LinkedAccount {
    /// The account.
    pub(crate) id: AccountId,
    /// Its name, if it is still known.
    pub(crate) name: Option<String>,
    /// Whether it had consented before, so that the link changed nothing for it.
    pub(crate) already_granted: bool,
}

impl LinkedAccount {
    /// The account with its name, if that is among these.
    pub(crate) fn of(
        id: AccountId,
        already_granted: bool,
        names: &BTreeMap<AccountId, String>,
    ) -> Self {
        Self { id, name: names.get(&id).cloned(), already_granted }
    }
}

/// The accounts that a link brings along.
pub(crate) fn first_accounts(link: &Link) -> impl Iterator<Item = AccountId> + '_ {
    chosen(link).into_iter().flat_map(|accounts| accounts.first.iter().copied())
}

fn chosen(link: &Link) -> Option<&ChosenAccounts> {
    match &link.state {
        LinkState::Granted { accounts, .. } => Some(accounts),
        _ => None,
    }
}

impl LinkView {
    /// The link as of now, with these names of accounts.
    pub(crate) fn of(
        link: &Link,
        viewer: Viewer,
        now: DateTime<Utc>,
        names: &BTreeMap<AccountId, String>,
    ) -> Self {
        let chosen = chosen(link);
        let granted = chosen.map_or(0, |accounts| accounts.granted);
        Self {
            id: link.id,
            app_id: link.app_id,
            organization_id: link.organization_id,
            label: link.label.clone(),
            hint: link.hint.clone(),
            state: link.state_name(now),
            created_by: link.created_by,
            created_at: link.created_at,
            expires_at: link.expires_at,
            grant_lifetime_days: link.grant_lifetime_days,
            opened_at: link.opened.map(|opened| opened.at),
            passed_on_count: link.passed_on,
            ended_at: link.ended_at(now),
            revocation_reason: match link.state {
                LinkState::Revoked(revocation) => Some(revocation.reason),
                _ => None,
            },
            granted_count: granted,
            already_granted_count: chosen.map_or(0, |accounts| accounts.already_granted),
            // Those that consent because of it come first.
            accounts: (0..)
                .zip(first_accounts(link))
                .map(|(place, id)| LinkedAccount::of(id, place >= granted, names))
                .collect(),
            allowed: viewer.allowed(link, now),
        }
    }
}
