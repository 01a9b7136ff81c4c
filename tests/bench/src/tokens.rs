//! Tokens per second, each with an event that is durable before the answer leaves.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::cost::Parts;
use crate::least::Rung;
use crate::load::{Outcome, ROUNDS};
use crate::report::{Report, Row};
use crate::stage::{self, Server, Stage};
use crate::{limit, load};

/// At least this much of the limit (performance.md).
const AIM: f64 = 0.5;

/// So many more show what there would be without waiting: with few connections a token waits for the
/// commit before its own while processors are idle.
const MANY: usize = 256;

/// Measures the limit, the system, and the least that a record costs, in turn; then the first two again
/// with many more connections.
pub(crate) async fn measure(
    stage: &Stage,
    duration: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut taken = Taken::default();
    let mut least: Vec<Vec<Outcome>> = vec![Vec::new(); Rung::ALL.len()];
    for _ in 0..ROUNDS {
        taken.round(stage, load::CONNECTIONS, duration / 2).await?;
        for (rung, rounds) in Rung::ALL.into_iter().zip(&mut least) {
            let server = stage.least_server(rung).await?;
            let parts = Parts::Instead(stage, &server);
            rounds.push(load_limit(&server, load::CONNECTIONS, duration / 2, parts).await?);
        }
    }
    let (best, ours, note) = taken.middle()?;
    report.add(row(load::CONNECTIONS, &best, &ours, Some(AIM), note));
    for (rung, rounds) in Rung::ALL.into_iter().zip(least) {
        let least = load::middle(rounds)?;
        report.add(Row {
            what: format!("… the least: + {}", rung.adds()),
            ..row(load::CONNECTIONS, &best, &least, None, String::new())
        });
        report.costs(&format!("the least: + {}", rung.adds()), least.costs);
    }
    report.costs("the limit of a token", best.costs);
    report.costs("a token", ours.costs);

    let mut taken = Taken::default();
    for _ in 0..ROUNDS {
        taken.round(stage, MANY, duration / 2).await?;
    }
    let (best, ours, note) = taken.middle()?;
    report.add(row(MANY, &best, &ours, None, note));
    report.costs(&format!("a token, {MANY} connections"), ours.costs);
    Ok(())
}

/// Rounds of the limit and the system.
#[derive(Default)]
struct Taken {
    best: Vec<Outcome>,
    ours: Vec<Outcome>,
    /// How long the audit log took to have all, at most.
    behind: Duration,
}

impl Taken {
    async fn round(
        &mut self,
        stage: &Stage,
        connections: usize,
        duration: Duration,
    ) -> anyhow::Result<()> {
        stage.settle().await?;
        let server = stage::limit_server()?;
        let best = load_limit(&server, connections, duration, Parts::Server(&server)).await?;
        drop(server);
        self.best.push(best);
        let request = request(&stage.client_id, &stage.client_secret);
        let parts = Parts::System(stage);
        let ours = load::run(&stage.address, &request, 200, connections, duration, parts).await?;
        self.ours.push(ours);
        self.behind = self.behind.max(stage.until_audited().await?);
        Ok(())
    }

    /// The limit and the system in the middle, and what stands out.
    fn middle(self) -> anyhow::Result<(Outcome, Outcome, String)> {
        let answers: usize = self.ours.iter().map(|ours| ours.answers).sum();
        let (best, ours) = (load::middle(self.best)?, load::middle(self.ours)?);
        let note = format!(
            "limit p50 {:.2} p99 {:.2}; {answers} tokens, all in the audit log at most {:.1} s after the load",
            best.p50_ms,
            best.p99_ms,
            self.behind.as_secs_f64(),
        );
        Ok((best, ours, note))
    }
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

/// The request for a token.
pub(crate) fn request(client: &str, secret: &str) -> Vec<u8> {
    let basic = format!("Basic {}", STANDARD.encode(format!("{client}:{secret}")));
    let headers =
        [("authorization", basic.as_str()), ("content-type", "application/x-www-form-urlencoded")];
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
