//! Reconciliation loop: keeps the streams at their limits; and where services have NATS accounts of their own and
//! may not make streams and consumers, keeps those in being.
//!
//! Where they may, streams are made by who needs them. While this service is away a stream that was lost stays away: relays and consumers say so in `/readyz`, and
//! what they have waits in PostgreSQL.

use std::time::Duration;

use eventstore::transport::TransportError;
use service::Resources;
use tokio::time::{MissedTickBehavior, interval};

/// How often NATS is looked at: for so long everybody waits for a stream that was lost, at most.
const LOOK: Duration = Duration::from_secs(1);

/// The check that tells whether streams have their limits, and are there with consumers if they are ours to make.
const CHECK: &str = "streams";

/// Begins to keep them.
pub(crate) fn keep(resources: &Resources) {
    let keeper = resources.clone();
    resources.tasks.spawn("streams", move |shutdown| {
        let resources = keeper.clone();
        async move {
            let mut ticks = interval(LOOK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let looking = async {
                    ticks.tick().await;
                    make(&resources).await
                };
                let made = tokio::select! {
                    () = shutdown.cancelled() => return Ok::<(), std::convert::Infallible>(()),
                    made = looking => made,
                };
                resources.health.report(CHECK, made);
            }
        }
    });
}

async fn make(resources: &Resources) -> Result<(), String> {
    let made: Result<(), TransportError> = match &resources.administration {
        Some(administration) => administration.make_all().await,
        None => resources.transport.limit_streams().await,
    };
    made.map_err(|error| {
        tracing::warn!(%error, "streams and consumers are not kept");
        error.to_string()
    })
}
