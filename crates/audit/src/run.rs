//! The background work: the consumer, the comparison with producers, and what readiness tells.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use contract::Service;
use eventstore::Transport;
use eventstore::consumer;
use eventstore::transport::TransportError;
use tokio::time::MissedTickBehavior;

use crate::consume::{self, Events};
use crate::ingest::Ingest;
use crate::reconcile::{reconcile, retry_holes};
use crate::store::{append, contexts, gaps};
use crate::{Audit, Settings};

/// A hole that is older than this makes the service unready: it is not filling by itself.
const PATIENCE: Duration = Duration::from_mins(1);

/// The same for a context: its producer was asked more than once by then.
const CONTEXTS_PATIENCE: Duration = Duration::from_mins(5);

/// How long one comparison with all producers may take. What takes longer waits for a connection
/// that was lost without a word; what was compared before counts.
const COMPARING: Duration = Duration::from_mins(2);

/// Starts all of it. It ends at shutdown.
pub(crate) fn run(audit: &Arc<Audit>, settings: &Settings) {
    let events = Events { ingest: audit.ingest.clone(), max_batch: settings.max_batch };
    consume(audit, Arc::new(events));
    let pause = Duration::from_secs(settings.reconcile_seconds);
    compare(audit, pause);
    ask_for_contexts(audit, pause);
    watch(audit);
}

fn consume(audit: &Arc<Audit>, events: Arc<Events>) {
    let resources = audit.resources.clone();
    audit.resources.tasks.spawn("consume-events", move |shutdown| {
        let (resources, events) = (resources.clone(), Arc::clone(&events));
        async move {
            let health = resources.health.clone();
            let report = move |state: Result<(), &TransportError>| {
                health.report("consumer-events", state.map_err(ToString::to_string));
            };
            let options = consume::consumer();
            consumer::run(&resources.transport, &options, events.as_ref(), shutdown, report).await;
            Ok::<_, Infallible>(())
        }
    });
}

fn compare(audit: &Arc<Audit>, pause: Duration) {
    let (ingest, transport) = (audit.ingest.clone(), audit.resources.transport.clone());
    audit.resources.tasks.spawn("reconcile", move |shutdown| {
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
                    if !nothing_waits(&transport).await {
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

async fn nothing_waits(transport: &Transport) -> bool {
    let waiting = consumer::waiting(transport, &consume::consumer()).await;
    matches!(waiting, Ok(0))
}

fn ask_for_contexts(audit: &Arc<Audit>, pause: Duration) {
    let (ingest, transport) = (audit.ingest.clone(), audit.resources.transport.clone());
    audit.resources.tasks.spawn("contexts", move |shutdown| {
        let (ingest, transport) = (ingest.clone(), transport.clone());
        async move {
            let mut ticks = tokio::time::interval(pause);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let again = tokio::select! {
                    () = shutdown.cancelled() => return Ok::<_, sqlx::Error>(()),
                    () = ingest.awaiting.notified() => false,
                    // What still waits in the queue is not lost.
                    again = async { ticks.tick().await; nothing_waits(&transport).await } => again,
                };
                tokio::select! {
                    () = shutdown.cancelled() => return Ok(()),
                    asked = ingest.ask_for_contexts(again) => asked?,
                }
            }
        }
    });
}

async fn compare_with(ingest: &Ingest, service: Service) {
    match reconcile(ingest, &ingest.producers, service).await {
        Ok(Some(compared)) if compared.recovered > 0 => {
            tracing::warn!(%service, recovered = compared.recovered, "events that were lost on the way are recorded");
        }
        Ok(_) => {}
        // It may not be running; nothing is lost, and the next comparison starts from the same row.
        Err(error) => tracing::debug!(%service, %error, "a producer could not be compared with"),
    }
}

fn watch(audit: &Arc<Audit>) {
    let ingest = audit.ingest.clone();
    audit.resources.health.probe("conflicts", move || {
        let ingest = ingest.clone();
        told(async move {
            let mut conn = ingest.pool.acquire().await?;
            let count = append::open_conflicts(&mut conn).await?;
            Ok((count > 0)
                .then(|| format!("{count} events contradict the record; see audit.conflicts")))
        })
    });
    let ingest = audit.ingest.clone();
    audit.resources.health.probe("holes", move || {
        let ingest = ingest.clone();
        told(async move {
            let mut conn = ingest.pool.acquire().await?;
            let count = gaps::holes_older_than(&mut conn, ingest.env.now() - PATIENCE).await?;
            Ok((count > 0)
                .then(|| format!("{count} streams have holes that do not fill; see audit.holes")))
        })
    });
    let ingest = audit.ingest.clone();
    audit.resources.health.probe("contexts", move || {
        let ingest = ingest.clone();
        told(async move {
            let mut conn = ingest.pool.acquire().await?;
            let since = ingest.env.now() - CONTEXTS_PATIENCE;
            let count = contexts::awaited_since_before(&mut conn, since).await?;
            Ok((count > 0).then(|| {
                format!("{count} contexts were asked for and do not come; see audit.awaited_parts")
            }))
        })
    });
}

/// A check that fails when there is something to tell.
async fn told(finding: impl Future<Output = sqlx::Result<Option<String>>>) -> Result<(), String> {
    match finding.await {
        Ok(None) => Ok(()),
        Ok(Some(finding)) => Err(finding),
        Err(error) => Err(error.to_string()),
    }
}
