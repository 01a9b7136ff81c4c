//! Writing, sending and following events, as supervised tasks.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use contract::Service;
use contract::rpc::{HeadsPage, StoredEvent, StreamEvents, StreamHeads};
use eventstore::gap::Repair;
use eventstore::group_commit::{Change, GroupCommit};
use eventstore::group_lookup::{GroupLookup, Lookup};
use eventstore::manifests::Manifests;
use eventstore::projection::{self, Projection};
use eventstore::projection_comparison::{Comparer, Heads};
use eventstore::relay::{Relay, RelayError, RelayState};
use eventstore::{Destination, ParkedStreams, ViewAge};
use futures::FutureExt;

use crate::health::Health;
use crate::resources::Resources;
use crate::rpc::{CallContext, RpcClient};

/// How often it is looked whether a manifest is due.
const LOOK_FOR_MANIFESTS: Duration = Duration::from_secs(10);

/// How soon after one comparison of a projection the next begins.
const COMPARE_EVERY: Duration = Duration::from_secs(2);

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

#[async_trait]
impl Heads for RpcRepair {
    async fn stream_heads(
        &self,
        producer: Service,
        asked: StreamHeads,
    ) -> Result<HeadsPage, String> {
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
            self.tasks.spawn_in_background(name.clone(), move |shutdown| {
                let (events, transport) = (resources.events.clone(), resources.transport.clone());
                let relay = Relay::new(events, destination, transport);
                let report = reporter(&health, &name);
                let stalls = resources.stalls.clone();
                let relay_name = format!("{}/{name}", resources.service);
                async move {
                    let told = |state: Result<RelayState, &RelayError>| {
                        stalls.report(&relay_name, state.is_err_and(RelayError::is_jetstreams));
                        report(state.map(drop));
                    };
                    relay.run(shutdown, told).await
                }
            });
        }
    }

    /// Writes this service's manifests when they are due, for as long as it runs. Every replica looks; one writes.
    pub fn write_manifests(&self) {
        let manifests = Manifests::new(self.events.clone());
        self.tasks.every(LOOK_FOR_MANIFESTS, "manifests", move || {
            let manifests = manifests.clone();
            async move { manifests.write_due().await }
        });
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

    /// Follows events with a projection for as long as the service runs, and compares it with their
    /// producers. How old its view is. `/readyz` has the checks `consumers/<name>`; `projections/<name>`, which
    /// fails when the view is older than `late`; and `parked-streams/<name>`.
    pub fn project(&self, projection: impl Projection + 'static, late: Duration) -> ViewAge {
        let projection: Arc<dyn Projection> = Arc::new(projection);
        let (resources, name) = (self.clone(), format!("consumers/{}", projection.name()));
        self.health.report(&name, Err("has not started yet".to_owned()));
        let age = self.compare(Arc::clone(&projection), late);
        self.probe_parked_streams(projection.name());
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
        age
    }

    /// Compares a projection with the producers of what it follows, again and again.
    fn compare(&self, projection: Arc<dyn Projection>, late: Duration) -> ViewAge {
        let name = projection.name();
        let rpc = self.rpc_repair();
        let heads = Arc::new(rpc.clone());
        let events = self.events.clone();
        let comparer = Arc::new(Comparer::new(events, heads, Arc::new(rpc), projection));
        let age = comparer.age();
        self.metrics.view(self.service, name, age.clone());
        self.tasks.spawn_in_background(format!("{name}-reconcile"), move |shutdown| {
            let comparer = Arc::clone(&comparer);
            async move {
                shutdown.run_until_cancelled(comparer.run(COMPARE_EVERY)).await;
                Ok::<(), Infallible>(())
            }
        });
        let probed = age.clone();
        self.health.probe(&format!("projections/{name}"), move || {
            std::future::ready(match probed.get() {
                Some(age) if age <= late => Ok(()),
                Some(age) => {
                    Err(format!("it was last compared with its producers {} s ago", age.as_secs()))
                }
                None => Err("it was not compared with its producers yet".to_owned()),
            })
        });
        age
    }

    fn probe_parked_streams(&self, name: &'static str) {
        let pool = self.pool.clone();
        self.health.probe(&format!("parked-streams/{name}"), move || {
            let pool = pool.clone();
            async move {
                match ParkedStreams::of(&pool, name).await {
                    Ok(None) => Ok(()),
                    Ok(Some(parked)) => Err(parked.to_string()),
                    Err(error) => Err(error.to_string()),
                }
            }
        });
    }

    /// Asks producers for events that did not arrive.
    pub fn repair(&self) -> Arc<dyn Repair> {
        Arc::new(self.rpc_repair())
    }

    fn rpc_repair(&self) -> RpcRepair {
        RpcRepair { rpc: self.rpc.clone(), environment: self.env.clone() }
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
