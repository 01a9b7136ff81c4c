//! The background work: the consumer, the comparison with producers, the recovery of contexts.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use contract::Service;
use eventstore::Transport;
use eventstore::consumer;
use eventstore::transport::TransportError;
use service::Resources;
use tokio::time::MissedTickBehavior;

use crate::consume::{self, EventHandler};
use crate::ingest::Ingest;
use crate::part_recovery::recover_contexts;
use crate::reconcile::{reconcile, retry_holes};
use crate::settings::Settings;

/// How long one comparison with all producers may take. What takes longer waits for a connection
/// that was lost without a word; what was compared before counts.
const COMPARING: Duration = Duration::from_mins(2);

/// Starts all of it. It ends at shutdown.
pub(crate) fn run(resources: &Resources, ingest: &Ingest, settings: &Settings) {
    let handler = EventHandler { ingest: ingest.clone(), max_batch: settings.max_batch };
    consume(resources, Arc::new(handler));
    let pause = Duration::from_secs(settings.reconcile_seconds);
    compare(resources, ingest, pause);
    recover_awaited_parts(resources, ingest, pause);
}

fn consume(resources: &Resources, handler: Arc<EventHandler>) {
    let shared = resources.clone();
    resources.tasks.spawn("consume-events", move |shutdown| {
        let (resources, handler) = (shared.clone(), Arc::clone(&handler));
        async move {
            let health = resources.health.clone();
            let report = move |state: Result<(), &TransportError>| {
                health.report("consumer-events", state.map_err(ToString::to_string));
            };
            let options = consume::consumer();
            consumer::run(&resources.transport, &options, handler.as_ref(), shutdown, report).await;
            Ok::<_, Infallible>(())
        }
    });
}

fn compare(resources: &Resources, ingest: &Ingest, pause: Duration) {
    let (ingest, transport) = (ingest.clone(), resources.transport.clone());
    resources.tasks.spawn("reconcile", move |shutdown| {
        let (ingest, transport) = (ingest.clone(), transport.clone());
        async move {
            let mut ticks = tokio::time::interval(pause);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    () = shutdown.cancelled() => return Ok::<_, sqlx::Error>(()),
                    _ = ticks.tick() => {}
                }
                let compared = async {
                    retry_holes(&ingest).await?;
                    // What still waits in the queue is not lost. If that cannot be told, nor can a
                    // producer be asked.
                    if !queue_is_empty(&transport).await {
                        return Ok(());
                    }
                    // One after the other: comparing must not take the connections that answers need.
                    for service in Service::ALL {
                        compare_with(&ingest, service).await;
                    }
                    Ok::<_, sqlx::Error>(())
                };
                let compared = tokio::select! {
                    // What is cut off is compared again by the next start, or by another replica.
                    () = shutdown.cancelled() => return Ok(()),
                    compared = tokio::time::timeout(COMPARING, compared) => compared,
                };
                compared.unwrap_or_else(|_| {
                    Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))
                })?;
            }
        }
    });
}

async fn queue_is_empty(transport: &Transport) -> bool {
    let waiting = consumer::waiting(transport, &consume::consumer()).await;
    matches!(waiting, Ok(0))
}

fn recover_awaited_parts(resources: &Resources, ingest: &Ingest, pause: Duration) {
    let (ingest, transport) = (ingest.clone(), resources.transport.clone());
    resources.tasks.spawn("contexts", move |shutdown| {
        let (ingest, transport) = (ingest.clone(), transport.clone());
        async move {
            let mut ticks = tokio::time::interval(pause);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let again = tokio::select! {
                    () = shutdown.cancelled() => return Ok::<_, sqlx::Error>(()),
                    () = ingest.contexts_awaited.notified() => false,
                    // What still waits in the queue is not lost.
                    again = async { ticks.tick().await; queue_is_empty(&transport).await } => again,
                };
                tokio::select! {
                    () = shutdown.cancelled() => return Ok(()),
                    asked = recover_contexts(&ingest, again) => asked?,
                }
            }
        }
    });
}

async fn compare_with(ingest: &Ingest, service: Service) {
    match reconcile(ingest, service).await {
        Ok(Some(compared)) if compared.recovered > 0 => {
            tracing::warn!(%service, recovered = compared.recovered, "events that were lost on the way are recorded");
        }
        Ok(_) => {}
        // It may not be running; nothing is lost, and the next comparison starts from the same row.
        Err(error) => tracing::debug!(%service, %error, "a producer could not be compared with"),
    }
}
