//! A consent broker of its own for each test, and people to play with it.

use std::sync::Arc;

use axum::Router;
use chrono::DateTime;
use consent_broker::Settings;
use contract::environment::ManualClock;
use contract::rpc::{AccountRole, MemberRole};
use contract::{AccountId, AppId, Envelope, Environment, OrganizationId, Service};
use serde_json::json;
use service::settings::HttpSettings;
use service::{Resources, Shared};
use sqlx::Row;
use sqlx::postgres::PgPool;
use stage::{Answer, Client, Servers};

use crate::people::Person;
use crate::remote_services::RemoteServices;

/// The catalogue's service of most tests.
pub(crate) const RETAIL: &str = "retail_media";

/// A running consent broker with an organization, its app and its people.
pub(crate) struct Stage {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) remote: RemoteServices,
    pub(crate) resources: Resources,
    pub(crate) organization: OrganizationId,
    pub(crate) app: AppId,
    pub(crate) developer: Person,
    /// The superuser's connections: they see all schemas.
    pub(crate) pool: PgPool,
    router: Router,
    shared: Shared,
    servers: Servers,
}

impl Stage {
    /// A stage with a confirmed organization, its active app for retail media, and its developer.
    pub(crate) async fn set() -> Self {
        Self::with(settings()).await
    }

    /// The same, where the service has these settings.
    pub(crate) async fn with(settings: Settings) -> Self {
        let servers = Servers::start().await;
        let clock =
            Arc::new(ManualClock::starting_at(DateTime::from_timestamp(1_750_000_000, 0).unwrap()));
        let shared = stage::shared(&Environment::with_clock(Arc::<ManualClock>::clone(&clock)));
        let remote = RemoteServices::default();
        let resources = servers.connect(Service::ConsentBroker, &shared).await;
        remote.answer(&resources.nats, &shared).await;
        let router = serve_with(&resources, settings).await;
        let pool = servers.superuser().await;

        let organization = remote.organization(&shared.env, true);
        let app = remote.app(&shared.env, organization, RETAIL);
        let developer = remote.person(&shared.env, "The developer", false);
        remote.join(developer.id, organization, MemberRole::Developer);
        let developer = Person::new(&developer, &router);
        Self {
            clock,
            remote,
            resources,
            organization,
            app,
            developer,
            pool,
            router,
            shared,
            servers,
        }
    }

    pub(crate) fn env(&self) -> &Environment {
        &self.shared.env
    }

    /// Another replica of the same service: its routes.
    pub(crate) async fn replica(&self) -> Router {
        serve(&self.other_host(Service::ConsentBroker).await).await
    }

    /// A replica that grants and revokes so few at a time.
    pub(crate) async fn limited_replica(&self, most: u32) -> Router {
        let limits = Settings {
            max_accounts_per_approval: most,
            max_grants_per_revocation: most,
            ..settings()
        };
        serve_with(&self.other_host(Service::ConsentBroker).await, limits).await
    }

    /// Resources of its own on the same servers.
    pub(crate) async fn other_host(&self, service: Service) -> Resources {
        self.servers.connect(service, &self.shared).await
    }

    pub(crate) fn person(&self, name: &str) -> Person {
        Person::new(&self.remote.person(self.env(), name, false), &self.router)
    }

    pub(crate) fn operator(&self) -> Person {
        Person::new(&self.remote.person(self.env(), "The operator", true), &self.router)
    }

    pub(crate) fn member(&self, role: MemberRole) -> Person {
        let person = self.person("A member");
        self.remote.join(person.id, self.organization, role);
        person
    }

    /// An account of retail media, on which the person holds this role.
    pub(crate) fn account(&self, person: &Person, role: AccountRole) -> AccountId {
        let account = self.remote.account(self.env(), "Corner Shop", RETAIL);
        self.remote.role(account, person.id, Some(role));
        account
    }

    /// Makes a link: its id and its token.
    pub(crate) async fn link(&self) -> (String, String) {
        self.link_of(self.app).await
    }

    pub(crate) async fn link_of(&self, app: AppId) -> (String, String) {
        let answer = self.developer.post(&format!("/v1/apps/{app}/consent-links"), json!({})).await;
        let link = answer.expect(201);
        (link.field("id"), link.field("token"))
    }

    /// Makes a link and approves it at once: the grants' ids.
    pub(crate) async fn granted(&self, person: &Person, accounts: &[AccountId]) -> Vec<String> {
        let (_, token) = self.link().await;
        let answer = person.approve(&token, accounts).await.expect(200);
        let granted = answer.json["granted"].as_array().unwrap();
        granted.iter().map(|grant| grant["grant_id"].as_str().unwrap().to_owned()).collect()
    }

    /// The accounts that the app reaches with its own access token.
    pub(crate) async fn reached(&self) -> Vec<String> {
        let token = format!("access-token-of-{}", self.app);
        let answer = self.send_with(&token, "/v1/me/accounts").await.expect(200);
        answer.ids()
    }

    pub(crate) async fn send_with(&self, bearer: &str, path: &str) -> Answer {
        Client::anonymous(&self.router).with_token(bearer).get(path).await
    }

    /// All events of this service, in the order in which they were recorded.
    pub(crate) async fn events(&self) -> Vec<Envelope> {
        let rows = sqlx::query("SELECT envelope FROM consent_broker.events ORDER BY seq")
            .fetch_all(&self.pool)
            .await;
        rows.unwrap().iter().map(|row| Envelope::parse(row.get::<&[u8], _>(0)).unwrap()).collect()
    }

    /// The events of this type.
    pub(crate) async fn events_of(&self, kind: &str) -> Vec<Envelope> {
        let kind = format!("mandate.{kind}.v1");
        self.events().await.into_iter().filter(|event| event.kind == kind).collect()
    }

    /// The reasons of the refusals on record.
    pub(crate) async fn refusals(&self) -> Vec<String> {
        let events = self.events_of("access.refused").await;
        events.iter().map(|event| event.data["reason"].as_str().unwrap().to_owned()).collect()
    }
}

/// The settings of most tests.
pub(crate) fn settings() -> Settings {
    Settings {
        public_base_url: "https://consent.example.com".to_owned(),
        // Tests that are about the sweeper call it themselves.
        expiry_sweep_seconds: 3_600,
        ..Settings::default()
    }
}

async fn serve(resources: &Resources) -> Router {
    serve_with(resources, settings()).await
}

async fn serve_with(resources: &Resources, settings: Settings) -> Router {
    let routes = consent_broker::start(resources.clone(), settings).await.unwrap();
    service::http::application(
        routes,
        Arc::clone(&resources.authenticator),
        &resources.env,
        &HttpSettings::default(),
        &resources.metrics,
    )
}
