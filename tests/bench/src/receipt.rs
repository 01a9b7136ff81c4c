//! From a command's commit to a subscriber's receipt, at 500 events per second.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::pull;
use contract::facts::{ConsentEndReason, ConsentRevoked};
use contract::{Environment, EventId, Provenance, Service, Version};
use eventstore::relay::Relay;
use eventstore::transport::EVENTS;
use eventstore::{EventStore, Transport, TransportSettings};
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::load::percentile;
use crate::report::{Report, Row};
use crate::stage::Stage;

/// At most so many milliseconds for all but one in a hundred (performance.md).
const AIM_MS: f64 = 10.0;

/// The pace.
const PER_SECOND: u32 = 500;

/// Commits at a steady pace in this process, through the relay of a service of its own (the
/// audit schema's, which is quiet), and receives as a durable subscriber does.
pub(crate) async fn measure(
    stage: &Stage,
    duration: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    stage.settle().await?;
    let pool = stage.pool_of(Service::ConsentBroker)?;
    let environment = Environment::system();
    let store = EventStore::new(Service::ConsentBroker, pool.clone(), environment.clone());
    let client = stage.nats_client().await;
    let transport = Transport::new(client, TransportSettings::default());
    let shutdown = CancellationToken::new();
    // The server's own relay leads already; this one follows and wakes it, as a replica's does.
    let relay = Relay::new(store.clone(), eventstore::Destination::Events, transport.clone());
    let (token, ending) = (shutdown.clone(), shutdown.clone());
    let relaying = tokio::spawn(async move { relay.run(token, |_| {}).await });

    let config = pull::Config {
        durable_name: Some("bench".to_owned()),
        deliver_policy: async_nats::jetstream::consumer::DeliverPolicy::New,
        filter_subjects: vec!["mandate.events.*.consent.revoked.>".to_owned()],
        ..pull::Config::default()
    };
    let consumer = transport.stream(EVENTS).await?.create_consumer(config).await?;
    let mut messages = consumer.messages().await?;
    let total = u64::from(PER_SECOND) * duration.as_secs();
    let receiving = tokio::spawn(async move {
        let mut received: HashMap<EventId, Instant> = HashMap::new();
        while let Some(Ok(message)) = messages.next().await {
            let now = Instant::now();
            if let Ok(event) = contract::Envelope::parse(&message.payload) {
                received.insert(event.id, now);
            }
            let _ = message.ack().await;
            if received.len() as u64 >= total {
                break;
            }
        }
        received
    });

    let mut committed: Vec<(EventId, Instant)> = Vec::new();
    let mut pace = tokio::time::interval(Duration::from_secs(1) / PER_SECOND);
    for _ in 0..total {
        pace.tick().await;
        let revoked = ConsentRevoked {
            grant_id: environment.new_id(),
            app_id: environment.new_id(),
            account_id: environment.new_id(),
            reason: ConsentEndReason::Requested,
        };
        let provenance = Provenance::system(Service::ConsentBroker, None, environment.new_id());
        let mut unit = store.begin(&provenance);
        let id = unit.record(revoked.grant_id.uuid(), Version::FIRST, &revoked)?;
        unit.commit().await?;
        committed.push((id, Instant::now()));
    }
    let received = tokio::time::timeout(Duration::from_secs(20), receiving).await??;
    ending.cancel();
    relaying.await??;
    pool.close().await;
    let mut latencies: Vec<Duration> = committed
        .iter()
        .filter_map(|(id, at)| received.get(id).map(|seen| seen.saturating_duration_since(*at)))
        .collect();
    anyhow::ensure!(
        latencies.len() == committed.len(),
        "{} events were not received",
        committed.len() - latencies.len()
    );
    latencies.sort_unstable();
    let p99 = percentile(&latencies, 99);
    report.add(Row {
        what: format!("commit to receipt, {PER_SECOND}/s"),
        measured: p99,
        limit: None,
        unit: "ms",
        ratio: None,
        aim: Some(AIM_MS),
        p50_ms: Some(percentile(&latencies, 50)),
        p99_ms: Some(p99),
        note: "p99 at most the aim".into(),
    });
    Ok(())
}
