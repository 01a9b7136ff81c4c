//! What `/readyz` tells while servers come and go.

use contract::{Envelope, Service};
use local_servers::testing;
use service::Host;
use std::time::Duration;

use async_trait::async_trait;
use eventstore::{Projection, ProjectionError};
use sqlx::PgConnection;

use crate::bench::{database, eventually, host};

struct Nothing;

#[async_trait]
impl Projection for Nothing {
    fn name(&self) -> &'static str {
        "app-registry-nothing"
    }

    fn subjects(&self) -> Vec<String> {
        vec!["mandate.events.*.organization.>".to_owned()]
    }

    async fn apply(&self, _: &mut PgConnection, _: &Envelope) -> Result<(), ProjectionError> {
        Ok(())
    }
}

async fn ready(host: &Host) -> Option<()> {
    host.health.readiness().await.ready.then_some(())
}

async fn failing(host: &Host, check: &str) -> Option<String> {
    host.health.readiness().await.checks.get(check)?.reason.clone()
}

#[tokio::test]
async fn a_service_is_ready_when_all_it_needs_is_there_and_names_what_is_not() {
    let (database, mut nats) = (database().await, testing::nats().await);
    let host = host(Service::AppRegistry, Some(&database), &nats).await;
    host.check_migrated(async |pool| {
        schema::is_current(&mut *pool.acquire().await?, Service::AppRegistry).await
    });
    host.start_relay();
    host.project(Nothing);
    assert!(failing(&host, "app-registry/relay").await.is_some());
    eventually("ready", || ready(&host)).await;
    let checks: Vec<_> = host.health.readiness().await.checks.into_keys().collect();
    assert_eq!(
        checks,
        ["consumers/app-registry-nothing", "migrated", "nats", "postgres", "relay"]
            .map(|check| format!("app-registry/{check}"))
    );

    nats.kill().await.unwrap();
    eventually("NATS is missed", || failing(&host, "app-registry/nats")).await;
    nats.wipe().await.unwrap();
    nats.start_again().await.unwrap();
    eventually("ready with a new NATS", || ready(&host)).await;
    assert!(host.tasks.shutdown(Duration::from_secs(10)).await);
}

#[tokio::test]
async fn a_service_without_its_servers_starts_and_is_not_ready() {
    let mut nats = testing::nats().await;
    nats.kill().await.unwrap();
    let host = host(Service::AppRegistry, None, &nats).await;
    host.start_relay();
    for check in ["app-registry/nats", "app-registry/postgres", "app-registry/relay"] {
        eventually(check, || failing(&host, check)).await;
    }
    assert!(host.tasks.shutdown(Duration::from_secs(10)).await);
}
