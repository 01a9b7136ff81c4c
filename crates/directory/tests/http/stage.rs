//! A directory with a few people in it, and a client.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, Request};
use contract::catalogue::Catalogue;
use contract::environment::{Clock, ManualClock};
use contract::secret::ApiToken;
use contract::{Environment, PersonId, Service};
use directory::{NewOperator, PasswordSettings, Settings, StoreAuthenticator};
use eventstore::TransportSettings;
use local_servers::Nats;
use local_servers::testing::{self, NATS_USER, TestDatabase};
use schema::Login;
use serde_json::{Value, json};
use service::http::application;
use service::settings::{DatabaseSettings, HttpSettings, NatsSettings};
use service::{Health, Resources, Shared, Tasks};
use tower::ServiceExt;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A directory that runs, and what a test needs of it.
pub(crate) struct Stage {
    pub(crate) application: Router,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) resources: Resources,
    pub(crate) operator: Client,
    tasks: Tasks,
    _nats: Nats,
    _database: TestDatabase,
}

/// Somebody with an API token.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) application: Router,
    pub(crate) id: PersonId,
    pub(crate) email: String,
    pub(crate) authorization: String,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
}

impl Answer {
    /// The answer, which must have this status.
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.json);
        self.json
    }

    /// The answer, which must be this problem.
    pub(crate) fn expect_problem(self, status: u16, slug: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.json);
        assert_eq!(self.json["type"], format!("urn:mandate:problem:{slug}"));
        self.json
    }

    /// The fields named by a 422, which it must be.
    pub(crate) fn wrong_fields(self) -> Vec<String> {
        let json = self.expect(422);
        let errors = json["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }
}

pub(crate) fn settings() -> Settings {
    // Weak on purpose: tests are not attacked.
    let passwords = PasswordSettings { memory_kib: 64, passes: 1, ..PasswordSettings::default() };
    Settings { passwords, import_max_bytes: 4096, ..Settings::default() }
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let cluster = testing::postgres().await;
        let template = cluster
            .template("directory_tests", async |url: &str| {
                let login = Login { service: Service::Directory, password: None };
                schema::migrate(url, &[login]).await.unwrap();
            })
            .await;
        let database = cluster.database_from(Some(template)).await;
        let nats = testing::nats().await;
        let start = Environment::system().now();
        let clock = Arc::new(ManualClock::starting_at(start));
        let environment = Environment::with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
        let health = Health::new();
        let shared = Shared {
            env: environment.clone(),
            catalogue: Arc::new(Catalogue::default()),
            tasks: Tasks::new(health.clone()),
            health,
        };
        let resources = Resources::connect(
            Service::Directory,
            &shared,
            &DatabaseSettings { url: database.url.as_str().into(), ..DatabaseSettings::default() },
            &NatsSettings {
                url: nats.url_for(NATS_USER).unwrap().into(),
                ..NatsSettings::default()
            },
            TransportSettings::default(),
        )
        .await
        .unwrap();
        let routes = directory::start(resources.clone(), settings()).await.unwrap();
        let authenticator = StoreAuthenticator::start(&resources);
        let application =
            application(routes, Arc::new(authenticator), &environment, &HttpSettings::default());

        let new = NewOperator {
            email: "operator@example.com".into(),
            name: "Operator".into(),
            password: Some(PASSWORD.into()),
            force: false,
        };
        let (id, token) =
            directory::add_first_operator(&resources.events, &settings().passwords, new)
                .await
                .unwrap();
        let operator = Client::bearer(&application, id, "operator@example.com", token.reveal());
        Self {
            application,
            clock,
            operator,
            tasks: shared.tasks,
            resources,
            _nats: nats,
            _database: database,
        }
    }

    /// A new person with an API token.
    pub(crate) async fn person(&self, role: &str) -> Client {
        let email = format!("{role}@example.com");
        let body = json!({"email": email, "name": role, "password": PASSWORD});
        let person = self.operator.post("/v1/people", &body).await.expect(201);
        let basic = Client::basic(&self.application, &email, PASSWORD);
        let token = basic.post("/v1/api-tokens", &json!({"name": "test"})).await.expect(201);
        let token = ApiToken::parse(token["token"].as_str().unwrap()).unwrap();
        let id = person["id"].as_str().unwrap().parse().unwrap();
        Client::bearer(&self.application, id, &email, token.reveal())
    }

    /// The types of all events, without `mandate.` and `.v1`, in the order of their recording.
    pub(crate) async fn events(&self) -> Vec<String> {
        let types: Vec<String> =
            sqlx::query_scalar("SELECT type FROM directory.events ORDER BY seq")
                .fetch_all(&self.resources.pool)
                .await
                .unwrap();
        types
            .iter()
            .map(|t| t.trim_start_matches("mandate.").trim_end_matches(".v1").to_owned())
            .collect()
    }

    /// The events that this leaves.
    pub(crate) async fn events_of<T>(&self, work: impl Future<Output = T>) -> (T, Vec<String>) {
        let before = self.events().await.len();
        let done = work.await;
        (done, self.events().await.split_off(before))
    }

    pub(crate) async fn close(self) {
        assert!(self.tasks.shutdown(Duration::from_secs(10)).await);
    }
}

impl Client {
    fn bearer(application: &Router, id: PersonId, email: &str, token: &str) -> Self {
        let authorization = format!("Bearer {token}");
        Self { application: application.clone(), id, email: email.to_owned(), authorization }
    }

    pub(crate) fn basic(application: &Router, email: &str, password: &str) -> Self {
        use base64::Engine;
        let encoded =
            base64::engine::general_purpose::STANDARD.encode(format!("{email}:{password}"));
        let id = PersonId::from_uuid(uuid::Uuid::nil());
        let authorization = format!("Basic {encoded}");
        Self { application: application.clone(), id, email: email.to_owned(), authorization }
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request =
            Request::builder().method(method).uri(path).header(AUTHORIZATION, &self.authorization);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap();
        let response = self.application.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Answer { status, headers, json }
    }

    async fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, &[(CONTENT_TYPE.as_str(), "application/json")], body.to_string())
            .await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Body::empty()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.json("POST", path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.json("PUT", path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.json("PATCH", path, body).await
    }

    pub(crate) async fn import(&self, query: &str, lines: &str) -> Answer {
        let file = format!("account_name,kind,service,external_id,email,role\n{lines}");
        let path = format!("/v1/accounts/import{query}");
        self.send("POST", &path, &[(CONTENT_TYPE.as_str(), "text/csv; charset=utf-8")], file).await
    }

    /// The address of a new organization of this person.
    pub(crate) async fn organization(&self) -> String {
        let made = self.post("/v1/organizations", &organization()).await.expect(201);
        format!("/v1/organizations/{}", made["id"].as_str().unwrap())
    }
}

pub(crate) fn organization() -> Value {
    json!({
        "name": "Example Apps", "kind": "technology_company",
        "contact_email": "Contact@Example.com", "country": "FR",
        "website": "https://example.com", "description": "é".repeat(255),
    })
}
