//! The background work: the consumer, the comparison with producers both ways, the lists of manifests, the recovery
//! of parts.

use std::sync::Arc;
use std::time::Duration;

use contract::Service;
use eventstore::Transport;
use eventstore::consumer;
use eventstore::inactivity::unless_inactive;
use eventstore::transport::TransportError;
use service::Resources;
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

use crate::confirm::Confirmer;
use crate::consume::{self, EventHandler};
use crate::holes::Holes;
use crate::ingest::Ingest;
use crate::log::checkpoints::Signing;
use crate::log::consistency::SigningError;
use crate::log::sequencer;
use crate::manifest_lists::ListFetcher;
use crate::part_recovery::PartRecovery;
use crate::producers::{Producers, RpcProducers};
use crate::readiness::Recording;
use crate::reconcile::Reconciler;
use crate::settings::Settings;

/// How long one comparison with all producers may take. What takes longer waits for a connection
/// that was lost without a word; what was compared before counts.
const COMPARING: Duration = Duration::from_mins(2);

/// How often it is looked for what other replicas recorded, and what waits to be served.
const LOOKING: Duration = Duration::from_millis(250);

/// Starts all of it. It ends at shutdown.
pub(crate) fn run(resources: &Resources, settings: &Settings, signing: Option<Signing>) {
    let (pool, env) = (resources.pool.clone(), resources.env.clone());
    let producers: Arc<dyn Producers> =
        Arc::new(RpcProducers { rpc: resources.rpc.clone(), env: env.clone() });
    let parts_awaited = Arc::new(Notify::new());
    let grown = Arc::new(Notify::new());
    let holes = Holes::new(resources.events.clone());
    let ingest = Ingest::new(
        pool.clone(),
        env.clone(),
        Arc::clone(&producers),
        holes.clone(),
        Arc::clone(&parts_awaited),
        Arc::clone(&grown),
    );
    if let Some(signing) = signing {
        sign(resources, signing, grown);
    }
    let pause = Duration::from_secs(settings.reconcile_seconds);
    let recording = Recording::default();
    recording.add_check(&resources.health);
    let handler = EventHandler { ingest: ingest.clone(), max_batch: settings.max_batch, recording };
    consume(resources, Arc::new(handler));
    let reconciler =
        Reconciler { pool: pool.clone(), producers: Arc::clone(&producers), ingest, holes };
    compare(resources, reconciler, pause);
    let confirmer =
        Confirmer { pool: pool.clone(), env: env.clone(), producers: Arc::clone(&producers) };
    confirm(resources, confirmer, pause);
    fetch_lists(resources, ListFetcher::new(pool.clone(), Arc::clone(&producers)), pause);
    recover_parts(resources, PartRecovery { pool, env, producers }, parts_awaited, pause);
}

fn consume(resources: &Resources, handler: Arc<EventHandler>) {
    let shared = resources.clone();
    resources.tasks.spawn("consume-events", move |shutdown| {
        let (resources, handler) = (shared.clone(), Arc::clone(&handler));
        async move {
            let health = resources.health.clone();
            // A log that is older than its tree gets one before it grows.
            sequencer::catch_up(&resources.pool).await.inspect_err(|error| {
                health.report("consumer-events", Err(error.to_string()));
            })?;
            let report = move |state: Result<(), &TransportError>| {
                health.report("consumer-events", state.map_err(ToString::to_string));
            };
            let options = consume::consumer();
            let run =
                consumer::run(&resources.transport, &options, handler.as_ref(), shutdown, report);
            Box::pin(run).await;
            Ok::<_, sqlx::Error>(())
        }
    });
}

fn compare(resources: &Resources, reconciler: Reconciler, pause: Duration) {
    let transport = resources.transport.clone();
    resources.tasks.every(pause, "reconcile", move || {
        let (reconciler, transport) = (reconciler.clone(), transport.clone());
        async move { Box::pin(in_time(compare_all(&reconciler, &transport))).await }
    });
}

/// Signs whatever the log has grown to: woken by this replica's batches, and looking now and then for those of others.
fn sign(resources: &Resources, signing: Signing, grown: Arc<Notify>) {
    resources.tasks.spawn("checkpoints", move |shutdown| {
        let (signing, grown) = (signing.clone(), Arc::clone(&grown));
        async move {
            let mut signer = signing.open().await?;
            let mut ticks = tokio::time::interval(LOOKING);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    () = shutdown.cancelled() => return Ok::<_, SigningError>(()),
                    () = grown.notified() => {}
                    _ = ticks.tick() => {}
                }
                unless_inactive(signer.sign()).await.map_err(sqlx::Error::from)??;
            }
        }
    });
}

/// What is recorded is its producer's, or it is not, whatever waits in the queue.
fn confirm(resources: &Resources, confirmer: Confirmer, pause: Duration) {
    resources.tasks.every(pause, "confirm", move || {
        let confirmer = confirmer.clone();
        async move { Box::pin(in_time(confirmer.confirm())).await }
    });
}

/// What manifests list is kept with the log.
fn fetch_lists(resources: &Resources, fetcher: ListFetcher, pause: Duration) {
    resources.tasks.every(pause, "manifest-lists", move || {
        let fetcher = fetcher.clone();
        async move { Box::pin(in_time(fetcher.fetch())).await }
    });
}

/// A comparison that ends.
async fn in_time(comparison: impl Future<Output = sqlx::Result<()>>) -> sqlx::Result<()> {
    let too_late = || sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
    tokio::time::timeout(COMPARING, comparison).await.unwrap_or_else(|_| Err(too_late()))
}

async fn compare_all(reconciler: &Reconciler, transport: &Transport) -> sqlx::Result<()> {
    reconciler.retry_gaps().await?;
    // What still waits in the queue is not lost. If that cannot be told, nor can a producer be asked.
    if queue_is_empty(transport).await {
        // One after the other: comparing must not take the connections that answers need.
        for service in Service::ALL {
            compare_with(reconciler, service).await;
        }
    }
    Ok(())
}

async fn compare_with(reconciler: &Reconciler, service: Service) {
    match reconciler.reconcile(service).await {
        Ok(Some(compared)) if compared.recovered > 0 => {
            tracing::warn!(%service, recovered = compared.recovered, "events that did not come by NATS, or not yet, are recorded");
        }
        Ok(_) => {}
        // It may not be running; nothing is lost, and the next comparison starts from the same row.
        Err(error) => tracing::debug!(%service, %error, "a producer could not be compared with"),
    }
}

async fn queue_is_empty(transport: &Transport) -> bool {
    let waiting = consumer::waiting(transport, &consume::consumer()).await;
    matches!(waiting, Ok(0))
}

/// This is no [`service::Tasks::every`]: it is also woken when something was recorded of which parts are
/// awaited, and then asks for those alone.
fn recover_parts(
    resources: &Resources,
    recovery: PartRecovery,
    awaited: Arc<Notify>,
    pause: Duration,
) {
    let transport = resources.transport.clone();
    resources.tasks.spawn("recover-parts", move |shutdown| {
        let (recovery, awaited) = (recovery.clone(), Arc::clone(&awaited));
        let transport = transport.clone();
        async move {
            let mut ticks = tokio::time::interval(pause);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let again = tokio::select! {
                    () = shutdown.cancelled() => return Ok::<_, sqlx::Error>(()),
                    () = awaited.notified() => false,
                    // What still waits in the queue is not lost.
                    again = async { ticks.tick().await; queue_is_empty(&transport).await } => again,
                };
                tokio::select! {
                    () = shutdown.cancelled() => return Ok(()),
                    asked = unless_inactive(recovery.recover(again)) => asked.map_err(sqlx::Error::from)??,
                }
            }
        }
    });
}
