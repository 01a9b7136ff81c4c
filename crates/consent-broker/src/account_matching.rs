//! Account matching: what of the accounts that a search finds can be chosen, all at once, and why the others cannot.
//! Pure.

use std::collections::BTreeSet;

use contract::AccountId;
use contract::rpc::{AccountRole, AccountsOfRole};

use crate::account_selection::SelectedAccount;

/// How many accounts are left out, by reason. Each counts once: a grant that exists is the stronger reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// They were named as exceptions.
    pub(crate) excepted: u32,
    /// The person's role on them may not consent.
    pub(crate) role_may_not_consent: u32,
    /// They have consented already.
    pub(crate) already_granted: u32,
}

/// The accounts that a search found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Matched {
    /// Those that can be chosen, in the order of their ids.
    pub(crate) selectable: Vec<SelectedAccount>,
    /// The others.
    pub(crate) left_out: LeftOut,
    /// Whether there are more, which nobody looked at.
    pub(crate) more: bool,
}

impl Matched {
    /// Adds a page of accounts, which come after those that were added before. `granted` are those of the page that
    /// have consented.
    pub(crate) fn add(
        &mut self,
        page: &[AccountsOfRole],
        granted: &BTreeSet<AccountId>,
        except: &BTreeSet<AccountId>,
        consent_roles: &[AccountRole],
    ) {
        let before = self.selectable.len();
        for AccountsOfRole { role, account_ids } in page {
            let may_consent = consent_roles.contains(role);
            for account_id in account_ids.iter().copied() {
                if except.contains(&account_id) {
                    self.left_out.excepted += 1;
                } else if granted.contains(&account_id) {
                    self.left_out.already_granted += 1;
                } else if may_consent {
                    self.selectable.push(SelectedAccount { account_id, role: *role });
                } else {
                    self.left_out.role_may_not_consent += 1;
                }
            }
        }
        self.selectable[before..].sort_by_key(|account| account.account_id);
    }

    /// How many were looked at.
    pub(crate) fn looked_at(&self) -> usize {
        let LeftOut { excepted, role_may_not_consent, already_granted } = self.left_out;
        self.selectable.len() + (excepted + role_may_not_consent + already_granted) as usize
    }
}

#[cfg(test)]
mod tests {
    use contract::environment::Environment;

    use super::*;

    const RETAIL: &[AccountRole] = &[AccountRole::Admin, AccountRole::BusinessManager];

    fn accounts(count: usize) -> Vec<AccountId> {
        let environment = Environment::system();
        let mut accounts: Vec<_> = (0..count).map(|_| environment.new_id()).collect();
        accounts.sort();
        accounts
    }

    #[test]
    fn what_can_be_chosen_is_sorted_and_the_rest_counted_once_by_its_strongest_reason() {
        let all = accounts(8);
        let of = |role, places: &[usize]| AccountsOfRole {
            role,
            account_ids: places.iter().map(|place| all[*place]).collect(),
        };
        let page = [
            of(AccountRole::Admin, &[1, 4, 6]),
            of(AccountRole::BusinessManager, &[0, 7]),
            of(AccountRole::Viewer, &[2, 3, 5]),
        ];
        let granted = [all[4], all[2]].into();
        let except = [all[7], all[2]].into();
        let mut matched = Matched::default();
        matched.add(&page, &granted, &except, RETAIL);

        let chosen: Vec<_> = matched.selectable.iter().map(|account| account.account_id).collect();
        assert_eq!(chosen, [all[0], all[1], all[6]]);
        assert_eq!(matched.selectable[0].role, AccountRole::BusinessManager);
        let left_out = LeftOut { excepted: 2, role_may_not_consent: 2, already_granted: 1 };
        assert_eq!((matched.left_out, matched.looked_at()), (left_out, 8));
    }

    #[test]
    fn pages_add_up_in_their_order() {
        let all = accounts(4);
        let mut matched = Matched::default();
        for some in all.chunks(2) {
            let page = [AccountsOfRole { role: AccountRole::Admin, account_ids: some.to_vec() }];
            matched.add(&page, &BTreeSet::new(), &BTreeSet::new(), RETAIL);
        }
        assert!(matched.selectable.is_sorted_by_key(|account| account.account_id));
        assert_eq!(matched.looked_at(), 4);
    }
}
