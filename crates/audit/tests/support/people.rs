//! Who asks.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use contract::rpc::{AccountRole, AccountRolesOf, HeldAccountRole};
use contract::secret::ApiToken;
use contract::{ApiTokenId, Environment, PersonId};
use service::{AuthenticationError, Authenticator, CallContext, Caller, Membership};

/// Who holds which token and role.
#[derive(Default)]
pub(crate) struct People {
    callers: Mutex<HashMap<[u8; 32], Caller>>,
    pub(crate) account_holder: Mutex<Option<(PersonId, contract::AccountId)>>,
}

impl People {
    pub(crate) fn add(
        &self,
        env: &Environment,
        operator: bool,
        memberships: Vec<Membership>,
    ) -> (ApiToken, PersonId) {
        let token = ApiToken::generate(env);
        let person_id: PersonId = env.new_id();
        let api_token_id: ApiTokenId = env.new_id();
        let caller = Caller { person_id, operator, memberships, api_token_id };
        self.callers.lock().unwrap().insert(token.hash().0, caller);
        (token, person_id)
    }

    pub(super) fn roles(&self, asked: &AccountRolesOf) -> Vec<HeldAccountRole> {
        let held = *self.account_holder.lock().unwrap();
        held.into_iter()
            .filter(|(person, account)| {
                *person == asked.person_id
                    && asked.account_ids.as_ref().is_none_or(|ids| ids.contains(account))
            })
            .map(|(_, account_id)| HeldAccountRole {
                account_id,
                service: "retail_media".to_owned(),
                role: AccountRole::Viewer,
            })
            .collect()
    }
}

#[async_trait]
impl Authenticator for People {
    async fn authenticate(
        &self,
        token: &ApiToken,
        _: &CallContext,
    ) -> Result<Option<Caller>, AuthenticationError> {
        Ok(self.callers.lock().unwrap().get(&token.hash().0).cloned())
    }
}
