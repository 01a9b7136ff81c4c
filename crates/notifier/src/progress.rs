//! Consumer lag monitor: how far subscribers have read, and how many events their stream dropped before they had
//! them. It is theirs to read on, and their events are in the log: nothing of it makes this service unready.
//!
//! Every replica looks. What counts is kept in PostgreSQL, where of two that look at once one wins.

use std::convert::Infallible;
use std::time::Duration;

use eventstore::inactivity::unless_inactive;
use eventstore::transport::TransportError;
use service::Resources;
use tokio::time::{MissedTickBehavior, interval};

use crate::durables::durable;
use crate::store;
use crate::subscriber::Subscriber;

/// How often it is looked. What is published and dropped within this time is not counted.
const LOOK: Duration = Duration::from_secs(2);

#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// Begins to look.
pub(crate) fn watch(resources: &Resources) {
    let watcher = resources.clone();
    resources.tasks.spawn("progress", move |shutdown| {
        let resources = watcher.clone();
        async move {
            let mut ticks = interval(LOOK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let looking = async {
                loop {
                    ticks.tick().await;
                    // That a server is away other checks say.
                    let looked = unless_inactive(look_at_all(&resources)).await;
                    let lost = |inactive| Err(sqlx::Error::from(inactive).into());
                    if let Err(error) = looked.unwrap_or_else(lost) {
                        tracing::debug!(%error, "how far subscribers have read is not known");
                    }
                }
            };
            shutdown.run_until_cancelled(Box::pin(looking)).await;
            Ok::<(), Infallible>(())
        }
    });
}

async fn look_at_all(resources: &Resources) -> Result<(), LookError> {
    let subscribers = store::live(&mut *resources.pool.acquire().await?).await?;
    for subscriber in &subscribers {
        look_at(resources, subscriber).await?;
    }
    let missed = store::missed(&mut *resources.pool.acquire().await?).await?;
    let missed = missed.into_iter().map(|(subscriber, missed)| (subscriber, missed.events));
    resources.metrics.missed_by_subscribers(&missed.collect());
    Ok(())
}

async fn look_at(resources: &Resources, subscriber: &Subscriber) -> Result<(), LookError> {
    let transport = resources.administration.as_ref().unwrap_or(&resources.transport);
    let mut connection = resources.pool.acquire().await?;
    let before = store::last_look(&mut connection, subscriber.id).await?;
    drop(connection);
    let had = before.as_ref().map(|look| &look.progress);
    let Some(look) = transport.look(&durable(subscriber), had).await? else {
        return Ok(());
    };
    if had == Some(&look.progress) {
        return Ok(());
    }
    let (missed, now) = (look.missed, resources.env.now());
    let mut connection = resources.pool.acquire().await?;
    let saved = store::save_look(&mut connection, subscriber.id, before.as_ref(), &look, now);
    let counts = saved.await?;
    if counts && missed > 0 {
        tracing::warn!(
            subscriber = %subscriber.id,
            missed,
            "a subscriber was overtaken: its stream dropped events before it had them"
        );
    }
    Ok(())
}
