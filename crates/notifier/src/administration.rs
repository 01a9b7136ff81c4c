//! Reconciliation loop: keeps the streams and the services' own consumers in being, where services have NATS
//! accounts of their own and may not make them.
//!
//! While this service is away a stream that was lost stays away: relays and consumers say so in `/readyz`, and
//! what they have waits in PostgreSQL.

use std::time::Duration;

use eventstore::Transport;
use service::Resources;
use tokio::time::{MissedTickBehavior, interval};

/// How often NATS is looked at: for so long everybody waits for a stream that was lost, at most.
const LOOK: Duration = Duration::from_secs(1);

/// The check that tells whether streams and consumers are there.
const CHECK: &str = "streams";

/// Begins to keep them, if they are this service's to keep.
pub(crate) fn keep(resources: &Resources) {
    let Some(administration) = resources.administration.clone() else { return };
    let health = resources.health.clone();
    resources.tasks.spawn("streams", move |shutdown| {
        let (administration, health) = (administration.clone(), health.clone());
        async move {
            let mut ticks = interval(LOOK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let looking = async {
                    ticks.tick().await;
                    make(&administration).await
                };
                let made = tokio::select! {
                    () = shutdown.cancelled() => return Ok::<(), std::convert::Infallible>(()),
                    made = looking => made,
                };
                health.report(CHECK, made);
            }
        }
    });
}

async fn make(administration: &Transport) -> Result<(), String> {
    let made = administration.make_all().await;
    made.map_err(|error| {
        tracing::warn!(%error, "streams and consumers are not kept");
        error.to_string()
    })
}
