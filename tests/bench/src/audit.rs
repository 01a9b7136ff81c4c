//! The transparency log: how soon a signed checkpoint covers an event, what a proof of one costs beside a long
//! history, and in how much memory.
//!
//! Events per second into the log, with its tree and its checkpoints, are [`crate::ingestion`].

use std::time::Duration;

use anyhow::{Context, ensure};
use uuid::Uuid;

use crate::checkpoint;
use crate::cost::Parts;
use crate::filling::fill;
use crate::load::{self, Outcome};
use crate::report::{Report, Row};
use crate::stage::Stage;

/// At most so many milliseconds for a proof.
const PROOF_AIM_MS: f64 = 5.0;

/// One after the other: what is measured is an answer, and not what waits for it.
const CONNECTIONS: usize = 1;

/// The two histories beside which a proof is measured.
const SHORT: i64 = 10_000;
const LONG: i64 = 1_000_000;

/// Measures all of it.
pub(crate) async fn measure(
    stage: &mut Stage,
    duration: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    checkpoint::measure(stage, duration, report).await?;
    proofs(stage, duration, report).await
}

/// What was asked for with so many entries in the log.
struct Taken {
    /// The `.tlog-proof` of an event.
    proof: Outcome,
    /// The event alone: who asks is found, and whether they may see it.
    event: Outcome,
    /// The process' memory before and after.
    memory: (u64, u64),
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
        stage.until_listed().await?;
        stage.settle().await?;
        taken.push(take(stage, duration / 2).await?);
    }
    let [short, long] = taken.as_slice() else { anyhow::bail!("nothing was taken") };
    ensure!(long.proof.answers > 0, "no proof was given");
    report.add(Row {
        what: format!("a proof beside {LONG} entries"),
        measured: long.proof.p99_ms,
        limit: Some(short.proof.p99_ms),
        unit: "ms",
        ratio: Some(long.proof.p99_ms / short.proof.p99_ms),
        aim: Some(PROOF_AIM_MS),
        p50_ms: Some(long.proof.p50_ms),
        p99_ms: Some(long.proof.p99_ms),
        note: format!(
            "p99 at most the aim; limit: beside the shorter history; the event without its proof: p50 {:.1}, p99 {:.1}; {} proofs, audit's memory {} MB before and {} MB after",
            long.event.p50_ms,
            long.event.p99_ms,
            long.proof.answers,
            long.memory.0 / 1_000_000,
            long.memory.1 / 1_000_000
        ),
    });
    report.costs("a proof", long.proof.costs.clone());
    Ok(())
}

/// Asks for an event in the first third, with its proof and without.
async fn take(stage: &Stage, duration: Duration) -> anyhow::Result<Taken> {
    let event: Uuid = sqlx::query_scalar(
        "SELECT event_id FROM audit.entries WHERE position = (SELECT size / 3 + 1 FROM audit.head)",
    )
    .fetch_one(&stage.pool)
    .await?;
    let bearer = format!("Bearer {}", stage.developer_token);
    let before = stage.audit_memory()?;
    let mut outcomes = Vec::new();
    for path in [format!("/v1/events/{event}"), format!("/v1/events/{event}/proof")] {
        let bytes = load::get(&path, &[("authorization", bearer.as_str())]);
        let (log, parts) = (stage.log_address()?, Parts::System(stage));
        let load = load::run(log, &bytes, 200, CONNECTIONS, duration, parts).await;
        outcomes.push(load.with_context(|| path.clone())?);
    }
    let (Some(proof), Some(event)) = (outcomes.pop(), outcomes.pop()) else {
        anyhow::bail!("two were asked for")
    };
    Ok(Taken { proof, event, memory: (before, stage.audit_memory()?) })
}
