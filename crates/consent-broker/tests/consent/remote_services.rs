//! The other services, as far as this one asks them: what they know is set by the test.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use contract::catalogue::{DomainLevel, Level};
use contract::mail::RequestedMail;
use contract::rpc::{
    AccountKind, AccountRole, AccountRolesOf, AccountsOfRole, AppState, AppView, Authenticate,
    AuthenticateApp, AuthenticatedApp, AuthenticatedPerson, AuthenticationMethod, EventPlace,
    FindConsenter, GetApp, GetOrganization, HeldAccountRole, HeldAccounts, HeldAccountsPage,
    KnownMemberships, MAX_KNOWN_MEMBERSHIPS, MailsTaken, MatchingAccounts, MatchingAccountsPage,
    MemberRole, Membership, MembershipsIn, NameAccounts, NameApps, NameOrganizations, NamePeople,
    NamedAccount, NamedApp, NamedOrganization, NamedPerson, OrganizationKind, OrganizationView,
    PlacesOf, RequestMails, VisibleAccount, VisibleAccounts, VisibleAccountsPage,
};
use contract::secret::ApiToken;
use contract::{
    AccountId, AppId, Credential, Environment, EventId, KeyId, OrganizationId, PersonId, Service,
    Version,
};
use service::rpc::RpcServer;
use service::{Shared, Tasks};
use stage::Person;

/// What the directory, the app registry and the key issuer know.
pub(crate) struct Known {
    /// So many accounts a page has at most: few, so that tests come to the second.
    pub(crate) most_at_a_time: usize,
    pub(crate) people: BTreeMap<String, AuthenticatedPerson>,
    pub(crate) names: BTreeMap<PersonId, String>,
    pub(crate) organizations: BTreeMap<OrganizationId, OrganizationView>,
    pub(crate) apps: BTreeMap<AppId, AppView>,
    pub(crate) app_tokens: BTreeMap<String, AuthenticatedApp>,
    pub(crate) accounts: BTreeMap<AccountId, NamedAccount>,
    pub(crate) roles: BTreeMap<(AccountId, PersonId), AccountRole>,
    /// What audit has recorded.
    pub(crate) places: BTreeMap<EventId, EventPlace>,
    /// The mails that the directory was asked for.
    pub(crate) mails: Vec<RequestedMail>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            most_at_a_time: 7,
            people: BTreeMap::new(),
            names: BTreeMap::new(),
            organizations: BTreeMap::new(),
            apps: BTreeMap::new(),
            app_tokens: BTreeMap::new(),
            accounts: BTreeMap::new(),
            roles: BTreeMap::new(),
            places: BTreeMap::new(),
            mails: Vec::new(),
        }
    }
}

/// Holds what is known, and answers from it.
#[derive(Clone, Default)]
pub(crate) struct RemoteServices(Arc<Mutex<Known>>);

impl RemoteServices {
    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap()
    }

    /// A person, and the API token that proves them.
    pub(crate) fn person(&self, env: &Environment, name: &str, operator: bool) -> Person {
        let (person_id, token) = (env.new_id(), ApiToken::generate(env));
        let person = AuthenticatedPerson {
            person_id,
            operator,
            memberships: Vec::new(),
            sign_in_required: Vec::new(),
            more_memberships: false,
            credential: Credential::ApiToken(env.new_id()),
            identity_provider_id: None,
            scope: None,
        };
        let mut known = self.known();
        known.people.insert(hash_in_hex(&token), person);
        known.names.insert(person_id, name.to_owned());
        Person { id: person_id, token }
    }

    pub(crate) fn join(&self, person: PersonId, organization_id: OrganizationId, role: MemberRole) {
        for known in self.known().people.values_mut().filter(|known| known.person_id == person) {
            known.memberships.push(Membership { organization_id, role });
        }
    }

    pub(crate) fn leave(&self, person: PersonId, organization: OrganizationId) {
        for known in self.known().people.values_mut().filter(|known| known.person_id == person) {
            known.memberships.retain(|membership| membership.organization_id != organization);
        }
    }

    pub(crate) fn organization(&self, env: &Environment, confirmed: bool) -> OrganizationId {
        let id = env.new_id();
        let view = OrganizationView {
            id,
            name: "Bidwise".to_owned(),
            kind: OrganizationKind::TechnologyCompany,
            contact_email: "apps@example.com".to_owned(),
            website: None,
            confirmed,
            enabled_domains: Vec::new(),
            created_at: Some(env.now()),
        };
        self.known().organizations.insert(id, view);
        id
    }

    pub(crate) fn app(
        &self,
        env: &Environment,
        organization_id: OrganizationId,
        service: &str,
    ) -> AppId {
        let id = env.new_id();
        let view = AppView {
            id,
            organization_id,
            name: "Shelf Optimizer".to_owned(),
            description: Some("Keeps shelves full.".to_owned()),
            has_image: true,
            authentication_method: AuthenticationMethod::ClientCredentials,
            state: AppState::Active,
            service: Some(service.to_owned()),
            domains: vec![DomainLevel { domain: "campaigns".to_owned(), level: Level::Manage }],
            scopes: Vec::new(),
            version: Version::FIRST.next(),
        };
        let caller = AuthenticatedApp {
            app_id: id,
            organization_id,
            client_id: env.new_id::<KeyId>().client_id(),
            scope: String::new(),
        };
        let mut known = self.known();
        known.apps.insert(id, view);
        known.app_tokens.insert(format!("access-token-of-{id}"), caller);
        id
    }

    pub(crate) fn app_state(&self, app: AppId, state: AppState) {
        self.change_app(app, |app| app.state = state);
    }

    pub(crate) fn change_app(&self, app: AppId, change: impl FnOnce(&mut AppView)) {
        change(self.known().apps.get_mut(&app).unwrap());
    }

    pub(crate) fn account(&self, env: &Environment, name: &str, service: &str) -> AccountId {
        let account_id = env.new_id();
        let account = NamedAccount {
            account_id,
            name: name.to_owned(),
            kind: AccountKind::Advertiser,
            service: service.to_owned(),
        };
        self.known().accounts.insert(account_id, account);
        account_id
    }

    pub(crate) fn role(&self, account: AccountId, person: PersonId, role: Option<AccountRole>) {
        let mut known = self.known();
        match role {
            Some(role) => known.roles.insert((account, person), role),
            None => known.roles.remove(&(account, person)),
        };
    }

    /// Answers on this NATS.
    pub(crate) async fn answer(&self, client: &async_nats::Client, shared: &Shared) {
        let tasks: &Tasks = &shared.tasks;
        let server = |service| {
            RpcServer::new(service, client.clone(), shared.env.clone(), tasks.clone(), 256)
        };
        macro_rules! answers {
            ($server:ident: $($question:ty => $answer:expr;)*) => {$({
                let known = self.clone();
                $server
                    .answer(move |_, question: $question| {
                        let answer: fn(&Known, $question) -> _ = $answer;
                        let reply = answer(&known.known(), question);
                        async move { Ok(reply) }
                    })
                    .await
                    .unwrap();
            })*};
        }
        let directory = server(Service::Directory);
        answers! { directory:
            Authenticate => |known, asked| known.holder(&asked);
            MembershipsIn => |known, asked| known.memberships_in(&asked);
            GetOrganization => |known, asked| known.organizations.get(&asked.organization_id).cloned();
            VisibleAccounts => |known, asked| known.visible(&asked);
            MatchingAccounts => |known, asked| known.matching(&asked);
            FindConsenter => |known, asked| known.consenter(&asked);
            HeldAccounts => |known, asked| known.held(&asked);
            AccountRolesOf => |known, asked| known.roles_of(&asked);
            NamePeople => |known, asked| known.people_named(&asked);
            NameOrganizations => |known, asked| known.organizations_named(&asked);
            NameAccounts => |known, asked| {
                asked.account_ids.iter().filter_map(|id| known.accounts.get(id).cloned()).collect()
            };
        }
        let known = self.clone();
        let take = move |_, question: RequestMails| {
            let new = u32::try_from(question.mails.len()).unwrap();
            known.known().mails.extend(question.mails);
            std::future::ready(Ok(MailsTaken { new }))
        };
        directory.answer(take).await.unwrap();
        let registry = server(Service::AppRegistry);
        answers! { registry:
            GetApp => |known, asked| known.apps.get(&asked.app_id).cloned();
            NameApps => |known, asked| known.apps_named(&asked);
        }
        let audit = server(Service::Audit);
        answers! { audit:
            PlacesOf => |known, asked| known.places_of(&asked);
        }
        let issuer = server(Service::KeyIssuer);
        answers! { issuer:
            AuthenticateApp => |known, asked| known.app_tokens.get(&asked.access_token).cloned();
        }
    }
}

impl Known {
    /// As the directory answers: not all memberships, if there are many.
    fn holder(&self, asked: &Authenticate) -> Option<AuthenticatedPerson> {
        let mut person = self.people.get(&asked.token_sha256).cloned()?;
        person.more_memberships = person.memberships.len() > MAX_KNOWN_MEMBERSHIPS;
        person.memberships.truncate(MAX_KNOWN_MEMBERSHIPS);
        Some(person)
    }

    fn memberships_in(&self, asked: &MembershipsIn) -> KnownMemberships {
        let person = self.people.values().find(|person| person.person_id == asked.person_id);
        let all = person.map_or_else(Vec::new, |person| person.memberships.clone());
        let named =
            |membership: &Membership| asked.organization_ids.contains(&membership.organization_id);
        let memberships = all.into_iter().filter(named).collect();
        KnownMemberships { memberships, sign_in_required: Vec::new() }
    }

    fn visible(&self, asked: &VisibleAccounts) -> VisibleAccountsPage {
        let after = |account: AccountId| asked.after.is_none_or(|after| account > after);
        let held = self
            .roles
            .iter()
            .filter(|((account, person), _)| *person == asked.person_id && after(*account));
        let of_service = held.filter_map(|((account, _), role)| {
            let account =
                self.accounts.get(account).filter(|account| account.service == asked.service)?;
            if !is_found(account, asked.q.as_deref()) {
                return None;
            }
            let may = self.roles.iter().filter(|((other, _), role)| {
                *other == account.account_id
                    && asked.consent_roles.contains(role)
                    && !asked.consent_roles.contains(&self.roles[&(*other, asked.person_id)])
            });
            Some(VisibleAccount {
                id: account.account_id,
                name: account.name.clone(),
                external_id: None,
                kind: account.kind,
                service: account.service.clone(),
                role: *role,
                consenters: may.map(|((_, person), _)| *person).collect(),
                more_consenters: false,
            })
        });
        // A page with few accounts, and more after them, is one that a search makes.
        let most = usize::from(asked.limit).min(self.most_at_a_time);
        let mut accounts: Vec<VisibleAccount> = of_service.take(most + 1).collect();
        let more = accounts.len() > most;
        accounts.truncate(most);
        let after = accounts.last().map(|account| account.id).filter(|_| more);
        VisibleAccountsPage { accounts, after }
    }

    fn matching(&self, asked: &MatchingAccounts) -> MatchingAccountsPage {
        let after = |account: AccountId| asked.after.is_none_or(|after| account > after);
        let mut held: Vec<(AccountId, AccountRole)> = self
            .roles
            .iter()
            .filter(|((account, person), _)| *person == asked.person_id && after(*account))
            .map(|((account, _), role)| (*account, *role))
            .take(self.most_at_a_time + 1)
            .collect();
        let more = held.len() > self.most_at_a_time;
        held.truncate(self.most_at_a_time);
        let after = held.last().map(|(account, _)| *account).filter(|_| more);
        let mut by_role: Vec<AccountsOfRole> = Vec::new();
        for (id, role) in held {
            let account = &self.accounts[&id];
            if account.service != asked.service || !is_found(account, asked.q.as_deref()) {
                continue;
            }
            match by_role.iter_mut().find(|known| known.role == role) {
                Some(known) => known.account_ids.push(id),
                None => by_role.push(AccountsOfRole { role, account_ids: vec![id] }),
            }
        }
        MatchingAccountsPage { by_role, after }
    }

    fn consenter(&self, asked: &FindConsenter) -> Option<AccountRole> {
        let role = *self.roles.get(&(asked.account_id, asked.person_id))?;
        asked.consent_roles.contains(&role).then_some(role)
    }

    fn held(&self, asked: &HeldAccounts) -> HeldAccountsPage {
        let held = self.roles.keys().filter(|(account, person)| {
            *person == asked.person_id && asked.after.is_none_or(|after| *account > after)
        });
        let mut account_ids: Vec<AccountId> =
            held.map(|(account, _)| *account).take(self.most_at_a_time + 1).collect();
        let more = account_ids.len() > self.most_at_a_time;
        account_ids.truncate(self.most_at_a_time);
        let after = account_ids.last().copied().filter(|_| more);
        HeldAccountsPage { account_ids, after }
    }

    fn roles_of(&self, asked: &AccountRolesOf) -> Vec<HeldAccountRole> {
        let of = |account: &AccountId| {
            let role = *self.roles.get(&(*account, asked.person_id))?;
            let service = self.accounts[account].service.clone();
            Some(HeldAccountRole { account_id: *account, service, role })
        };
        asked.account_ids.iter().filter_map(of).collect()
    }

    fn people_named(&self, asked: &NamePeople) -> Vec<NamedPerson> {
        asked.person_ids.iter().map(|person| self.named(*person)).collect()
    }

    fn organizations_named(&self, asked: &NameOrganizations) -> Vec<NamedOrganization> {
        let known = asked.organization_ids.iter().filter_map(|id| self.organizations.get(id));
        known
            .map(|organization| NamedOrganization {
                organization_id: organization.id,
                name: organization.name.clone(),
                contact_email: organization.contact_email.clone(),
            })
            .collect()
    }

    fn places_of(&self, asked: &PlacesOf) -> Vec<EventPlace> {
        let unknown = |event_id| EventPlace { event_id, position: None, recorded_at: None };
        let place = |id: &EventId| self.places.get(id).copied().unwrap_or_else(|| unknown(*id));
        asked.event_ids.iter().map(place).collect()
    }

    fn apps_named(&self, asked: &NameApps) -> Vec<NamedApp> {
        let known = asked.app_ids.iter().filter_map(|id| self.apps.get(id));
        known
            .map(|app| NamedApp {
                app_id: app.id,
                name: app.name.clone(),
                organization_id: app.organization_id,
                activated: true,
            })
            .collect()
    }

    fn named(&self, person_id: PersonId) -> NamedPerson {
        NamedPerson { person_id, name: self.names[&person_id].clone() }
    }
}

/// As the directory searches, as far as these tests go.
fn is_found(account: &NamedAccount, q: Option<&str>) -> bool {
    account.name.to_lowercase().contains(&q.unwrap_or_default().to_lowercase())
}

fn hash_in_hex(token: &ApiToken) -> String {
    use std::fmt::Write as _;
    token.hash().0.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
