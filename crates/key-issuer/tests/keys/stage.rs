//! The stage of a test: servers, as many replicas of the service as it wants, people with tokens,
//! and a clock that stands still.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use chrono::DateTime;
use contract::environment::ManualClock;
use contract::rpc::{MemberRole, Membership};
use contract::secret::ApiToken;
use contract::{Envelope, Environment, OrganizationId, Service};
use eventstore::TransportSettings;
use local_servers::Nats;
use local_servers::testing::{self, NATS_USER, TestDatabase};
use serde_json::{Value, json};
use service::settings::{DatabaseSettings, HttpSettings, NatsSettings};
use service::{
    AuthenticationError, Authenticator, CallContext, Caller, Health, Resources, Shared, StartError,
    Tasks,
};
use sqlx::PgPool;
use tower::ServiceExt;

use crate::registry::Registry;

/// A condition that takes longer to come true has failed.
const DEADLINE: Duration = Duration::from_secs(30);
/// 32 bytes in base64.
pub const MASTER_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// Everything a test needs.
pub struct Stage {
    pub env: Environment,
    pub clock: Arc<ManualClock>,
    pub organization: OrganizationId,
    /// As the database's owner.
    pub sql: PgPool,
    pub registry: Registry,
    pub people: Arc<People>,
    pub database: TestDatabase,
    nats: Nats,
}

/// One replica of the service.
pub struct Replica {
    pub resources: Resources,
    pub router: Router,
    people: Arc<People>,
}

/// What was answered.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

/// Tokens and whose they are.
#[derive(Default)]
pub struct People(Mutex<HashMap<&'static str, (String, Caller)>>);

#[async_trait]
impl Authenticator for People {
    async fn authenticate(
        &self,
        token: &ApiToken,
        _: &CallContext,
    ) -> Result<Option<Caller>, AuthenticationError> {
        let people = self.0.lock().unwrap();
        Ok(people
            .values()
            .find(|(known, _)| known == token.reveal())
            .map(|(_, caller)| caller.clone()))
    }
}

impl People {
    fn admit(
        &self,
        env: &Environment,
        name: &'static str,
        memberships: &[(OrganizationId, MemberRole)],
    ) {
        let token = ApiToken::generate(env);
        let caller = Caller {
            person_id: env.new_id(),
            operator: name == "operator",
            memberships: memberships
                .iter()
                .map(|(organization_id, role)| Membership {
                    organization_id: *organization_id,
                    role: *role,
                })
                .collect(),
            api_token_id: env.new_id(),
        };
        self.0.lock().unwrap().insert(name, (token.reveal().to_owned(), caller));
    }

    pub fn token(&self, name: &str) -> String {
        self.0.lock().unwrap()[name].0.clone()
    }

    pub fn actor(&self, name: &str) -> String {
        self.0.lock().unwrap()[name].1.actor().to_string()
    }
}

impl Stage {
    pub async fn set() -> Self {
        let cluster = testing::postgres().await;
        let template = cluster
            .template("key_issuer_tests", async |url| {
                let login = |service| schema::Login { service, password: None };
                let logins = [Service::AppRegistry, Service::KeyIssuer].map(login);
                schema::migrate(url, &logins).await.unwrap();
            })
            .await;
        let database = cluster.database_from(Some(template)).await;
        let nats = testing::nats().await;
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let clock = Arc::new(ManualClock::starting_at(start));
        let env = Environment::with_clock(clock.clone());
        let sql = PgPool::connect(&database.url).await.unwrap();
        let organization = env.new_id();
        let people = Arc::new(People::default());
        for (name, memberships) in [
            ("owner", vec![(organization, MemberRole::Owner)]),
            ("developer", vec![(organization, MemberRole::Developer)]),
            ("auditor", vec![(organization, MemberRole::Auditor)]),
            ("stranger", vec![(env.new_id(), MemberRole::Owner)]),
            ("operator", vec![]),
        ] {
            people.admit(&env, name, &memberships);
        }
        let resources = connect(Service::AppRegistry, &env, &database, &nats).await;
        let registry = Registry::open(resources, organization).await;
        Self { env, clock, organization, sql, registry, people, database, nats }
    }

    /// A stage with one replica and one active app.
    pub async fn with_app() -> (Self, Replica, contract::AppId) {
        let stage = Self::set().await;
        let replica = stage.replica().await;
        let app = stage.registry.active_app().await;
        (stage, replica, app)
    }

    pub async fn replica(&self) -> Replica {
        self.replica_with(settings()).await.unwrap()
    }

    pub async fn replica_with(
        &self,
        settings: key_issuer::Settings,
    ) -> Result<Replica, StartError> {
        let resources = connect(Service::KeyIssuer, &self.env, &self.database, &self.nats).await;
        let routes = key_issuer::start(resources.clone(), settings).await?;
        let router = service::http::application(
            routes,
            self.people.clone(),
            &self.env,
            &HttpSettings::default(),
        );
        Ok(Replica { resources, router, people: self.people.clone() })
    }

    /// The events of one type that the key issuer recorded, in order.
    pub async fn events(&self, kind: &str) -> Vec<Envelope> {
        let rows: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT envelope FROM key_issuer.events WHERE type = $1 ORDER BY seq",
        )
        .bind(format!("mandate.{kind}.v1"))
        .fetch_all(&self.sql)
        .await
        .unwrap();
        rows.iter().map(|bytes| Envelope::parse(bytes).unwrap()).collect()
    }

    /// What `key_issuer.apps` says of an app: its state and version.
    pub async fn known(&self, app: contract::AppId) -> Option<(String, i64)> {
        sqlx::query_as("SELECT state, version FROM key_issuer.apps WHERE app_id = $1")
            .bind(app.uuid())
            .fetch_optional(&self.sql)
            .await
            .unwrap()
    }

    pub async fn until_known(&self, app: contract::AppId, state: &str) {
        eventually(state, async || self.known(app).await.is_some_and(|(known, _)| known == state))
            .await;
    }
}

pub fn settings() -> key_issuer::Settings {
    key_issuer::Settings {
        master_key: MASTER_KEY.into(),
        issuer: "https://mandate.example.com".to_owned(),
        audience: "https://api.example.com".to_owned(),
        ..key_issuer::Settings::default()
    }
}

async fn connect(
    service: Service,
    env: &Environment,
    database: &TestDatabase,
    nats: &Nats,
) -> Resources {
    let health = Health::new();
    let shared = Shared {
        env: env.clone(),
        catalogue: Arc::default(),
        tasks: Tasks::new(health.clone()),
        health,
    };
    let database =
        DatabaseSettings { url: database.url.as_str().into(), ..DatabaseSettings::default() };
    let nats =
        NatsSettings { url: nats.url_for(NATS_USER).unwrap().into(), ..NatsSettings::default() };
    Resources::connect(service, &shared, &database, &nats, TransportSettings::default())
        .await
        .unwrap()
}

/// Waits until it is so.
pub async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !condition().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, asking).await.unwrap_or_else(|_| panic!("never: {what}"));
}

impl Replica {
    /// Sends a request as someone, with more headers if need be; a null body is none.
    pub async fn ask_with(
        &self,
        person: &str,
        method: &str,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if person != "nobody" {
            request =
                request.header("authorization", format!("Bearer {}", self.people.token(person)));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            request = request.header("content-type", "application/json");
            Body::from(body.to_string())
        };
        self.send(request.body(body).unwrap()).await
    }

    pub async fn ask(&self, person: &str, method: &str, path: &str, body: Value) -> Answer {
        self.ask_with(person, method, path, body, &[]).await
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    /// Makes a key and gives its client id and secret.
    pub async fn key(&self, app: contract::AppId) -> (String, String) {
        let answer =
            self.ask("developer", "POST", &keys_of(app), json!({"name": "production"})).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        let body = answer.json();
        (
            body["client_id"].as_str().unwrap().to_owned(),
            body["client_secret"].as_str().unwrap().to_owned(),
        )
    }

    /// Posts a form to the token endpoint.
    pub async fn form(&self, form: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::post("/oauth2/token")
            .header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    /// Trades a key for a token.
    pub async fn token(&self, (client_id, secret): &(String, String)) -> Answer {
        let form =
            format!("grant_type=client_credentials&client_id={client_id}&client_secret={secret}");
        self.form(&form, &[]).await
    }
}

pub fn keys_of(app: contract::AppId) -> String {
    format!("/v1/apps/{app}/keys")
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The status and the slug of a problem.
    pub fn problem(&self) -> (u16, String) {
        let kind = self.json()["type"]
            .as_str()
            .unwrap_or_else(|| panic!("no problem: {self:?}"))
            .to_owned();
        (self.status.as_u16(), kind.trim_start_matches("urn:mandate:problem:").to_owned())
    }

    /// The status and the error of an OAuth answer.
    pub fn oauth(&self) -> (u16, String) {
        let error = self.json()["error"]
            .as_str()
            .unwrap_or_else(|| panic!("no error: {self:?}"))
            .to_owned();
        (self.status.as_u16(), error)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(&self.bytes))
    }
}

/// A problem, to compare with.
pub fn problem(status: u16, slug: &str) -> (u16, String) {
    (status, slug.to_owned())
}
