//! A directory with a few people in it.

use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::Method;
use axum::{Extension, Router};
use contract::environment::{Clock, ManualClock};
use contract::facts::SignInRefused;
use contract::rpc::{NameApps, NamedApp};
use contract::{Envelope, Environment, PersonId, Service};
use directory::{InvitationSettings, NewOperator, PasswordSettings, Settings, StoreAuthenticator};
use futures::future::join;
use serde_json::{Value, json};
use service::http::application;
use service::limits::LimitSettings;
use service::outgoing::OutgoingSettings;
use service::settings::HttpSettings;
use service::{Resources, Tasks};
use sqlx::{AssertSqlSafe, PgPool};
use stage::{Answer, Client, Servers, eventually, wide_limits};
use tokio::time::timeout;
use uuid::Uuid;

/// How long work waits for the rest of it to come.
const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) const PASSWORD: &str = "correct horse battery";

/// Where identity providers send people back to.
pub(crate) const RETURN_URL: &str = "https://mandate.example/sign-in/return";

/// Everybody comes through it.
const PROXY: &str = "192.0.2.1";

/// A directory that runs, and what a test needs of it.
pub(crate) struct Stage {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) resources: Resources,
    pub(crate) operator: Person,
    application: Router,
    tasks: Tasks,
    servers: Servers,
}

/// Somebody with an API token.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: PersonId,
    pub(crate) email: String,
    client: Client,
}

impl Deref for Person {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

pub(crate) fn settings() -> Settings {
    // Weak on purpose: tests are not attacked.
    let passwords = PasswordSettings { memory_kib: 64, passes: 1, ..PasswordSettings::default() };
    Settings {
        passwords,
        master_key: "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=".into(),
        sign_in_return_url: RETURN_URL.to_owned(),
        outgoing: OutgoingSettings {
            reachable: vec!["127.0.0.1".parse().unwrap()],
            ..OutgoingSettings::default()
        },
        import_max_bytes: 4096,
        max_api_tokens: 5,
        invitations: InvitationSettings {
            max_open: 4,
            max_sendings: 3,
            max_mails_per_day: 12,
            ..InvitationSettings::default()
        },
        max_sessions: 10,
        ..Settings::default()
    }
}

impl Stage {
    pub(crate) async fn set() -> Self {
        Self::within(wide_limits()).await
    }

    /// The same within these limits.
    pub(crate) async fn within(limits: LimitSettings) -> Self {
        Self::with(settings(), limits).await
    }

    /// The same with these settings.
    pub(crate) async fn with(settings: Settings, limits: LimitSettings) -> Self {
        let servers = Servers::start().await;
        let start = Environment::system().now();
        let clock = Arc::new(ManualClock::starting_at(start));
        let env = Environment::with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
        let shared = stage::shared_within(&env, limits);
        let resources = servers.connect(Service::Directory, &shared).await;
        let routes = directory::start(resources.clone(), settings.clone()).await.unwrap();
        let authenticator = Arc::new(StoreAuthenticator::start(&resources, &settings));
        let http = HttpSettings {
            trusted_proxies: vec![PROXY.parse().unwrap()],
            ..HttpSettings::default()
        };
        let application = application(routes, authenticator, &shared.env, &http, &shared.metrics)
            .layer(Extension(ConnectInfo(SocketAddr::from((PROXY.parse::<IpAddr>().unwrap(), 1)))));

        let email = "operator@example.com".to_owned();
        let new = NewOperator {
            email: email.clone(),
            name: "Operator".into(),
            password: Some(PASSWORD.into()),
            force: false,
        };
        let (id, token) =
            directory::add_first_operator(&resources.events, &settings, new, |_| Ok(()))
                .await
                .unwrap();
        let client = Client::anonymous(&application).with_token(token.reveal());
        let operator = Person { id, email, client };
        Self { clock, resources, operator, application, tasks: shared.tasks, servers }
    }

    /// Another process of this directory, with settings of its own, by what it runs: whoever drops it kills it.
    pub(crate) async fn replica(&self, settings: Settings) -> Tasks {
        let shared = stage::shared_within(&self.resources.env, wide_limits());
        let resources = self.servers.connect(Service::Directory, &shared).await;
        let _nobody_calls = directory::start(resources, settings).await.unwrap();
        shared.tasks
    }

    /// An app registry that knows these apps.
    pub(crate) async fn app_registry(&self, apps: Vec<NamedApp>) {
        let shared = stage::shared_within(&self.resources.env, wide_limits());
        let resources = self.servers.connect(Service::AppRegistry, &shared).await;
        let answer = move |_, asked: NameApps| {
            let known = apps.iter().filter(|app| asked.app_ids.contains(&app.app_id));
            std::future::ready(Ok(known.cloned().collect()))
        };
        resources.serve_rpc(answer).await.unwrap();
    }

    /// Another service beside it, in the directory's time.
    pub(crate) async fn beside(&self, service: Service) -> Resources {
        let shared = stage::shared_within(&self.resources.env, wide_limits());
        self.servers.connect(service, &shared).await
    }

    /// Connections of the superuser.
    pub(crate) async fn superuser(&self) -> PgPool {
        self.servers.superuser().await
    }

    /// A new person with an API token.
    pub(crate) async fn person(&self, role: &str) -> Person {
        let email = format!("{role}@example.com");
        let body = json!({"email": email, "name": role, "password": PASSWORD});
        let id = self.operator.post("/v1/people", &body).await.expect(201).field("id");
        let basic = self.signing_in(&email, PASSWORD);
        let token = basic.post("/v1/api-tokens", json!({"name": "test"})).await.expect(201);
        self.known(id.parse().unwrap(), &email, &token.field("token"))
    }

    /// Somebody with this token.
    pub(crate) fn known(&self, id: PersonId, email: &str, token: &str) -> Person {
        Person { id, email: email.to_owned(), client: self.anonymous().with_token(token) }
    }

    /// Nobody in particular.
    pub(crate) fn anonymous(&self) -> Client {
        Client::anonymous(&self.application)
    }

    /// Whoever this is, with a password.
    pub(crate) fn signing_in(&self, email: &str, password: &str) -> Client {
        self.anonymous().with_password(email, password)
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

    /// Whoever this is, from this address, tries a password.
    pub(crate) async fn sign_in(&self, email: &str, password: &str, address: &str) -> Answer {
        self.signing_in(email, password)
            .request(Method::POST, "/v1/api-tokens")
            .header("x-forwarded-for", address)
            .json(json!({"name": "test"}))
            .send()
            .await
    }

    /// The data of all refused sign-ins, once so many are recorded: their answers do not wait for that.
    pub(crate) async fn refused_sign_ins(&self, count: usize) -> Vec<SignInRefused> {
        eventually("refused sign-ins", async || {
            let envelopes: Vec<Vec<u8>> = sqlx::query_scalar(
                "SELECT envelope FROM directory.events
                 WHERE type = 'mandate.sign-in.refused.v1' ORDER BY seq",
            )
            .fetch_all(&self.resources.pool)
            .await
            .unwrap();
            let facts: Vec<SignInRefused> = envelopes
                .iter()
                .map(|bytes| Envelope::parse(bytes).unwrap().fact().unwrap())
                .collect();
            if facts.len() >= count {
                Ok(facts)
            } else {
                Err(format!("{} of {count}", facts.len()))
            }
        })
        .await
    }

    /// The events that this leaves; not what became of mails, which is told whenever it happens.
    pub(crate) async fn events_of<T>(&self, work: impl Future<Output = T>) -> (T, Vec<String>) {
        let before = self.events().await.len();
        let done = work.await;
        let mut left = self.events().await.split_off(before);
        left.retain(|event| !event.starts_with("mail."));
        (done, left)
    }

    /// What comes of work of which so many parts meet: this row is held until all of them wait for it.
    pub(crate) async fn meeting<T>(
        &self,
        table: &str,
        id: Uuid,
        parts: i64,
        work: impl Future<Output = T>,
    ) -> T {
        let mut held = self.resources.pool.begin().await.unwrap();
        let lock = format!("SELECT FROM directory.{table} WHERE id = $1 FOR UPDATE");
        sqlx::query(AssertSqlSafe(lock)).bind(id).execute(&mut *held).await.unwrap();
        let release = async {
            while self.waiting().await < parts {
                tokio::task::yield_now().await;
            }
            held.rollback().await.unwrap();
        };
        let meeting = async { join(work, release).await.0 };
        timeout(DEADLINE, meeting).await.expect("all of them come to wait")
    }

    /// How many of this test's transactions wait for a lock.
    async fn waiting(&self) -> i64 {
        sqlx::query_scalar(
            "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
             WHERE NOT granted AND datname = current_database()",
        )
        .fetch_one(&self.resources.pool)
        .await
        .unwrap()
    }

    pub(crate) async fn close(self) {
        assert!(self.tasks.shutdown(Duration::from_secs(10)).await);
    }
}

impl Person {
    pub(crate) async fn import(&self, query: &str, lines: &str) -> Answer {
        let file = format!("account_name,kind,service,external_id,email,role\n{lines}");
        let request = self.request(Method::POST, &format!("/v1/accounts/import{query}"));
        request.header("content-type", "text/csv; charset=utf-8").body(file).send().await
    }

    /// The address of a new organization of this person.
    pub(crate) async fn organization(&self) -> String {
        let made = self.post("/v1/organizations", organization()).await.expect(201);
        format!("/v1/organizations/{}", made.field("id"))
    }
}

pub(crate) fn organization() -> Value {
    json!({
        "name": "Example Apps", "kind": "technology_company",
        "contact_email": "Contact@Example.com", "country": "FR",
        "website": "https://example.com", "description": "é".repeat(255),
    })
}
