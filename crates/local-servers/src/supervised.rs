//! One server process with its watchdog: start, stop, kill, and the end of both.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep};

use crate::{
    error::{ServerError, no_space, tail},
    folder::DataFolder,
    process,
    user::ServerUser,
    version::Server,
    watchdog::Watchdog,
};

/// How often a condition is looked at again.
pub(crate) const POLL: Duration = Duration::from_millis(10);
/// How long a server may take to end once asked.
const STOPPING: Duration = Duration::from_mins(1);
/// From this size on, a log is moved aside at the next start.
const LOG_LIMIT: u64 = 16 * 1024 * 1024;
/// Variables a server may need to find its libraries. Nothing else of the caller's environment
/// reaches it: there may be secrets in it.
const PASSED_ON: [&str; 4] = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZDIR"];

/// Runs what blocks (downloads, `initdb`) away from the runtime's threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ServerError> + Send + 'static,
) -> Result<T, ServerError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ServerError::Interrupted)?
}

/// A server's process, at most one at a time.
#[derive(Debug)]
pub(crate) struct Supervised {
    server: Server,
    log: PathBuf,
    /// Where the log of the present process begins: older lines are another's.
    log_start: u64,
    child: Option<Child>,
    /// `None` only while being dropped.
    watchdog: Option<Watchdog>,
}

impl Supervised {
    /// Prepares to run a server on `folder`. The watchdog deletes the folder in the end if it is
    /// `ephemeral`.
    pub(crate) fn new(
        server: Server,
        folder: &DataFolder,
        ephemeral: bool,
    ) -> Result<Self, ServerError> {
        let delete = ephemeral.then(|| folder.path());
        Ok(Self {
            server,
            log: folder.path().join("server.log"),
            log_start: 0,
            child: None,
            watchdog: Some(Watchdog::start(server.stop_signal(), delete)?),
        })
    }

    /// A command that runs `program` as `user`, away from the caller's terminal and environment.
    pub(crate) fn command(program: &Path, user: &ServerUser, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).env_clear().process_group(0);
        for name in PASSED_ON {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("LC_ALL", "C");
        user.apply(&mut command);
        command
    }

    /// Starts the process; its output goes to the log.
    pub(crate) fn spawn(&mut self, mut command: Command) -> Result<(), ServerError> {
        let log = self.open_log()?;
        let errors = log.try_clone().map_err(ServerError::io("open", &self.log))?;
        let program = PathBuf::from(command.get_program());
        let child = command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(ServerError::io("run", program))?;
        if let Some(watchdog) = &mut self.watchdog {
            watchdog.watch(child.id());
        }
        self.child = Some(child);
        Ok(())
    }

    fn open_log(&mut self) -> Result<File, ServerError> {
        let size = fs::metadata(&self.log).map_or(0, |metadata| metadata.len());
        if size > LOG_LIMIT {
            let aside = self.log.with_extension("log.1");
            fs::rename(&self.log, &aside).map_err(ServerError::io("move", &self.log))?;
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(ServerError::io("open", &self.log))?;
        self.log_start = file.metadata().map_err(ServerError::io("read", &self.log))?.len();
        Ok(file)
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Whether a process is there, also when it ended unasked.
    pub(crate) fn is_running(&mut self) -> Result<bool, ServerError> {
        self.ended()?;
        Ok(self.child.is_some())
    }

    /// Whether the process has ended by itself, and how.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>, ServerError> {
        let Some(child) = &mut self.child else {
            return Ok(None);
        };
        let status =
            child.try_wait().map_err(ServerError::io("wait for the server of", &self.log))?;
        if status.is_some() {
            self.let_go_of_child();
        }
        Ok(status)
    }

    /// What the present process has written to the log so far.
    pub(crate) fn output(&self) -> String {
        let mut text = Vec::new();
        let read = File::open(&self.log).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.log_start))?;
            file.read_to_end(&mut text)
        });
        match read {
            Ok(_) => String::from_utf8_lossy(&text).into_owned(),
            Err(error) => format!("(the log cannot be read: {error})"),
        }
    }

    /// Why the process, which has ended, did not get ready.
    pub(crate) fn failure(&self) -> ServerError {
        let output = self.output();
        no_space(self.server, &output, &self.log, &self.log).unwrap_or_else(|| {
            ServerError::Failed { server: self.server, log: self.log.clone(), tail: tail(&output) }
        })
    }

    /// Asks the process to end, and waits until it has. One that does not end in a minute is
    /// killed.
    pub(crate) async fn stop(&mut self) -> Result<(), ServerError> {
        let Some(pid) = self.pid() else {
            return Ok(());
        };
        process::signal(pid, self.server.stop_signal());
        if self.wait_ended(STOPPING).await? {
            return Ok(());
        }
        tracing::warn!(server = %self.server, "did not end when asked; killing it");
        self.kill().await
    }

    /// Kills the process and everything it has started, at once, as a power cut would; waits
    /// until all are gone.
    pub(crate) async fn kill(&mut self) -> Result<(), ServerError> {
        let Some(pid) = self.pid() else {
            return Ok(());
        };
        // Stopped first, so that it starts no further children while they are being counted.
        process::signal(pid, Signal::SIGSTOP);
        let children = process::children_of(pid);
        for child in &children {
            process::signal(*child, Signal::SIGKILL);
        }
        process::signal(pid, Signal::SIGKILL);
        let deadline = Instant::now() + STOPPING;
        let ended = self.wait_ended(STOPPING).await?;
        while children.iter().any(|child| process::is_alive(*child)) && Instant::now() < deadline {
            sleep(POLL).await;
        }
        if ended && Instant::now() < deadline {
            Ok(())
        } else {
            Err(ServerError::TooSlow {
                server: self.server,
                awaited: "gone",
                seconds: STOPPING.as_secs(),
                log: self.log.clone(),
            })
        }
    }

    async fn wait_ended(&mut self, patience: Duration) -> Result<bool, ServerError> {
        let deadline = Instant::now() + patience;
        while self.child.is_some() && self.ended()?.is_none() {
            if Instant::now() >= deadline {
                return Ok(false);
            }
            sleep(POLL).await;
        }
        Ok(true)
    }

    fn let_go_of_child(&mut self) {
        self.child = None;
        if let Some(watchdog) = &mut self.watchdog {
            watchdog.forget();
        }
    }
}

impl Drop for Supervised {
    /// Leaves the ending to the watchdog, and collects both processes in the background: a
    /// destructor must not wait for a shutdown.
    fn drop(&mut self) {
        let companion = self.watchdog.take().map(Watchdog::let_go);
        let child = self.child.take();
        let collect = move || {
            for mut process in [child, companion].into_iter().flatten() {
                if let Err(error) = process.wait() {
                    tracing::warn!(%error, "cannot collect a server process");
                }
            }
        };
        if let Err(error) = thread::Builder::new().name("server-ending".into()).spawn(collect) {
            tracing::warn!(%error, "server processes stay uncollected");
        }
    }
}
