//! How soon a signed checkpoint covers an event, at 500 events per second.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Context;
use contract::facts::{AppArchived, GrantType, TokenIssued};
use contract::{AppId, ClientId, Environment, EventId, Provenance, Service, TokenId, Version};
use eventstore::relay::Relay;
use eventstore::{EventStore, Transport, TransportSettings};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::least_checkpoint;
use crate::load::percentile;
use crate::report::{Report, Row};
use crate::stage::Stage;

/// At most so many milliseconds from the commit to a signed checkpoint, for all but one in a hundred
/// (performance.md).
const AIM_MS: f64 = 50.0;

/// The pace.
const PER_SECOND: u32 = 500;

/// A checkpoint is looked for so often: what it takes longer than it took is at most this.
const LOOKING: Duration = Duration::from_millis(1);

/// What is committed.
#[derive(Debug, Clone, Copy)]
enum What {
    /// What nearly all of a log is: nobody else follows them.
    Tokens,
    /// What two other services follow, one of which ends all that the app had, each in a transaction.
    ArchivedApps,
}

impl What {
    const ALL: [Self; 2] = [Self::Tokens, Self::ArchivedApps];

    const fn producer(self) -> Service {
        match self {
            Self::Tokens => Service::KeyIssuer,
            Self::ArchivedApps => Service::AppRegistry,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::ArchivedApps => "apps that are archived, and end elsewhere too",
        }
    }
}

/// Measures both, and the least.
pub(crate) async fn measure(
    stage: &Stage,
    duration: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    let total = PER_SECOND * u32::try_from(duration.as_secs())?;
    for what in What::ALL {
        stage.until_followed().await?;
        stage.settle().await?;
        let (latencies, checkpoints) = commit_to_checkpoint(stage, what, total).await?;
        stage.until_followed().await?;
        stage.settle().await?;
        let least = least_checkpoint::measure(&stage.pool, total, PER_SECOND).await?;
        let (p99, least_p99) = (percentile(&latencies, 99), percentile(&least, 99));
        report.add(Row {
            what: format!("commit to a signed checkpoint, {PER_SECOND}/s: {}", what.name()),
            measured: p99,
            limit: Some(least_p99),
            unit: "ms",
            ratio: Some(p99 / least_p99),
            aim: Some(AIM_MS),
            p50_ms: Some(percentile(&latencies, 50)),
            p99_ms: Some(p99),
            note: format!(
                "p99 at most the aim; {checkpoints} checkpoints seen; limit: three commits in a row by the simplest program, p50 {:.1}",
                percentile(&least, 50)
            ),
        });
    }
    Ok(())
}

/// Commits at a steady pace, as a service does, and looks meanwhile how far the newest checkpoint reaches: how long
/// each took, the shortest first, and how many checkpoints there were.
async fn commit_to_checkpoint(
    stage: &Stage,
    what: What,
    total: u32,
) -> anyhow::Result<(Vec<Duration>, usize)> {
    let end = stage.audited().await? + i64::from(total);
    let looking = tokio::spawn(look(stage.pool.clone(), end));
    let committed = commit_at_a_pace(stage, what, total).await?;
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
    Ok((latencies, seen.len()))
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
async fn commit_at_a_pace(
    stage: &Stage,
    what: What,
    total: u32,
) -> anyhow::Result<Vec<(EventId, Instant)>> {
    let producer = what.producer();
    let pool = stage.pool_of(producer)?;
    let environment = Environment::system();
    let store = EventStore::new(producer, pool.clone(), environment.clone());
    let transport = Transport::new(stage.nats_client().await, TransportSettings::default());
    let shutdown = CancellationToken::new();
    // The server's own relay leads already; this one follows and wakes it, as a replica's does.
    let relay = Relay::new(store.clone(), eventstore::Destination::Audit, transport);
    let relaying = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { relay.run(shutdown, |_| {}).await }
    });
    let organization = stage.organization_id.parse()?;
    let client_id: ClientId = stage.client_id.parse()?;
    let mut committed = Vec::with_capacity(total as usize);
    let mut pace = tokio::time::interval(Duration::from_secs(1) / PER_SECOND);
    for _ in 0..total {
        pace.tick().await;
        let provenance = Provenance::system(producer, Some(organization), environment.new_id());
        let app_id: AppId = environment.new_id();
        let mut unit = store.begin(&provenance);
        let id = match what {
            What::ArchivedApps => {
                unit.record(app_id.uuid(), Version::FIRST, &AppArchived { app_id })?
            }
            What::Tokens => {
                let token_id: TokenId = environment.new_id();
                let fact = TokenIssued {
                    token_id,
                    app_id,
                    client_id,
                    grant_type: GrantType::ClientCredentials,
                    scope: String::new(),
                    expires_at: environment.now(),
                };
                unit.record(token_id.uuid(), Version::FIRST, &fact)?
            }
        };
        unit.commit().await?;
        committed.push((id, Instant::now()));
    }
    shutdown.cancel();
    relaying.await??;
    pool.close().await;
    Ok(committed)
}
