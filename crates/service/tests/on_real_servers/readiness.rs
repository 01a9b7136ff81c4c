//! What `/readyz` tells while servers come and go.

use contract::follows::Followed;
use contract::{Envelope, Service};
use local_servers::testing;
use service::Resources;
use std::time::Duration;

use async_trait::async_trait;
use eventstore::{Projection, ProjectionError};
use sqlx::PgConnection;
use stage::{database, eventually};

use crate::resources;

struct Nothing;

#[async_trait]
impl Projection for Nothing {
    fn follows(&self) -> Followed {
        Followed {
            durable: "app-registry-nothing",
            producer: Service::Directory,
            aggregate: "organization",
        }
    }

    async fn apply(&self, _: &mut PgConnection, _: &Envelope) -> Result<(), ProjectionError> {
        Ok(())
    }
}

async fn ready(resources: &Resources) -> bool {
    resources.health.readiness().await.ready
}

async fn failing(resources: &Resources, check: &str) -> Option<String> {
    resources.health.readiness().await.checks.get(check)?.reason.clone()
}

#[tokio::test]
async fn a_service_is_ready_when_all_it_needs_is_there_and_names_what_is_not() {
    let (database, mut nats) = (database().await, testing::nats().await);
    let resources = resources(Service::AppRegistry, Some(&database), &nats).await;
    resources.check_migrated(async |pool| {
        schema::is_current(&mut *pool.acquire().await?, Service::AppRegistry).await
    });
    resources.start_relays();
    resources.project(Nothing, Duration::from_mins(1));
    assert!(failing(&resources, "app-registry/relay/events").await.is_some());
    eventually("ready", || ready(&resources)).await;
    let checks: Vec<_> = resources.health.readiness().await.checks.into_keys().collect();
    assert_eq!(
        checks,
        [
            "consumers/app-registry-nothing",
            "migrated",
            "nats",
            "parked-streams/app-registry-nothing",
            "postgres",
            "projections/app-registry-nothing",
            "relay/audit",
            "relay/events"
        ]
        .map(|check| format!("app-registry/{check}"))
    );

    nats.kill().await.unwrap();
    eventually("NATS is missed", || failing(&resources, "app-registry/nats")).await;
    nats.wipe().await.unwrap();
    nats.start_again().await.unwrap();
    eventually("ready with a new NATS", || ready(&resources)).await;
    assert!(resources.tasks.shutdown(Duration::from_secs(10)).await);
}

#[tokio::test]
async fn a_service_without_its_servers_starts_and_is_not_ready() {
    let mut nats = testing::nats().await;
    nats.kill().await.unwrap();
    let resources = resources(Service::AppRegistry, None, &nats).await;
    resources.start_relays();
    for check in ["app-registry/nats", "app-registry/postgres", "app-registry/relay/audit"] {
        eventually(check, || failing(&resources, check)).await;
    }
    assert!(resources.tasks.shutdown(Duration::from_secs(10)).await);
}
