//! The stage of a test: servers, a service, people with tokens, and a directory that says what it
//! is told to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::http::StatusCode;
use contract::rpc::{GetOrganization, MemberRole, Membership, OrganizationKind, OrganizationView};
use contract::secret::ApiToken;
use contract::{Environment, OrganizationId, PersonId, Service};
use eventstore::TransportSettings;
use local_servers::Nats;
use local_servers::testing::{self, TestDatabase};
use serde_json::{Value, json};
use service::rpc::RpcServer;
use service::settings::{DatabaseSettings, HttpSettings, NatsSettings};
use service::{
    AuthenticationError, Authenticator, CallContext, Caller, Health, Resources, Shared, Tasks,
};

use crate::client::Client;

/// Everything a test needs.
pub struct Stage {
    pub resources: Resources,
    pub organization: OrganizationId,
    pub other_organization: OrganizationId,
    /// `postgres://…` of the superuser.
    pub admin_url: String,
    router: Router,
    people: Arc<People>,
    directory: Arc<Mutex<HashMap<OrganizationId, OrganizationView>>>,
    tokens: [(PersonId, String); 5],
    _database: TestDatabase,
    _nats: Nats,
}

#[derive(Default)]
struct People(Mutex<HashMap<String, Caller>>);

#[async_trait]
impl Authenticator for People {
    async fn authenticate(
        &self,
        token: &ApiToken,
        _: &CallContext,
    ) -> Result<Option<Caller>, AuthenticationError> {
        Ok(self.0.lock().unwrap().get(token.reveal()).cloned())
    }
}

/// The body of a draft with what is needed and nothing more.
pub fn draft() -> Value {
    json!({"name": "Shelf Optimizer", "authentication_method": "client_credentials"})
}

/// The body of a draft that can be activated.
pub fn complete() -> Value {
    json!({
        "name": "Shelf Optimizer", "description": "Keeps shelves full.",
        "authentication_method": "client_credentials", "service": "retail_media",
        "domains": [{"domain": "campaigns", "level": "manage"}],
    })
}

impl Stage {
    /// Servers, the service, and the people.
    pub async fn set() -> Self {
        let cluster = testing::postgres().await;
        let template = cluster
            .template("app_registry_tests", async |url| {
                let login = schema::Login { service: Service::AppRegistry, password: None };
                schema::migrate(url, &[login]).await.unwrap();
            })
            .await;
        let database = cluster.database_from(Some(template)).await;
        let nats = testing::nats().await;
        let env = Environment::system();
        let health = Health::new();
        let shared = Shared {
            env: env.clone(),
            catalogue: Arc::default(),
            tasks: Tasks::new(health.clone()),
            health,
        };
        let resources = Resources::connect(
            Service::AppRegistry,
            &shared,
            &DatabaseSettings { url: database.url.as_str().into(), ..DatabaseSettings::default() },
            &NatsSettings {
                url: nats.url_for(testing::NATS_USER).unwrap().into(),
                ..NatsSettings::default()
            },
            TransportSettings::default(),
        )
        .await
        .unwrap();

        let (organization, other_organization) = (env.new_id(), env.new_id());
        let directory = Arc::new(Mutex::new(HashMap::from(
            [organization, other_organization].map(|id| (id, organization_view(id))),
        )));
        answer_as_directory(&resources, &shared, &directory).await;

        let routes = app_registry::start(resources.clone(), app_registry::Settings::default())
            .await
            .unwrap();
        let people = Arc::new(People::default());
        let tokens = ["owner", "developer", "auditor", "operator", "stranger"].map(|role| {
            let memberships = match role {
                "operator" => Vec::new(),
                "stranger" => vec![(other_organization, "owner")],
                role => vec![(organization, role)],
            };
            people.admit(&env, role == "operator", &memberships)
        });
        let application =
            service::http::application(routes, people.clone(), &env, &HttpSettings::default());
        Self {
            organization,
            other_organization,
            admin_url: database.url.clone(),
            router: application,
            people,
            directory,
            tokens,
            _database: database,
            _nats: nats,
            resources,
        }
    }

    pub fn owner(&self) -> Client<'_> {
        self.client(0)
    }

    pub fn developer(&self) -> Client<'_> {
        self.client(1)
    }

    pub fn auditor(&self) -> Client<'_> {
        self.client(2)
    }

    /// An operator of the platform, member of no organization.
    pub fn operator(&self) -> Client<'_> {
        self.client(3)
    }

    /// An owner of another organization.
    pub fn stranger(&self) -> Client<'_> {
        self.client(4)
    }

    /// Someone new with these roles.
    pub fn person_in(&self, memberships: &[(OrganizationId, &str)]) -> Client<'_> {
        let (person, token) = self.people.admit(&self.resources.env, false, memberships);
        Client { person, router: &self.router, token }
    }

    /// Gives someone these roles in place of those they had.
    pub fn change_roles(&self, someone: &Client<'_>, roles: &[(OrganizationId, &str)]) {
        let mut people = self.people.0.lock().unwrap();
        people.get_mut(&someone.token).unwrap().memberships = memberships(roles);
    }

    /// Someone whose token is nobody's.
    pub fn nobody(&self) -> Client<'_> {
        let token = ApiToken::generate(&self.resources.env).reveal().to_owned();
        Client { person: self.resources.env.new_id(), router: &self.router, token }
    }

    fn client(&self, index: usize) -> Client<'_> {
        let (person, token) = self.tokens[index].clone();
        Client { person, router: &self.router, token }
    }

    /// An app that was just activated.
    pub async fn active_app(&self) -> String {
        let developer = self.developer();
        let id = developer.post("/v1/apps", complete()).await.id();
        let answer = developer.post(&format!("/v1/apps/{id}/activate"), Value::Null).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        id
    }

    /// Sets whether the organization's contact address is confirmed.
    pub fn confirm(&self, confirmed: bool) {
        self.in_directory(|organization| organization.confirmed = confirmed);
    }

    /// Enables a domain on request for the organization.
    pub fn enable(&self, domain: &str) {
        self.in_directory(|organization| organization.enabled_domains.push(domain.to_owned()));
    }

    /// Takes all domains on request back.
    pub fn disable_all(&self) {
        self.in_directory(|organization| organization.enabled_domains.clear());
    }

    fn in_directory(&self, change: impl FnOnce(&mut OrganizationView)) {
        change(self.directory.lock().unwrap().get_mut(&self.organization).unwrap());
    }

    /// The types of the app's events, in order.
    pub async fn events_of(&self, id: &str) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT type FROM events WHERE stream_id = $1::text::uuid ORDER BY version",
        )
        .bind(id)
        .fetch_all(&self.resources.pool)
        .await
        .unwrap()
    }

    /// The app's last event.
    pub async fn last_event_of(&self, id: &str) -> Value {
        let query = "SELECT envelope FROM events WHERE stream_id = $1::text::uuid ORDER BY version DESC LIMIT 1";
        let bytes: Vec<u8> =
            sqlx::query_scalar(query).bind(id).fetch_one(&self.resources.pool).await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// What was refused, as `<operation> <target>`, in order.
    pub async fn refused_attempts(&self) -> Vec<String> {
        let query =
            "SELECT envelope FROM events WHERE type = 'mandate.access.refused.v1' ORDER BY seq";
        let rows: Vec<Vec<u8>> =
            sqlx::query_scalar(query).fetch_all(&self.resources.pool).await.unwrap();
        let text = |bytes: &Vec<u8>| {
            let event: Value = serde_json::from_slice(bytes).unwrap();
            assert_eq!(event["data"]["reason"], "role_not_allowed");
            assert_eq!(event["authority"], "none");
            assert_eq!(event["organization"], json!(self.organization));
            let part = |name: &str| event["data"][name].as_str().unwrap().to_owned();
            format!("{} {}", part("operation"), part("target"))
        };
        rows.iter().map(text).collect()
    }

    pub async fn count_apps(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM app_registry.apps")
            .fetch_one(&self.resources.pool)
            .await
            .unwrap()
    }
}

impl People {
    fn admit(
        &self,
        env: &Environment,
        operator: bool,
        roles: &[(OrganizationId, &str)],
    ) -> (PersonId, String) {
        let token = ApiToken::generate(env).reveal().to_owned();
        let caller = Caller {
            person_id: env.new_id(),
            operator,
            memberships: memberships(roles),
            api_token_id: env.new_id(),
        };
        let person = caller.person_id;
        self.0.lock().unwrap().insert(token.clone(), caller);
        (person, token)
    }
}

fn memberships(roles: &[(OrganizationId, &str)]) -> Vec<Membership> {
    let membership = |(organization_id, role): &(OrganizationId, &str)| Membership {
        organization_id: *organization_id,
        role: MemberRole::parse(role).unwrap(),
    };
    roles.iter().map(membership).collect()
}

fn organization_view(id: OrganizationId) -> OrganizationView {
    OrganizationView {
        id,
        name: "Example Apps".to_owned(),
        kind: OrganizationKind::TechnologyCompany,
        contact_email: "contact@example.com".to_owned(),
        website: None,
        confirmed: true,
        enabled_domains: Vec::new(),
    }
}

async fn answer_as_directory(
    resources: &Resources,
    shared: &Shared,
    directory: &Arc<Mutex<HashMap<OrganizationId, OrganizationView>>>,
) {
    let server = RpcServer::new(
        Service::Directory,
        resources.nats.clone(),
        shared.env.clone(),
        shared.tasks.clone(),
        16,
    );
    let directory = Arc::clone(directory);
    server
        .answer(move |_, asked: GetOrganization| {
            let known = directory.lock().unwrap().get(&asked.organization_id).cloned();
            async move { Ok(known) }
        })
        .await
        .unwrap();
}
