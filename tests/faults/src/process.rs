//! Processes of the product, to be killed. Each ends at the latest with this program, however that
//! ends: a guard waits for our end of its standard input to close.

use std::fs::OpenOptions;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use stage::within;

/// How long a process may take to end when it is asked to.
const ENDING: Duration = Duration::from_secs(30);

/// A running process.
#[derive(Debug)]
pub struct Process {
    child: Child,
    guard: Child,
    /// Where it serves: `http://host:port`.
    pub address: String,
}

/// A port that is free now.
///
/// # Errors
/// When there is none.
pub fn free_port() -> anyhow::Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    Ok(listener.local_addr()?.port())
}

impl Process {
    /// Starts a command that serves on an address of its own. What it says is added to the log.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let port = free_port()?;
        let log = OpenOptions::new().create(true).append(true).open(log)?;
        let child = command
            .arg("--listen")
            .arg(format!("127.0.0.1:{port}"))
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
        Ok(Self { child, guard, address: format!("http://127.0.0.1:{port}") })
    }

    /// Whether it runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
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

impl Drop for Process {
    fn drop(&mut self) {
        // The guard first: the process id may be another's as soon as the process was waited for.
        for child in [&mut self.guard, &mut self.child] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
