//! The transparency log: how soon a signed checkpoint covers an event, what a proof of one costs beside a long
//! history, and in how much memory.
//!
//! Events per second into the log, with its tree and its checkpoints, are [`crate::ingestion`].

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use contract::facts::AppArchived;
use contract::{AppId, Environment, EventId, Provenance, Service, Version};
use eventstore::relay::Relay;
use eventstore::{EventStore, Transport, TransportSettings};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::cost::Parts;
use crate::filling::fill;
use crate::load::{self, percentile};
use crate::report::{Report, Row};
use crate::stage::Stage;

/// At most so many milliseconds from the commit to a signed checkpoint, for all but one in a hundred
/// (performance.md).
const COVERED_AIM_MS: f64 = 50.0;

/// The pace.
const PER_SECOND: u32 = 500;

/// At most so many milliseconds for a proof.
const PROOF_AIM_MS: f64 = 5.0;

/// So few that what is measured is an answer, and not what waits for it.
const CONNECTIONS: usize = 4;

/// The two histories beside which a proof is measured.
const SHORT: i64 = 10_000;
const LONG: i64 = 1_000_000;

/// A checkpoint is looked for so often: what it takes longer than it took is at most this.
const LOOKING: Duration = Duration::from_millis(1);

/// Measures all of it.
pub(crate) async fn measure(
    stage: &mut Stage,
    duration: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    commit_to_checkpoint(stage, duration, report).await?;
    proofs(stage, duration, report).await
}

/// Commits at a steady pace, as a service does, and looks meanwhile how far the newest checkpoint reaches.
async fn commit_to_checkpoint(
    stage: &Stage,
    duration: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    stage.settle().await?;
    let total = PER_SECOND * u32::try_from(duration.as_secs())?;
    let before = stage.audited().await?;
    let end = before + i64::from(total);
    let looking = tokio::spawn(look(stage.pool.clone(), end));
    let committed = commit_at_a_pace(stage, total).await?;
    let seen = tokio::time::timeout(Duration::from_secs(30), looking).await???;
    let ids: Vec<Uuid> = committed.iter().map(|(id, _)| id.uuid()).collect();
    let positions: HashMap<Uuid, i64> =
        sqlx::query_as("SELECT event_id, position FROM audit.entries WHERE event_id = ANY($1)")
            .bind(&ids)
            .fetch_all(&stage.pool)
            .await?
            .into_iter()
            .collect();
    let mut latencies = Vec::with_capacity(committed.len());
    for (id, at) in committed {
        let position = positions.get(&id.uuid()).context("an event is not in the log")?;
        // The first that covers it: sizes only grow.
        let first = seen.partition_point(|(size, _)| size < position);
        let (_, covered) = seen.get(first).context("no checkpoint covers an event")?;
        latencies.push(covered.saturating_duration_since(at));
    }
    latencies.sort_unstable();
    let p99 = percentile(&latencies, 99);
    report.add(Row {
        what: format!("commit to a signed checkpoint, {PER_SECOND}/s"),
        measured: p99,
        limit: None,
        unit: "ms",
        ratio: None,
        aim: Some(COVERED_AIM_MS),
        p50_ms: Some(percentile(&latencies, 50)),
        p99_ms: Some(p99),
        note: format!("p99 at most the aim; {} checkpoints seen", seen.len()),
    });
    Ok(())
}

/// The sizes of checkpoints as they appear, until one covers this position.
async fn look(pool: PgPool, end: i64) -> anyhow::Result<Vec<(i64, Instant)>> {
    let mut seen: Vec<(i64, Instant)> = Vec::new();
    let mut pace = tokio::time::interval(LOOKING);
    loop {
        pace.tick().await;
        let size: Option<i64> =
            sqlx::query_scalar("SELECT max(size) FROM audit.checkpoints").fetch_one(&pool).await?;
        let size = size.unwrap_or_default();
        if seen.last().is_none_or(|(last, _)| *last < size) {
            seen.push((size, Instant::now()));
        }
        if size >= end {
            return Ok(seen);
        }
    }
}

/// So many events, each in a transaction of its own, and when it was committed.
async fn commit_at_a_pace(stage: &Stage, total: u32) -> anyhow::Result<Vec<(EventId, Instant)>> {
    let pool = stage.pool_of(Service::AppRegistry)?;
    let environment = Environment::system();
    let store = EventStore::new(Service::AppRegistry, pool.clone(), environment.clone());
    let transport = Transport::new(stage.nats_client().await, TransportSettings::default());
    let shutdown = CancellationToken::new();
    // The server's own relay leads already; this one follows and wakes it, as a replica's does.
    let relay = Relay::new(store.clone(), eventstore::Destination::Audit, transport);
    let relaying = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { relay.run(shutdown, |_| {}).await }
    });
    let organization = stage.organization_id.parse()?;
    let mut committed = Vec::with_capacity(total as usize);
    let mut pace = tokio::time::interval(Duration::from_secs(1) / PER_SECOND);
    for _ in 0..total {
        pace.tick().await;
        let provenance =
            Provenance::system(Service::AppRegistry, Some(organization), environment.new_id());
        let app_id: AppId = environment.new_id();
        let mut unit = store.begin(&provenance);
        let id = unit.record(app_id.uuid(), Version::FIRST, &AppArchived { app_id })?;
        unit.commit().await?;
        committed.push((id, Instant::now()));
    }
    shutdown.cancel();
    relaying.await??;
    pool.close().await;
    Ok(committed)
}

/// The `.tlog-proof` of one event beside both histories, and what of the process' memory grows with them.
async fn proofs(stage: &mut Stage, duration: Duration, report: &mut Report) -> anyhow::Result<()> {
    let app = stage.token_app().await?;
    let mut taken = Vec::new();
    for size in [SHORT, LONG] {
        stage.until_audited().await?;
        if stage.audited().await? < size {
            fill(&stage.pool, &app, size).await?;
        }
        stage.grow_tree().await?;
        stage.settle().await?;
        let event: Uuid = sqlx::query_scalar(
            "SELECT event_id FROM audit.entries WHERE position = (SELECT size / 3 + 1 FROM audit.head)",
        )
        .fetch_one(&stage.pool)
        .await?;
        let bearer = format!("Bearer {}", stage.developer_token);
        let path = format!("/v1/events/{event}/proof");
        let bytes = load::get(&path, &[("authorization", bearer.as_str())]);
        let before = stage.audit_memory()?;
        let load = load::run(
            stage.log_address()?,
            &bytes,
            200,
            CONNECTIONS,
            duration / 2,
            Parts::System(stage),
        );
        let outcome = load.await.context("a proof")?;
        taken.push((outcome, before, stage.audit_memory()?));
    }
    let [(short, ..), (long, before, after)] = taken.as_slice() else {
        anyhow::bail!("nothing was taken")
    };
    ensure!(long.answers > 0, "no proof was given");
    report.add(Row {
        what: format!("a proof beside {LONG} entries"),
        measured: long.p99_ms,
        limit: Some(short.p99_ms),
        unit: "ms",
        ratio: Some(long.p99_ms / short.p99_ms),
        aim: Some(PROOF_AIM_MS),
        p50_ms: Some(long.p50_ms),
        p99_ms: Some(long.p99_ms),
        note: format!(
            "p99 at most the aim; limit: beside {SHORT}; {} proofs, audit's memory {} MB before and {} MB after",
            long.answers,
            before / 1_000_000,
            after / 1_000_000
        ),
    });
    Ok(())
}
