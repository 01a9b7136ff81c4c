//! Tokens of the system as the README starts it: `mandate up`, one process with servers of its own, all of its
//! defaults but the rate limits. The load is not ours (`wrk`), nor is what stands beside it: npm's
//! oidc-provider, in one process and in memory, which keeps no record; and the limit, a bare handler.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use local_servers::testing::Node;
use serde_json::Value;
use tempfile::TempDir;

use crate::limit;
use crate::load::{CONNECTIONS, ROUNDS};
use crate::report::{Report, Row};
use crate::stage::{self, Server};
use crate::wrk::{Said, Wrk};

/// At least this much of the limit, and at most this long (performance.md).
const AIM: f64 = 0.35;

/// Measures the limit, oidc-provider and the system, in turn.
pub(crate) fn measure(seconds: u64, report: &mut Report) -> anyhow::Result<()> {
    let wrk = Wrk::provide()?;
    let lists = Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
    let javascript = Node::provide(&lists)?;
    let up = Up::start()?;
    let (mut limits, mut others, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let server = stage::limit_server()?;
        let asked = Asked::of(&server, "/oauth2/token", limit::CLIENT, limit::SECRET);
        limits.push(asked.measure(&wrk, seconds)?);
        drop(server);
        let mut command = javascript.command();
        command.arg(lists.join("oidc-provider.js")).args([limit::CLIENT, limit::SECRET]);
        let server = Server::start(command)?;
        let asked = Asked::of(&server, "/token", limit::CLIENT, limit::SECRET);
        others.push(asked.measure(&wrk, seconds)?);
        drop(server);
        let asked = Asked::of(&up.server, "/oauth2/token", &up.client_id, &up.client_secret);
        ours.push(asked.measure(&wrk, seconds)?);
    }
    up.stop()?;
    let (limit, other, ours) = (middle(limits), middle(others), middle(ours));
    let row = |what: &str, said: Said, aim, note| Row {
        what: format!("{what}, {CONNECTIONS} connections"),
        measured: said.per_second,
        limit: Some(limit.per_second),
        unit: "1/s",
        ratio: Some(said.per_second / limit.per_second),
        aim,
        p50_ms: Some(said.p50_ms),
        p99_ms: Some(said.p99_ms),
        note,
    };
    let times = ours.per_second / other.per_second;
    let note = format!("{times:.1} times oidc-provider; load: {}", wrk.origin());
    report.add(row("as users run it: tokens of `mandate up`", ours, Some(AIM), note));
    let note = "JWT access tokens, in memory, no record".to_owned();
    report.add(row("beside it: oidc-provider", other, None, note));
    let note = "the limit".to_owned();
    report.add(row("beside it: the bare handler", limit, None, note));
    Ok(())
}

/// Where a token is asked for, and as whom.
struct Asked {
    url: String,
    credentials: String,
}

impl Asked {
    fn of(server: &Server, path: &str, client: &str, secret: &str) -> Self {
        let url = format!("http://{}{path}", server.address);
        Self { url, credentials: STANDARD.encode(format!("{client}:{secret}")) }
    }

    /// After a fifth of the time to get warm.
    fn measure(&self, wrk: &Wrk, seconds: u64) -> anyhow::Result<Said> {
        wrk.tokens(&self.url, &self.credentials, CONNECTIONS, (seconds / 5).max(1))?;
        wrk.tokens(&self.url, &self.credentials, CONNECTIONS, (seconds / 2).max(1))
    }
}

/// The one in the middle, by its rate.
fn middle(mut rounds: Vec<Said>) -> Said {
    rounds.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    rounds[rounds.len() / 2]
}

/// `mandate up --demo` on a folder that is deleted afterwards.
struct Up {
    server: Server,
    client_id: String,
    client_secret: String,
    folder: TempDir,
}

impl Up {
    fn start() -> anyhow::Result<Self> {
        // Started by root, the servers run as somebody else, who must get into it.
        let everybodys = fs::Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().permissions(everybodys).tempdir()?;
        let mut command = Command::new(stage::program("mandate")?);
        command.envs(::stage::wide_limit_variables());
        command.args(["up", "--demo", "--listen", "127.0.0.1:0", "--data-dir"]).arg(folder.path());
        let server = Server::start(command)?;
        let demo: Value = serde_json::from_slice(&fs::read(folder.path().join("demo.json"))?)?;
        let of_app = |name: &str| {
            let value = demo["app"][name].as_str().map(str::to_owned);
            value.with_context(|| format!("demo.json has no app's {name}"))
        };
        let (client_id, client_secret) = (of_app("client_id")?, of_app("client_secret")?);
        Ok(Self { server, client_id, client_secret, folder })
    }

    /// In order, so that none of its servers is left.
    fn stop(self) -> anyhow::Result<()> {
        self.server.end()?;
        Ok(self.folder.close()?)
    }
}
