//! Hosts to test with.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use contract::catalogue::{Catalogue, DEFAULT};
use contract::{Environment, Service};
use eventstore::TransportSettings;
use local_servers::Nats;
use local_servers::testing::{self, NATS_USER, TestDatabase};
use schema::Login;
use service::settings::{DatabaseSettings, NatsSettings};
use service::{Health, Resources, Shared, Tasks};

/// A condition that takes longer to come true has failed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// What the services of one process share.
pub(crate) fn shared() -> Shared {
    let health = Health::new();
    Shared {
        env: Environment::system(),
        catalogue: Arc::new(Catalogue::parse(DEFAULT).unwrap()),
        tasks: Tasks::new(health.clone()),
        health,
    }
}

/// A migrated database of its own.
pub(crate) async fn database() -> TestDatabase {
    let cluster = testing::postgres().await;
    let template = cluster
        .template("service_tests", async |url: &str| {
            let login = |service| Login { service, password: None };
            let logins = Service::ALL.map(login);
            schema::migrate(url, &logins).await.unwrap();
        })
        .await;
    cluster.database_from(Some(template)).await
}

/// A resources of a process of its own; without a database for tests that need none.
pub(crate) async fn resources(
    service: Service,
    database: Option<&TestDatabase>,
    nats: &Nats,
) -> Resources {
    let nowhere = "postgres://nobody@127.0.0.1:1/nowhere";
    let database = DatabaseSettings {
        url: database.map_or(nowhere, |database| &database.url).into(),
        ..DatabaseSettings::default()
    };
    let nats = NatsSettings {
        url: nats.url_for(NATS_USER).unwrap().into(),
        request_timeout_seconds: 2,
        ..NatsSettings::default()
    };
    Resources::connect(service, &shared(), &database, &nats, TransportSettings::default())
        .await
        .unwrap()
}

/// Asks again until the answer is there: waits on a condition, with a deadline.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, asking).await.unwrap_or_else(|_| panic!("never: {what}"))
}
