//! Tokens per second, each with an event that is durable before the answer leaves.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::cost::{Parts, sum};
use crate::report::{Report, Row};
use crate::stage::{self, Stage};
use crate::{floor, limit, load};

/// At least this much of the limit (performance.md).
const AIM: f64 = 0.5;

/// Measures the limit, then the system, and how far the audit log is behind when the load ends.
pub(crate) async fn measure(
    stage: &Stage,
    duration: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
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
        duration,
        Parts::System(stage),
    )
    .await?;
    let recorded = stage.audited().await? - before;
    let behind = stage.until_audited().await?;
    let mut least = best.costs.clone();
    least.extend(floor::measure(stage, duration / 4).await?);
    let (limit, recorded_at_least) = (sum(&best.costs), sum(&least));
    report.costs("the limit of a token", best.costs);
    report.costs("a token", ours.costs);
    report.costs("the least that a recorded token costs", least);
    report.add(Row {
        what: "tokens, 32 connections".into(),
        measured: ours.per_second,
        limit: Some(best.per_second),
        unit: "1/s",
        ratio: Some(ours.per_second / best.per_second),
        aim: Some(AIM),
        p50_ms: Some(ours.p50_ms),
        p99_ms: Some(ours.p99_ms),
        note: format!(
            "limit p50 {:.2} p99 {:.2}; of {} answers and their warm-up {recorded} were in the audit log at once, all {:.1} s later; \
             with no other work than the least, the ratio would be {:.2}",
            best.p50_ms, best.p99_ms, ours.answers, behind.as_secs_f64(), limit / recorded_at_least
        ),
    });
    Ok(())
}
