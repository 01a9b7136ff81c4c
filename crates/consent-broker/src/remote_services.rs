//! What this service asks of the others. It keeps no copy of what they know: a role, a suspension
//! or a name counts as it is at the moment of the question.

use std::collections::{BTreeMap, BTreeSet};

use contract::ids::{AccountId, AppId, EventId, OrganizationId, PersonId};
use contract::rpc::{
    AccountRole, AccountRolesOf, AppView, AskedIds, AuthenticateApp, AuthenticatedApp, EventPlace,
    FindConsenter, GetApp, GetOrganization, HeldAccountRole, HeldAccounts, HeldAccountsPage,
    MatchingAccounts, MatchingAccountsPage, NameAccounts, NameApps, NameOrganizations, NamePeople,
    NamedAccount, NamedOrganization, OrganizationView, PlacesOf, ServiceRequest, VisibleAccounts,
    VisibleAccountsPage,
};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use service::RequestFacts;
use service::rpc::{CallContext, RpcClient, RpcError};

use crate::ConsentBroker;

/// So many questions about different ids are asked at once.
const AT_ONCE: usize = 4;

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
    /// Organizations, and where they can be reached.
    pub(crate) organizations: BTreeMap<OrganizationId, NamedOrganization>,
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

    /// A page of the accounts of a service on which a person holds any role.
    pub(crate) async fn visible_accounts(
        &self,
        question: &VisibleAccounts,
    ) -> Result<VisibleAccountsPage, RpcError> {
        self.rpc.call(self.context.clone(), question).await
    }

    /// A page of the ids of such accounts, by the person's role on them.
    pub(crate) async fn matching_accounts(
        &self,
        question: &MatchingAccounts,
    ) -> Result<MatchingAccountsPage, RpcError> {
        self.rpc.call(self.context.clone(), question).await
    }

    /// The role in which a person may consent for an account, if they may.
    pub(crate) async fn consenter(
        &self,
        question: &FindConsenter,
    ) -> Result<Option<AccountRole>, RpcError> {
        self.rpc.call(self.context.clone(), question).await
    }

    /// A page of the accounts on which a person holds any role: those after this one.
    pub(crate) async fn held_accounts(
        &self,
        person_id: PersonId,
        after: Option<AccountId>,
    ) -> Result<HeldAccountsPage, RpcError> {
        self.rpc.call(self.context.clone(), &HeldAccounts { person_id, after }).await
    }

    /// All accounts on which a person holds any role.
    pub(crate) async fn all_held_accounts(
        &self,
        person_id: PersonId,
    ) -> Result<Vec<AccountId>, RpcError> {
        let mut page = self.held_accounts(person_id, None).await?;
        let mut accounts = page.account_ids;
        while page.after.is_some() {
            page = self.held_accounts(person_id, page.after).await?;
            accounts.append(&mut page.account_ids);
        }
        Ok(accounts)
    }

    /// The roles a person holds on these accounts.
    pub(crate) async fn roles_of(
        &self,
        person_id: PersonId,
        accounts: impl IntoIterator<Item = AccountId>,
    ) -> Result<Vec<HeldAccountRole>, RpcError> {
        self.ask_of_all(accounts, |account_ids| AccountRolesOf { person_id, account_ids }).await
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
        let named = self.ask_of_all(ids, |person_ids| NamePeople { person_ids }).await?;
        Ok(named.into_iter().map(|person| (person.person_id, person.name)).collect())
    }

    /// Accounts with their names.
    pub(crate) async fn accounts(
        &self,
        ids: BTreeSet<AccountId>,
    ) -> Result<Vec<NamedAccount>, RpcError> {
        self.ask_of_all(ids, |account_ids| NameAccounts { account_ids }).await
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
        let named = self.ask_of_all(ids, |app_ids| NameApps { app_ids }).await?;
        Ok(named.into_iter().map(|app| (app.app_id, app.name)).collect())
    }

    /// The names of organizations, and where they can be reached.
    pub(crate) async fn name_organizations(
        &self,
        ids: BTreeSet<OrganizationId>,
    ) -> Result<BTreeMap<OrganizationId, NamedOrganization>, RpcError> {
        let named =
            self.ask_of_all(ids, |organization_ids| NameOrganizations { organization_ids }).await?;
        Ok(named.into_iter().map(|named| (named.organization_id, named)).collect())
    }

    /// Where in the log these events are; those that are not recorded yet are left out.
    pub(crate) async fn places_of(
        &self,
        ids: impl IntoIterator<Item = EventId>,
    ) -> Result<BTreeMap<EventId, EventPlace>, RpcError> {
        let places = self.ask_of_all(ids, |event_ids| PlacesOf { event_ids }).await?;
        let recorded = places.into_iter().filter(|place| place.position.is_some());
        Ok(recorded.map(|place| (place.event_id, place)).collect())
    }

    /// Asks about any number of ids, as many at a time as a question may name, and several questions at once.
    async fn ask_of_all<I, T, R: ServiceRequest<Reply = Vec<T>>>(
        &self,
        ids: impl IntoIterator<Item = I>,
        question: impl Fn(AskedIds<I>) -> R,
    ) -> Result<Vec<T>, RpcError> {
        let asked = AskedIds::portions(ids).into_iter().map(question).map(|question| {
            let (rpc, context) = (self.rpc.clone(), self.context.clone());
            async move { rpc.call(context, &question).await }.boxed()
        });
        let asked: Vec<_> = asked.collect();
        stream::iter(asked).buffered(AT_ONCE).try_concat().await
    }
}
