//! Writing, sending and following events, as supervised tasks.

use std::convert::Infallible;
use std::sync::Arc;

use async_trait::async_trait;
use contract::Service;
use contract::rpc::{StoredEvent, StreamEvents};
use eventstore::Destination;
use eventstore::gap::Repair;
use eventstore::group_commit::{Change, GroupCommit};
use eventstore::group_lookup::{GroupLookup, Lookup};
use eventstore::projection::{self, Projection};
use eventstore::relay::Relay;
use futures::FutureExt;

use crate::health::Health;
use crate::resources::Resources;
use crate::rpc::{CallContext, RpcClient};

/// Asks producers for missing events over RPC.
#[derive(Debug, Clone)]
pub(crate) struct RpcRepair {
    rpc: RpcClient,
    environment: contract::Environment,
}

#[async_trait]
impl Repair for RpcRepair {
    async fn stream_events(
        &self,
        producer: Service,
        asked: StreamEvents,
    ) -> Result<Vec<StoredEvent>, String> {
        let context = CallContext::new(&self.environment);
        self.rpc.call_at(producer, context, &asked).await.map_err(|error| error.to_string())
    }
}

impl Resources {
    /// Publishes this service's events for as long as it runs, to each destination by itself. Every replica
    /// starts these relays; of each one leads. `/readyz` has the checks `relay/<destination>`.
    pub fn start_relays(&self) {
        for destination in Destination::ALL {
            let (health, resources) = (self.health.clone(), self.clone());
            let name = format!("relay/{}", destination.name());
            health.report(&name, Err("has not started yet".to_owned()));
            self.tasks.spawn_in_background(&name.clone(), move |shutdown| {
                let (events, transport) = (resources.events.clone(), resources.transport.clone());
                let relay = Relay::new(events, destination, transport);
                let report = reporter(&health, &name);
                async move { relay.run(shutdown, |state| report(state.map(drop))).await }
            });
        }
    }

    /// Commits changes that come at the same time together, as a supervised task of this name.
    pub fn group_commit<C: Change>(&self, name: &str) -> GroupCommit<C> {
        let (commits, worker) = GroupCommit::new(self.events.clone());
        self.tasks.spawn(name, move |shutdown| worker.run(shutdown).map(Ok::<(), Infallible>));
        commits
    }

    /// Looks up together what is asked for at the same time, as a supervised task of this name.
    pub fn group_lookup<L: Lookup>(&self, name: &str, lookup: L) -> GroupLookup<L> {
        let (lookups, worker) = GroupLookup::new(self.pool.clone(), lookup);
        self.tasks.spawn(name, move |shutdown| worker.run(shutdown).map(Ok::<(), Infallible>));
        lookups
    }

    /// Follows events with a projection for as long as the service runs. `/readyz` has the check
    /// `consumers/<name>`.
    pub fn project(&self, projection: impl Projection + 'static) {
        let projection: Arc<dyn Projection> = Arc::new(projection);
        let (resources, name) = (self.clone(), format!("consumers/{}", projection.name()));
        self.health.report(&name, Err("has not started yet".to_owned()));
        self.tasks.spawn_in_background(projection.name(), move |shutdown| {
            let report = reporter(&resources.health, &name);
            let run = projection::run(
                resources.events.clone(),
                resources.transport.clone(),
                resources.repair(),
                Arc::clone(&projection),
                shutdown,
                report,
            );
            async move {
                run.await;
                Ok::<(), Infallible>(())
            }
        });
    }

    /// Asks producers for events that did not arrive.
    pub fn repair(&self) -> Arc<dyn Repair> {
        Arc::new(RpcRepair { rpc: self.rpc.clone(), environment: self.env.clone() })
    }
}

/// Reports to one check.
fn reporter<E: std::fmt::Display>(
    health: &Health,
    name: &str,
) -> impl Fn(Result<(), &E>) + Send + Sync + use<E> {
    let (health, name) = (health.clone(), name.to_owned());
    move |state| health.report(&name, state.map_err(ToString::to_string))
}
