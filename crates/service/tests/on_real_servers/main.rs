//! The library on a real PostgreSQL and a real NATS.

#![allow(clippy::unwrap_used, reason = "a test can only fail")]

mod creating;
mod failover;
mod lost_connections;
mod mail_requests;
mod questions;
mod readiness;

use contract::{Environment, Service};
use local_servers::Nats;
use local_servers::testing::TestDatabase;
use service::Resources;

/// The resources of a process of its own; without a database for tests that need none.
async fn resources(service: Service, database: Option<&TestDatabase>, nats: &Nats) -> Resources {
    let nowhere = "postgres://nobody@127.0.0.1:1/nowhere";
    let url = database.map_or(nowhere, |database| &database.url);
    stage::connect(service, &stage::shared(&Environment::system()), url, nats).await
}
