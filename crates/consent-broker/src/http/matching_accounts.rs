//! All accounts that a search finds on a request for consent: counted, or chosen.

use std::collections::BTreeSet;

use contract::AccountId;
use contract::rpc::MatchingAccounts;
use service::{Fault, FaultCode, Problem};

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

/// The text to search for; `field` is where it was given.
pub(super) fn search(q: Option<String>, field: &'static str) -> Result<Option<String>, Problem> {
    match &q {
        Some(text) if text.chars().count() > LONGEST_SEARCH => {
            Err(Problem::invalid_field(field, Fault::too_long(LONGEST_SEARCH)))
        }
        Some(text) if text.contains('\0') => {
            let fault = Fault::new(FaultCode::ForbiddenCharacters, "has a NUL character");
            Err(Problem::invalid_field(field, fault))
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
