//! Account selection: what a person can choose on the consent page, and whether what they chose
//! stands. Pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use contract::ids::{AccountId, PersonId};
use contract::rpc::{AccountRole, HeldAccountRole, VisibleAccount};

/// Why an account on the page cannot be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unselectable {
    /// It has consented already; nothing is left to choose.
    AlreadyGranted {
        /// Who consented.
        by: PersonId,
        /// When.
        at: DateTime<Utc>,
    },
    /// The person's role on it does not suffice.
    RoleMayNotConsent {
        /// Who could approve: some of them.
        consenters: Vec<PersonId>,
        /// Whether others could as well.
        more: bool,
    },
}

/// Whether this account can be chosen. A grant that exists is the stronger reason: it also tells
/// those whose role does not suffice that nobody needs to be asked.
pub(crate) fn selectable(
    account: &VisibleAccount,
    granted: Option<(PersonId, DateTime<Utc>)>,
    consent_roles: &[AccountRole],
) -> Result<(), Unselectable> {
    if let Some((by, at)) = granted {
        return Err(Unselectable::AlreadyGranted { by, at });
    }
    if consent_roles.contains(&account.role) {
        Ok(())
    } else {
        Err(Unselectable::RoleMayNotConsent {
            consenters: account.consenters.clone(),
            more: account.more_consenters,
        })
    }
}

/// A chosen account, and the role that allows the person to consent for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SelectedAccount {
    /// The account.
    pub(crate) account_id: AccountId,
    /// The person's role on it at the moment of approval.
    pub(crate) role: AccountRole,
}

/// A selection that does not stand. Positions are those of the accounts as they were named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AccountSelectionError {
    /// None was chosen.
    #[error("choose at least one account, or deny")]
    Empty,
    /// More than this.
    #[error("choose at most {0} accounts at a time")]
    TooMany(usize),
    /// The same account twice.
    #[error("account {0} is named twice")]
    Twice(usize),
    /// The person sees no such account of this service.
    #[error("account {0} is not an account of this service that you can see")]
    NotVisible(usize),
    /// The person sees the account, but their role may not consent.
    #[error("your role {role} on account {position} may not consent")]
    RoleMayNotConsent {
        /// Which.
        position: usize,
        /// The account.
        account_id: AccountId,
        /// The role.
        role: AccountRole,
    },
}

/// Checks what can be checked without knowing the person: there are at most so many, each once.
pub(crate) fn check_form(accounts: &[AccountId], most: usize) -> Result<(), AccountSelectionError> {
    if accounts.is_empty() {
        return Err(AccountSelectionError::Empty);
    }
    if accounts.len() > most {
        return Err(AccountSelectionError::TooMany(most));
    }
    let mut seen = BTreeSet::new();
    match accounts.iter().position(|account| !seen.insert(*account)) {
        Some(position) => Err(AccountSelectionError::Twice(position)),
        None => Ok(()),
    }
}

/// What the person approves, if their roles on the accounts allow all of it: consent is all or
/// nothing. The answer is sorted by account, so that approvals at the same time never wait for each
/// other in a circle.
pub(crate) fn select(
    accounts: &[AccountId],
    held: &[HeldAccountRole],
    service: &str,
    consent_roles: &[AccountRole],
) -> Result<Vec<SelectedAccount>, AccountSelectionError> {
    check_form(accounts, usize::MAX)?;
    let roles: BTreeMap<AccountId, AccountRole> = held
        .iter()
        .filter(|held| held.service == service)
        .map(|held| (held.account_id, held.role))
        .collect();
    let mut selected = Vec::with_capacity(accounts.len());
    for (position, account_id) in accounts.iter().copied().enumerate() {
        let role = *roles.get(&account_id).ok_or(AccountSelectionError::NotVisible(position))?;
        if !consent_roles.contains(&role) {
            return Err(AccountSelectionError::RoleMayNotConsent { position, account_id, role });
        }
        selected.push(SelectedAccount { account_id, role });
    }
    selected.sort_by_key(|account| account.account_id);
    Ok(selected)
}

#[cfg(test)]
mod tests {
    use contract::environment::Environment;
    use contract::rpc::AccountKind;

    use super::*;

    const RETAIL: &[AccountRole] = &[AccountRole::Admin, AccountRole::BusinessManager];

    fn account() -> AccountId {
        Environment::system().new_id()
    }

    fn held(account_id: AccountId, role: AccountRole) -> HeldAccountRole {
        HeldAccountRole { account_id, service: "retail_media".to_owned(), role }
    }

    fn seen_as(role: AccountRole) -> VisibleAccount {
        VisibleAccount {
            id: account(),
            name: "Shop".to_owned(),
            external_id: None,
            kind: AccountKind::Advertiser,
            service: "retail_media".to_owned(),
            role,
            consenters: vec![Environment::system().new_id()],
            more_consenters: true,
        }
    }

    #[test]
    fn a_role_that_suffices_can_choose_the_account() {
        assert_eq!(selectable(&seen_as(AccountRole::BusinessManager), None, RETAIL), Ok(()));
    }

    #[test]
    fn a_role_that_does_not_suffice_is_told_who_could_approve() {
        let account = seen_as(AccountRole::Analyst);
        let consenters = account.consenters.clone();
        assert_eq!(
            selectable(&account, None, RETAIL),
            Err(Unselectable::RoleMayNotConsent { consenters, more: true })
        );
    }

    #[test]
    fn an_account_that_has_consented_is_shown_with_who_and_when_whatever_the_role() {
        let (by, at) = (Environment::system().new_id(), Environment::system().now());
        for role in [AccountRole::Admin, AccountRole::Viewer] {
            let refusal = selectable(&seen_as(role), Some((by, at)), RETAIL);
            assert_eq!(refusal, Err(Unselectable::AlreadyGranted { by, at }));
        }
    }

    #[test]
    fn at_least_one_account_is_chosen_and_none_twice() {
        let one = account();
        assert_eq!(check_form(&[], 3), Err(AccountSelectionError::Empty));
        assert_eq!(check_form(&[account(), one, one], 3), Err(AccountSelectionError::Twice(2)));
        assert_eq!(check_form(&[one; 4], 3), Err(AccountSelectionError::TooMany(3)));
        assert_eq!(check_form(&[one], 1), Ok(()));
    }

    #[test]
    fn each_account_is_approved_with_the_persons_role_on_it() {
        let (one, two) = (account(), account());
        let held = [held(one, AccountRole::Admin), held(two, AccountRole::BusinessManager)];
        let approved = select(&[two, one], &held, "retail_media", RETAIL).unwrap();
        assert!(approved.is_sorted_by_key(|approval| approval.account_id));
        assert!(
            approved
                .contains(&SelectedAccount { account_id: two, role: AccountRole::BusinessManager })
        );
    }

    #[test]
    fn one_role_that_does_not_suffice_stops_the_whole_approval() {
        let (one, two) = (account(), account());
        let held = [held(one, AccountRole::Admin), held(two, AccountRole::Analyst)];
        let refusal = select(&[one, two], &held, "retail_media", RETAIL).unwrap_err();
        assert_eq!(
            refusal,
            AccountSelectionError::RoleMayNotConsent {
                position: 1,
                account_id: two,
                role: AccountRole::Analyst
            }
        );
    }

    #[test]
    fn an_account_of_another_service_is_as_unknown_as_one_that_is_not_seen() {
        let one = account();
        let held = [held(one, AccountRole::Admin)];
        for service in ["retail_media", "marketing_solutions"] {
            let named = if service == "retail_media" { account() } else { one };
            assert_eq!(
                select(&[named], &held, service, RETAIL),
                Err(AccountSelectionError::NotVisible(0))
            );
        }
    }
}
