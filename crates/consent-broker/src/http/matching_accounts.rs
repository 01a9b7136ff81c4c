//! All accounts that a search finds on a request for consent: counted, or chosen.

use std::collections::BTreeSet;

use contract::AccountId;
use contract::rpc::MatchingAccounts;
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;

use super::selectable_accounts::Seen;
use crate::account_matching::Matched;
use crate::as_of::AsOf;
use crate::remote_services::RemoteServices;
use crate::store::grants;
use crate::{ConsentBroker, policy};

/// The most characters of a text that is searched for: as many as a name has.
const LONGEST_SEARCH: usize = 200;

/// More accounts than this, and some, are not looked at in one request.
const MOST_LOOKED_AT: usize = 100_000;

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

/// The text to search for; `field` is where it was given.
pub(super) fn search(q: Option<String>, field: &'static str) -> Result<Option<String>, Problem> {
    match &q {
        Some(text) if text.chars().count() > LONGEST_SEARCH || text.contains('\0') => {
            let message = format!("has at most {LONGEST_SEARCH} characters, none of them NUL");
            Err(Problem::invalid_field(field, message))
        }
        _ => Ok(q),
    }
}

/// The accounts that match at this moment, but for these, by whether they can be chosen.
///
/// The roles are those that the person holds now; no answer between services grows with their accounts.
pub(super) async fn find(
    broker: &ConsentBroker,
    remote: &RemoteServices,
    seen: Seen<'_>,
    q: Option<String>,
    except: &BTreeSet<AccountId>,
) -> Result<Matched, Problem> {
    let roles = policy::consent_roles(&broker.resources.catalogue, seen.service);
    let Seen { person_id, app_id, service } = seen;
    let mut question = MatchingAccounts { person_id, service: service.to_owned(), q, after: None };
    let mut matched = Matched::default();
    loop {
        let page = remote.matching_accounts(&question).await?;
        let ids: Vec<AccountId> =
            page.by_role.iter().flat_map(|held| &held.account_ids).copied().collect();
        let as_of = AsOf::now(&broker.resources);
        let live = grants::live_on(&broker.resources.pool, app_id, &ids, as_of).await?;
        let granted = live.iter().map(|grant| grant.account_id).collect();
        matched.add(&page.by_role, &granted, except, roles);
        question.after = page.after;
        if page.after.is_none() {
            return Ok(matched);
        }
        if matched.looked_at() >= MOST_LOOKED_AT {
            matched.more = true;
            return Ok(matched);
        }
    }
}
