//! The accounts that a person can choose among on a request for consent, in pages.

use std::collections::{BTreeMap, BTreeSet};

use contract::rpc::{VisibleAccount, VisibleAccounts};
use contract::{AccountId, AppId, PersonId};
use service::Problem;
use service::http::{Page, PageQuery};

use super::consent_page::SelectableAccount;
use crate::as_of::AsOf;
use crate::remote_services::{Names, RemoteServices};
use crate::store::grants;
use crate::{ConsentBroker, account_selection, policy};

/// A request for consent, as one person looks at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    /// Who looks.
    pub(super) person_id: PersonId,
    /// The app that asks.
    pub(super) app_id: AppId,
    /// The service whose accounts it is about.
    pub(super) service: &'a str,
}

/// A page of the accounts of the service that the person sees, in the order of their ids, each with whether it
/// can be chosen: those that a search finds, or all.
pub(super) async fn page(
    broker: &ConsentBroker,
    remote: &RemoteServices,
    seen: Seen<'_>,
    q: Option<String>,
    query: &PageQuery,
) -> Result<Page<SelectableAccount>, Problem> {
    let roles = policy::consent_roles(&broker.resources.catalogue, seen.service);
    let mut question = VisibleAccounts {
        person_id: seen.person_id,
        service: seen.service.to_owned(),
        consent_roles: roles.to_vec(),
        q,
        after: query.after::<AccountId>()?,
        limit: VisibleAccounts::MOST,
    };
    let rows = usize::try_from(query.rows()).unwrap_or_default();
    let mut visible = Vec::new();
    // The directory looks at some accounts at a time, and few of them may be what is searched for.
    loop {
        let missing = rows - visible.len();
        question.limit = u16::try_from(missing).unwrap_or(VisibleAccounts::MOST);
        let mut found = remote.visible_accounts(&question).await?;
        found.accounts.truncate(missing);
        visible.append(&mut found.accounts);
        question.after = found.after;
        if visible.len() == rows || found.after.is_none() {
            break;
        }
    }
    let page = Page::of_rows(visible, query, |account| account.id)?;

    let ids: Vec<AccountId> = page.items.iter().map(|account| account.id).collect();
    let as_of = AsOf::now(&broker.resources);
    let live = grants::live_on(&broker.resources.pool, seen.app_id, &ids, as_of).await?;
    let mut people: BTreeSet<PersonId> = live.iter().map(|grant| grant.granted_by).collect();
    people.extend(page.items.iter().flat_map(|account| &account.consenters));
    let names = Names { people: remote.name_people(people).await?, ..Names::default() };
    let granted: BTreeMap<AccountId, _> =
        live.iter().map(|grant| (grant.account_id, (grant.granted_by, grant.granted_at))).collect();
    Ok(page.map(|account: VisibleAccount| {
        let selectable =
            account_selection::selectable(&account, granted.get(&account.id).copied(), roles);
        SelectableAccount::of(account, selectable, &names)
    }))
}
