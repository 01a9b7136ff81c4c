//! What this service asks of the others. It keeps no copy of what they know: a role, a suspension
//! or a name counts as it is at the moment of the question.

use std::collections::{BTreeMap, BTreeSet};

use contract::ids::{AccountId, AppId, OrganizationId, PersonId};
use contract::rpc::{
    AccountRole, AccountRolesOf, AppView, AuthenticateApp, AuthenticatedApp, GetApp,
    GetOrganization, HeldAccountRole, NameAccounts, NameApps, NamePeople, NamedAccount,
    OrganizationView, VisibleAccount, VisibleAccounts,
};
use service::RequestFacts;
use service::rpc::{CallContext, RpcClient, RpcError};

use crate::ConsentBroker;

/// So many names are asked for at a time: the answer stays well below what NATS carries.
const AT_A_TIME: usize = 1_000;

/// The other services, asked on behalf of one request.
#[derive(Clone)]
pub(crate) struct RemoteServices {
    rpc: RpcClient,
    context: CallContext,
}

/// What ids are called. An id without an entry is not known (any more).
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    /// People.
    pub(crate) people: BTreeMap<PersonId, String>,
    /// Accounts.
    pub(crate) accounts: BTreeMap<AccountId, String>,
    /// Apps.
    pub(crate) apps: BTreeMap<AppId, String>,
}

impl RemoteServices {
    /// The other services, asked on behalf of this request.
    pub(crate) fn of(broker: &ConsentBroker, facts: &RequestFacts) -> Self {
        Self { rpc: broker.resources.rpc.clone(), context: facts.into() }
    }

    /// The app, as it is now.
    pub(crate) async fn app(&self, app_id: AppId) -> Result<Option<AppView>, RpcError> {
        self.rpc.call(self.context.clone(), &GetApp { app_id }).await
    }

    /// The organization, as it is now.
    pub(crate) async fn organization(
        &self,
        organization_id: OrganizationId,
    ) -> Result<Option<OrganizationView>, RpcError> {
        self.rpc.call(self.context.clone(), &GetOrganization { organization_id }).await
    }

    /// The accounts of a service on which a person holds any role.
    pub(crate) async fn visible_accounts(
        &self,
        person_id: PersonId,
        service: &str,
        consent_roles: &[AccountRole],
    ) -> Result<Vec<VisibleAccount>, RpcError> {
        let question = VisibleAccounts {
            person_id,
            service: service.to_owned(),
            consent_roles: consent_roles.to_vec(),
        };
        self.rpc.call(self.context.clone(), &question).await
    }

    /// The roles a person holds on these accounts, or on all accounts there are.
    pub(crate) async fn roles_of(
        &self,
        person_id: PersonId,
        account_ids: Option<Vec<AccountId>>,
    ) -> Result<Vec<HeldAccountRole>, RpcError> {
        self.rpc.call(self.context.clone(), &AccountRolesOf { person_id, account_ids }).await
    }

    /// The app that holds this access token.
    pub(crate) async fn authenticate_app(
        &self,
        access_token: &str,
    ) -> Result<Option<AuthenticatedApp>, RpcError> {
        self.rpc
            .call(self.context.clone(), &AuthenticateApp { access_token: access_token.to_owned() })
            .await
    }

    /// The names of people.
    pub(crate) async fn name_people(
        &self,
        ids: BTreeSet<PersonId>,
    ) -> Result<BTreeMap<PersonId, String>, RpcError> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let question = NamePeople { person_ids: ids.into_iter().collect() };
        let named = self.rpc.call(self.context.clone(), &question).await?;
        Ok(named.into_iter().map(|person| (person.person_id, person.name)).collect())
    }

    /// Accounts with their names.
    pub(crate) async fn accounts(
        &self,
        ids: BTreeSet<AccountId>,
    ) -> Result<Vec<NamedAccount>, RpcError> {
        let ids: Vec<AccountId> = ids.into_iter().collect();
        let mut named = Vec::with_capacity(ids.len());
        for some in ids.chunks(AT_A_TIME) {
            named.extend(
                self.rpc
                    .call(self.context.clone(), &NameAccounts { account_ids: some.to_vec() })
                    .await?,
            );
        }
        Ok(named)
    }

    /// The names of accounts.
    pub(crate) async fn name_accounts(
        &self,
        ids: BTreeSet<AccountId>,
    ) -> Result<BTreeMap<AccountId, String>, RpcError> {
        let named = self.accounts(ids).await?;
        Ok(named.into_iter().map(|account| (account.account_id, account.name)).collect())
    }

    /// The names of apps.
    pub(crate) async fn name_apps(
        &self,
        ids: BTreeSet<AppId>,
    ) -> Result<BTreeMap<AppId, String>, RpcError> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let question = NameApps { app_ids: ids.into_iter().collect() };
        let named = self.rpc.call(self.context.clone(), &question).await?;
        Ok(named.into_iter().map(|app| (app.app_id, app.name)).collect())
    }
}
