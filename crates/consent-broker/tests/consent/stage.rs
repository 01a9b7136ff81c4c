//! A consent broker of its own for each test, and people to play with it.

use std::ops::AsyncFn;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use chrono::DateTime;
use consent_broker::Settings;
use contract::environment::ManualClock;
use contract::rpc::{AccountRole, MemberRole};
use contract::{AccountId, AppId, Envelope, Environment, OrganizationId, Service};
use local_servers::Nats;
use local_servers::testing::{self, TestDatabase};
use schema::Login;
use serde_json::json;
use service::settings::{DatabaseSettings, HttpSettings, NatsSettings};
use service::{Health, Resources, Shared, Tasks};
use sqlx::Row;
use sqlx::postgres::{PgPool, PgPoolOptions};

use crate::neighbourhood::Neighbourhood;
use crate::people::{Answer, Person, send};

/// The catalogue's service of most tests.
pub(crate) const RETAIL: &str = "retail_media";

/// A running consent broker with an organization, its app and its people.
pub(crate) struct Stage {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) neighbours: Neighbourhood,
    pub(crate) resources: Resources,
    pub(crate) organization: OrganizationId,
    pub(crate) app: AppId,
    pub(crate) developer: Person,
    /// The superuser's connections: they see all schemas.
    pub(crate) pool: PgPool,
    router: Router,
    shared: Shared,
    database: TestDatabase,
    nats: Nats,
}

impl Stage {
    /// A stage with a confirmed organization, its active app for retail media, and its developer.
    pub(crate) async fn set() -> Self {
        let cluster = testing::postgres().await;
        let template = cluster
            .template("mandate_consent_broker_tests", async |url| {
                let login = |service| Login { service, password: None };
                schema::migrate(url, &[login(Service::ConsentBroker), login(Service::AppRegistry)])
                    .await
                    .unwrap();
            })
            .await;
        let database = cluster.database_from(Some(template)).await;
        let nats = testing::nats().await;
        let clock =
            Arc::new(ManualClock::starting_at(DateTime::from_timestamp(1_750_000_000, 0).unwrap()));
        let health = Health::new();
        let shared = Shared {
            env: Environment::with_clock(Arc::<ManualClock>::clone(&clock)),
            catalogue: Arc::default(),
            tasks: Tasks::new(health.clone()),
            health,
        };
        let neighbours = Neighbourhood::default();
        let resources = connect(&shared, &database, &nats, Service::ConsentBroker).await;
        neighbours.answer(&resources.nats, &shared).await;
        let router = serve(&resources).await;
        let pool = PgPoolOptions::new().max_connections(4).connect(&database.url).await.unwrap();

        let organization = neighbours.organization(&shared.env, true);
        let app = neighbours.app(&shared.env, organization, RETAIL);
        let (id, token) = neighbours.person(&shared.env, "The developer", false);
        neighbours.join(id, organization, MemberRole::Developer);
        let developer = Person { id, token, router: router.clone() };
        Self {
            clock,
            neighbours,
            resources,
            organization,
            app,
            developer,
            pool,
            router,
            shared,
            database,
            nats,
        }
    }

    pub(crate) fn env(&self) -> &Environment {
        &self.shared.env
    }

    /// Another replica of the same service: its routes.
    pub(crate) async fn replica(&self) -> Router {
        serve(&self.other_host(Service::ConsentBroker).await).await
    }

    /// Resources of its own on the same servers.
    pub(crate) async fn other_host(&self, service: Service) -> Resources {
        connect(&self.shared, &self.database, &self.nats, service).await
    }

    pub(crate) fn person(&self, name: &str) -> Person {
        let (id, token) = self.neighbours.person(self.env(), name, false);
        Person { id, token, router: self.router.clone() }
    }

    pub(crate) fn operator(&self) -> Person {
        let (id, token) = self.neighbours.person(self.env(), "The operator", true);
        Person { id, token, router: self.router.clone() }
    }

    pub(crate) fn member(&self, role: MemberRole) -> Person {
        let person = self.person("A member");
        self.neighbours.join(person.id, self.organization, role);
        person
    }

    /// An account of retail media, on which the person holds this role.
    pub(crate) fn account(&self, person: &Person, role: AccountRole) -> AccountId {
        let account = self.neighbours.account(self.env(), "Corner Shop", RETAIL);
        self.neighbours.role(account, person.id, Some(role));
        account
    }

    /// Makes a link: its id and its token.
    pub(crate) async fn link(&self) -> (String, String) {
        self.link_of(self.app).await
    }

    pub(crate) async fn link_of(&self, app: AppId) -> (String, String) {
        let answer = self.developer.post(&format!("/v1/apps/{app}/consent-links"), json!({})).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        (answer.text("id"), answer.text("token"))
    }

    /// Makes a link and approves it at once: the grants' ids.
    pub(crate) async fn granted(&self, person: &Person, accounts: &[AccountId]) -> Vec<String> {
        let (_, token) = self.link().await;
        let answer = person.approve(&token, accounts).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let granted = answer.json["granted"].as_array().unwrap();
        granted.iter().map(|grant| grant["grant_id"].as_str().unwrap().to_owned()).collect()
    }

    /// The accounts that the app reaches with its own access token.
    pub(crate) async fn reached(&self) -> Vec<String> {
        let answer = send(
            &self.router,
            "GET",
            "/v1/me/accounts",
            &format!("access-token-of-{}", self.app),
            None,
        )
        .await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.ids()
    }

    pub(crate) async fn send_with(&self, bearer: &str, path: &str) -> Answer {
        send(&self.router, "GET", path, bearer, None).await
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

async fn connect(
    shared: &Shared,
    database: &TestDatabase,
    nats: &Nats,
    service: Service,
) -> Resources {
    let database =
        DatabaseSettings { url: database.url.as_str().into(), ..DatabaseSettings::default() };
    let nats = NatsSettings {
        url: nats.url_for(testing::NATS_USER).unwrap().as_str().into(),
        ..NatsSettings::default()
    };
    Resources::connect(service, shared, &database, &nats, eventstore::TransportSettings::default())
        .await
        .unwrap()
}

async fn serve(resources: &Resources) -> Router {
    let settings = Settings {
        public_base_url: "https://consent.example.com".to_owned(),
        // Tests that are about the sweeper call it themselves.
        expiry_sweep_seconds: 3_600,
        ..Settings::default()
    };
    let routes = consent_broker::start(resources.clone(), settings).await.unwrap();
    service::http::application(
        routes,
        Arc::clone(&resources.authenticator),
        &resources.env,
        &HttpSettings::default(),
    )
}

/// Waits until the condition holds, at most 30 seconds.
pub(crate) async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(
        tokio::time::timeout(Duration::from_secs(30), waiting).await.is_ok(),
        "{what} did not come true"
    );
}
