//! As many replicas of the key issuer as a test wants, an app registry beside them, people with
//! tokens, and a clock that stands still.

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use chrono::DateTime;
use contract::environment::ManualClock;
use contract::rpc::MemberRole;
use contract::{AppId, Envelope, Environment, OrganizationId, Service};
use serde_json::{Value, json};
use service::limits::LimitSettings;
use service::settings::HttpSettings;
use service::{Resources, Shared, StartError, Tasks};
use sqlx::PgPool;
use stage::{Answer, Cast, Client, People, Person, Servers, eventually};

use crate::registry::Registry;

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
    pub cast: Arc<Cast>,
    pub servers: Servers,
    people: Arc<People>,
}

/// One replica of the service.
pub struct Replica {
    pub resources: Resources,
    pub router: Router,
    /// What it does in the background.
    pub tasks: Tasks,
    cast: Arc<Cast>,
}

impl Stage {
    pub async fn set() -> Self {
        let servers = Servers::start().await;
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let clock = Arc::new(ManualClock::starting_at(start));
        let env = Environment::with_clock(clock.clone());
        let sql = servers.superuser().await;
        let people = Arc::new(People::default());
        let cast = Arc::new(people.cast(&env));
        let organization = cast.organization;
        let resources = servers.connect(Service::AppRegistry, &stage::shared(&env)).await;
        let registry = Registry::open(resources, organization).await;
        Self { env, clock, organization, sql, registry, cast, servers, people }
    }

    /// A stage with one replica and one active app.
    pub async fn with_app() -> (Self, Replica, AppId) {
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
        Box::pin(self.replica_of(stage::shared(&self.env), settings)).await
    }

    /// A replica within these limits.
    pub async fn replica_within(&self, limits: LimitSettings) -> Replica {
        Box::pin(self.replica_of(stage::shared_within(&self.env, limits), settings()))
            .await
            .unwrap()
    }

    async fn replica_of(
        &self,
        shared: Shared,
        settings: key_issuer::Settings,
    ) -> Result<Replica, StartError> {
        let resources = self.servers.connect(Service::KeyIssuer, &shared).await;
        let routes = key_issuer::start(resources.clone(), settings).await?;
        let people = self.people.clone();
        let router = service::http::application(
            routes,
            people,
            &self.env,
            &HttpSettings::default(),
            &service::Metrics::default(),
        );
        Ok(Replica { resources, router, tasks: shared.tasks, cast: self.cast.clone() })
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

    /// The refused requests for tokens, once so many are recorded: their answers do not wait for that.
    pub async fn refused_tokens(&self, count: usize) -> Vec<Envelope> {
        eventually("refused tokens", async || {
            let events = self.events("token.refused").await;
            if events.len() >= count {
                Ok(events)
            } else {
                Err(format!("{} of {count}", events.len()))
            }
        })
        .await
    }

    /// How many transactions wrote the events of one type.
    pub async fn transactions(&self, kind: &str) -> i64 {
        sqlx::query_scalar(
            "SELECT count(DISTINCT xmin::text) FROM key_issuer.events WHERE type = $1",
        )
        .bind(format!("mandate.{kind}.v1"))
        .fetch_one(&self.sql)
        .await
        .unwrap()
    }

    /// What people typed, as it is kept beside an event that is bound to it.
    pub async fn details(&self, event: &Envelope) -> Value {
        assert!(event.detailshash.is_some(), "the event is not bound to details");
        let details: Vec<u8> =
            sqlx::query_scalar("SELECT details FROM key_issuer.details WHERE event_id = $1")
                .bind(event.id.uuid())
                .fetch_one(&self.sql)
                .await
                .unwrap();
        serde_json::from_slice(&details).unwrap()
    }

    /// Gives somebody these roles, in place of those they had.
    pub fn change_roles(&self, person: &Person, memberships: &[(OrganizationId, MemberRole)]) {
        self.people.change_roles(person, memberships);
    }

    /// What `key_issuer.apps` says of an app: its state and version.
    pub async fn known(&self, app: AppId) -> Option<(String, i64)> {
        sqlx::query_as("SELECT state, version FROM key_issuer.apps WHERE app_id = $1")
            .bind(app.uuid())
            .fetch_optional(&self.sql)
            .await
            .unwrap()
    }

    /// Waits until no key of an archived app is left to be ended.
    pub async fn until_ended(&self, app: AppId) {
        eventually("its keys have ended", async || -> bool {
            sqlx::query_scalar(
                "SELECT NOT EXISTS (SELECT FROM key_issuer.app_endings WHERE app_id = $1)",
            )
            .bind(app.uuid())
            .fetch_one(&self.sql)
            .await
            .unwrap()
        })
        .await;
    }

    pub async fn until_known(&self, app: AppId, state: &str) {
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

impl Replica {
    /// The person of the cast who is called so; or nobody.
    pub fn client(&self, who: &str) -> Client {
        let person = |person: &Person| person.at(&self.router);
        match who {
            "owner" => person(&self.cast.owner),
            "developer" => person(&self.cast.developer),
            "auditor" => person(&self.cast.auditor),
            "operator" => person(&self.cast.operator),
            "stranger" => person(&self.cast.stranger),
            "nobody" => Client::anonymous(&self.router),
            other => panic!("who is {other}?"),
        }
    }

    /// Sends a request as someone, with more headers if need be; a null body is none.
    pub async fn ask_with(
        &self,
        who: &str,
        method: Method,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let request = self.client(who).request(method, path).headers(headers);
        if body.is_null() { request.send().await } else { request.json(body).send().await }
    }

    pub async fn ask(&self, who: &str, method: Method, path: &str, body: Value) -> Answer {
        self.ask_with(who, method, path, body, &[]).await
    }

    /// Makes a key and gives its client id and secret.
    pub async fn key(&self, app: AppId) -> (String, String) {
        let developer = self.client("developer");
        let key = developer.post(&keys_of(app), json!({"name": "production"})).await.expect(201);
        (key.field("client_id"), key.field("client_secret"))
    }

    /// Gives a key another name.
    pub async fn rename(&self, (client_id, _): &(String, String), name: &str) -> Answer {
        let path = format!("/v1/keys/{client_id}");
        self.client("developer").patch(&path, json!({ "name": name })).await.expect(200)
    }

    /// Posts a form to the token endpoint.
    pub async fn form(&self, form: &str, headers: &[(&str, &str)]) -> Answer {
        Client::anonymous(&self.router)
            .request(Method::POST, "/oauth2/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .headers(headers)
            .body(form.to_owned())
            .send()
            .await
    }

    /// Trades a key for a token.
    pub async fn token(&self, (client_id, secret): &(String, String)) -> Answer {
        let form =
            format!("grant_type=client_credentials&client_id={client_id}&client_secret={secret}");
        self.form(&form, &[]).await
    }
}

pub fn keys_of(app: AppId) -> String {
    format!("/v1/apps/{app}/keys")
}

/// That it is this refusal of OAuth (RFC 6749, section 5.2).
#[track_caller]
pub fn oauth(answer: &Answer, status: u16, error: &str) {
    let found = (answer.status.as_u16(), answer.json["error"].as_str());
    assert_eq!(found, (status, Some(error)), "{answer:?}");
}
