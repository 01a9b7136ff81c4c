//! Reconciliation loop: keeps a durable consumer on NATS for every subscriber, and none for who is
//! no subscriber any more.
//!
//! NATS may lose consumers with everything else. What a subscriber reads is therefore compared
//! with the table again and again, by every replica: all of them do the same.

use std::collections::BTreeSet;
use std::time::Duration;

use eventstore::Durable;
use eventstore::inactivity::unless_inactive;
use eventstore::transport::TransportError;
use service::Resources;
use tokio::time::{MissedTickBehavior, interval};

use crate::store;
use crate::subscriber::{PREFIX, Subscriber};

/// How often NATS is compared with the table: for so long a new subscriber waits, and for so long
/// a removed one may go on reading where it is not removed from the server's users.
const COMPARE: Duration = Duration::from_secs(1);

/// The check that tells whether subscribers have their consumers.
const CHECK: &str = "subscribers";

#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// Begins to keep them.
pub(crate) fn keep(resources: &Resources) {
    // Not `tasks.every`: what is settled is remembered from turn to turn, and a turn that failed is reported and
    // tried again a second later, where `every` restarts its work ever more slowly.
    let keeper = resources.clone();
    resources.tasks.spawn("subscribers", move |shutdown| {
        let resources = keeper.clone();
        async move {
            // What is there at the start may be configured otherwise, by an older version of this.
            let mut settled = BTreeSet::new();
            let mut ticks = interval(COMPARE);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    () = shutdown.cancelled() => return Ok::<(), std::convert::Infallible>(()),
                    _ = ticks.tick() => {}
                }
                let compared = tokio::select! {
                    () = shutdown.cancelled() => return Ok(()),
                    compared = unless_inactive(compare(&resources, &mut settled)) => {
                        compared.unwrap_or_else(|inactive| Err(sqlx::Error::from(inactive).into()))
                    }
                };
                if let Err(error) = &compared {
                    tracing::warn!(%error, "subscribers' consumers are not kept");
                }
                let state = compared.map_err(|error| error.to_string());
                resources.health.report(CHECK, state);
            }
        }
    });
}

async fn compare(resources: &Resources, settled: &mut BTreeSet<String>) -> Result<(), KeepError> {
    let transport = resources.administration.as_ref().unwrap_or(&resources.transport);
    // In this order: a consumer that is there was made for a row that was there before it.
    let there = transport.durables(PREFIX).await?;
    let wanted = store::live(&mut *resources.pool.acquire().await?).await?;
    for subscriber in &wanted {
        let name = subscriber.login();
        if !(there.contains(&name) && settled.contains(&name)) {
            transport.make_durable(&durable(subscriber)).await?;
            tracing::info!(consumer = name, "a subscriber's consumer is there");
            settled.insert(name);
        }
    }
    let names: BTreeSet<String> = wanted.iter().map(Subscriber::login).collect();
    for name in there.difference(&names) {
        transport.delete_durable(name).await?;
        tracing::info!(consumer = name, "a removed subscriber's consumer is deleted");
    }
    Ok(())
}

/// A subscriber's consumer.
pub(crate) fn durable(subscriber: &Subscriber) -> Durable {
    Durable { name: subscriber.login(), subjects: subscriber.subjects() }
}
