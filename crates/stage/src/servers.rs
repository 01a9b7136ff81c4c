//! The servers of one test: a migrated database and a NATS of its own, and services' connections.

use std::time::Duration;

use async_nats::ConnectOptions;
use contract::{Environment, Service};
use eventstore::TransportSettings;
use local_servers::Nats;
use local_servers::testing::{self, NATS_USER, TestDatabase};
use schema::Login;
use service::limits::LimitSettings;
use service::settings::{DatabaseSettings, NatsSettings};
use service::{Health, RateLimits, Resources, Shared, Tasks};
use sqlx::postgres::{PgPool, PgPoolOptions};

use crate::limits::wide_limits;

/// A database with the schemas of all services, and a NATS whose one user may do everything.
#[derive(Debug)]
pub struct Servers {
    /// The database; its address is the superuser's.
    pub database: TestDatabase,
    /// The NATS.
    pub nats: Nats,
}

impl Servers {
    /// Starts both.
    pub async fn start() -> Self {
        Self { database: database().await, nats: testing::nats().await }
    }

    /// A service's resources on them, under the service's own role.
    pub async fn connect(&self, service: Service, shared: &Shared) -> Resources {
        connect(service, shared, &self.database.url, &self.nats).await
    }

    /// Connections of the superuser, who sees all schemas.
    pub async fn superuser(&self) -> PgPool {
        PgPoolOptions::new().max_connections(4).connect(&self.database.url).await.unwrap()
    }
}

/// A migrated database of its own.
pub async fn database() -> TestDatabase {
    let cluster = testing::postgres().await;
    // Test programs that share a cluster are of one build, and so of one set of migrations.
    let template = cluster.template("stage", async |url| migrate(url).await).await;
    cluster.database_from(Some(template)).await
}

/// Brings a database to the shape that the services expect. Their roles have no password.
pub async fn migrate(url: &str) {
    let logins = Service::ALL.map(|service| Login { service, password: None });
    schema::migrate(url, &logins).await.unwrap();
}

/// What the services of one process share.
pub fn shared(env: &Environment) -> Shared {
    shared_within(env, wide_limits())
}

/// The same within these limits.
pub fn shared_within(env: &Environment, limits: LimitSettings) -> Shared {
    let health = Health::new();
    Shared {
        limits: std::sync::Arc::new(RateLimits::new(limits)),
        env: env.clone(),
        catalogue: std::sync::Arc::default(),
        metrics: service::Metrics::default(),
        stalls: service::Stalls::default(),
        tasks: Tasks::new(health.clone()),
        health,
    }
}

/// A service's resources on a database and a NATS, under the service's own role.
pub async fn connect(
    service: Service,
    shared: &Shared,
    database_url: &str,
    nats: &Nats,
) -> Resources {
    let database = DatabaseSettings { url: database_url.into(), ..DatabaseSettings::default() };
    let nats =
        NatsSettings { url: nats.url_for(NATS_USER).unwrap().into(), ..NatsSettings::default() };
    Resources::connect(service, shared, &database, &nats, TransportSettings::default())
        .await
        .unwrap()
}

/// A connection to these servers of NATS as this user, who has the same password on all.
pub async fn nats_client(servers: &[Nats], user: &str) -> async_nats::Client {
    let password = servers[0].password_of(user).unwrap();
    let urls: Vec<String> = servers.iter().map(Nats::url).collect();
    ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned())
        .retry_on_initial_connect()
        .reconnect_delay_callback(|_| Duration::from_millis(50))
        .connect(urls)
        .await
        .unwrap()
}
