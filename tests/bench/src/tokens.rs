//! Tokens per second, each with an event that is durable before the answer leaves.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::cost::Parts;
use crate::least::Rung;
use crate::load::Outcome;
use crate::report::{Report, Row};
use crate::stage::{self, Server, Stage};
use crate::{limit, load};

/// At least this much of the limit (performance.md).
const AIM: f64 = 0.5;

/// So many more show what there would be without waiting: with few connections a token waits for the
/// commit before its own while processors are idle.
const MANY: usize = 256;

/// Measures the limit, then the system, and how far the audit log is behind when the load ends; then
/// the least that a record costs; then the first two again with many more connections.
pub(crate) async fn measure(
    stage: &Stage,
    duration: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    let (best, ours, note) = both(stage, load::CONNECTIONS, duration).await?;
    report.add(row(load::CONNECTIONS, &best, &ours, Some(AIM), note));
    for rung in Rung::ALL {
        let server = stage.least_server(rung).await?;
        let parts = Parts::Instead(stage, &server);
        let least = load_limit(&server, load::CONNECTIONS, duration, parts).await?;
        report.add(Row {
            what: format!("… the least: + {}", rung.adds()),
            ..row(load::CONNECTIONS, &best, &least, None, String::new())
        });
        report.costs(&format!("the least: + {}", rung.adds()), least.costs);
    }
    report.costs("the limit of a token", best.costs);
    report.costs("a token", ours.costs);

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
    stage.settle().await?;
    let server = stage::limit_server()?;
    let best = load_limit(&server, connections, duration, Parts::Server(&server)).await?;
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

async fn load_limit(
    server: &Server,
    connections: usize,
    duration: Duration,
    parts: Parts<'_>,
) -> anyhow::Result<Outcome> {
    let request = request(limit::CLIENT, limit::SECRET);
    load::run(&server.address, &request, 200, connections, duration, parts).await
}

fn request(client: &str, secret: &str) -> Vec<u8> {
    let basic = format!("Basic {}", STANDARD.encode(format!("{client}:{secret}")));
    let headers = [
        ("authorization", basic.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    load::request("/oauth2/token", &headers, "grant_type=client_credentials")
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
