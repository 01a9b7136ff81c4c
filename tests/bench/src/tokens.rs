//! Tokens per second, each with an event that is durable before the answer leaves.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::cost::{Parts, sum};
use crate::load::Outcome;
use crate::report::{Report, Row};
use crate::stage::{self, Stage};
use crate::{floor, limit, load};

/// At least this much of the limit (performance.md).
const AIM: f64 = 0.5;

/// So many more show what there would be without waiting: with few connections a token waits for the
/// commit before its own while processors are idle.
const MANY: usize = 256;

/// Measures the limit, then the system, and how far the audit log is behind when the load ends; then
/// both again with many more connections.
pub(crate) async fn measure(
    stage: &Stage,
    duration: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    let (best, ours, mut note) = both(stage, load::CONNECTIONS, duration).await?;
    let mut least = best.costs.clone();
    least.extend(floor::measure(stage, duration / 4).await?);
    let possible = sum(&best.costs) / sum(&least);
    let _ = write!(
        note,
        "; with no other work than the least, the ratio would be {possible:.2}"
    );
    report.add(row(load::CONNECTIONS, &best, &ours, Some(AIM), note));
    report.costs("the limit of a token", best.costs);
    report.costs("a token", ours.costs);
    report.costs("the least that a recorded token costs", least);

    let (best, ours, note) = both(stage, MANY, duration).await?;
    report.add(row(MANY, &best, &ours, None, note));
    report.costs(&format!("a token, {MANY} connections"), ours.costs);
    Ok(())
}

/// The limit, the system, and what stands out.
async fn both(
    stage: &Stage,
    connections: usize,
    duration: Duration,
) -> anyhow::Result<(Outcome, Outcome, String)> {
    let server = stage::limit_server()?;
    let request = |client: &str, secret: &str| {
        let basic = format!("Basic {}", STANDARD.encode(format!("{client}:{secret}")));
        let headers = [
            ("authorization", basic.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        load::request("/oauth2/token", &headers, "grant_type=client_credentials")
    };
    let best = load::run(
        &server.address,
        &request(limit::CLIENT, limit::SECRET),
        200,
        connections,
        duration,
        Parts::Server(&server),
    )
    .await?;
    drop(server);
    let before = stage.audited().await?;
    let ours = load::run(
        &stage.address,
        &request(&stage.client_id, &stage.client_secret),
        200,
        connections,
        duration,
        Parts::System(stage),
    )
    .await?;
    let recorded = stage.audited().await? - before;
    let behind = stage.until_audited().await?;
    let note = format!(
        "limit p50 {:.2} p99 {:.2}; of {} answers and their warm-up {recorded} were in the audit log at once, all {:.1} s later",
        best.p50_ms,
        best.p99_ms,
        ours.answers,
        behind.as_secs_f64(),
    );
    Ok((best, ours, note))
}

fn row(connections: usize, best: &Outcome, ours: &Outcome, aim: Option<f64>, note: String) -> Row {
    Row {
        what: format!("tokens, {connections} connections"),
        measured: ours.per_second,
        limit: Some(best.per_second),
        unit: "1/s",
        ratio: Some(ours.per_second / best.per_second),
        aim,
        p50_ms: Some(ours.p50_ms),
        p99_ms: Some(ours.p99_ms),
        note,
    }
}
