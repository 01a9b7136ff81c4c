//! Who asks.

use std::sync::{Arc, Mutex};

use contract::rpc::{AccountRole, AccountRolesOf, HeldAccountRole};
use contract::{Environment, OrganizationId, PersonId};
use service::MemberRole;
use stage::Person;

/// Who may call, and who holds a role on an account.
#[derive(Default)]
pub(crate) struct People {
    pub(super) callers: Arc<stage::People>,
    pub(crate) account_holder: Mutex<Option<(PersonId, contract::AccountId)>>,
}

impl People {
    /// An operator.
    pub(crate) fn operator(&self, env: &Environment) -> Person {
        self.callers.admit(env, true, &[])
    }

    /// Someone with these roles.
    pub(crate) fn person(
        &self,
        env: &Environment,
        memberships: &[(OrganizationId, MemberRole)],
    ) -> Person {
        self.callers.admit(env, false, memberships)
    }

    /// An auditor, with a token of an operator's.
    pub(crate) fn auditor(&self, env: &Environment) -> Person {
        self.auditor_of(env, &self.operator(env))
    }

    /// An auditor, with a token of this operator's.
    pub(crate) fn auditor_of(&self, env: &Environment, operator: &Person) -> Person {
        self.callers.admit_auditor(env, operator)
    }

    pub(super) fn roles(&self, asked: &AccountRolesOf) -> Vec<HeldAccountRole> {
        let held = *self.account_holder.lock().unwrap();
        held.into_iter()
            .filter(|(person, account)| {
                *person == asked.person_id && asked.account_ids.contains(account)
            })
            .map(|(_, account_id)| HeldAccountRole {
                account_id,
                service: "retail_media".to_owned(),
                role: AccountRole::Viewer,
            })
            .collect()
    }
}
