//! Processes of the product, to be killed. Each ends at the latest with this program, however that
//! ends: a guard waits for our end of its standard input to close.

use std::fs::OpenOptions;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use stage::within;

/// How long a process may take to end when it is asked to.
const ENDING: Duration = Duration::from_secs(30);

/// How long it may take to say how it is.
const ANSWER: Duration = Duration::from_secs(5);

/// A running process.
#[derive(Debug)]
pub struct Process {
    child: Child,
    guard: Child,
    /// Where it serves: `http://host:port`.
    pub address: String,
    /// Where it tells health in detail.
    pub admin_address: String,
}

/// Below those that the system gives to whoever asks for any, or connects: from 32,768 on.
const PORTS: std::ops::Range<u32> = 20_000..32_000;

/// A port that is free, and that nobody gets until whoever asked listens there: not by chance, and not from here.
///
/// # Errors
/// When there is none.
pub fn free_port() -> anyhow::Result<u16> {
    // Elsewhere than another run beside this one, if there is one.
    static NEXT: LazyLock<AtomicU32> =
        LazyLock::new(|| AtomicU32::new(std::process::id().wrapping_mul(257)));
    for _ in PORTS {
        let next = NEXT.fetch_add(1, Ordering::Relaxed) % (PORTS.end - PORTS.start);
        let port = u16::try_from(PORTS.start + next)?;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port is free from {} to {}", PORTS.start, PORTS.end)
}

impl Process {
    /// Starts a command that serves on an address of its own. What it says is added to the log.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let (port, admin_port) = (free_port()?, free_port()?);
        let log = OpenOptions::new().create(true).append(true).open(log)?;
        let child = command
            .arg("--listen")
            .arg(format!("127.0.0.1:{port}"))
            .env("MANDATE_HTTP__ADMIN_LISTEN", format!("127.0.0.1:{admin_port}"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{command:?}"))?;
        let guard = Command::new("sh")
            .args(["-c", r#"read -r _; kill -KILL "$0" 2>/dev/null"#])
            .arg(child.id().to_string())
            .stdin(Stdio::piped())
            .spawn()?;
        let address = |port| format!("http://127.0.0.1:{port}");
        Ok(Self { child, guard, address: address(port), admin_address: address(admin_port) })
    }

    /// Whether it runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Whether it says that it is ready.
    ///
    /// # Errors
    /// Why it is not.
    pub(crate) async fn ready(&self, http: &reqwest::Client) -> Result<(), String> {
        let url = format!("{}/readyz", self.admin_address);
        let answer = http.get(&url).timeout(ANSWER).send().await;
        let answer = answer.map_err(|error| format!("{url}: {error:?}"))?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(format!("{url}: {}", failing(&answer.text().await.unwrap_or_default())))
    }

    /// Kills it, as a power cut would.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// When it does not end in time, or not well.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?);
        kill(pid, Signal::SIGTERM)?;
        let status = within(ENDING, "the end of a process", async || {
            let status = self.child.try_wait().map_err(|error| error.to_string())?;
            status.ok_or_else(|| "it still runs".to_owned())
        })
        .await?;
        // One that has only just started ends by the signal itself.
        let ended = status.success() || status.signal() == Some(Signal::SIGTERM as i32);
        ensure!(ended, "{} ended with {status}", self.address);
        Ok(())
    }
}

/// The failing checks of an answer of `/readyz`.
fn failing(answer: &str) -> String {
    let readiness: Result<service::health::Readiness, _> = serde_json::from_str(answer);
    match readiness {
        Ok(readiness) => {
            let failing = readiness.checks.into_iter().filter(|(_, check)| !check.ok);
            let told = failing
                .map(|(name, check)| format!("{name}: {}", check.reason.unwrap_or_default()));
            told.collect::<Vec<_>>().join("; ")
        }
        Err(_) => answer.to_owned(),
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The guard first: the process id may be another's as soon as the process was waited for.
        for child in [&mut self.guard, &mut self.child] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
