//! The life of a server process: folder and programs, port, start, readiness, restart, stop. What
//! differs from server to server is said by its [`Kind`].

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use tokio::time::{Instant, sleep};

use crate::{
    error::ServerError,
    find::{Programs, Provision, provide},
    folder::{DataFolder, Remembered, pid_file, running_pid},
    port, process,
    supervised::{POLL, Supervised, blocking},
    user::ServerUser,
    version::{Server, Version},
};

/// How long a server that lost its owner may take to end before its folder counts as in use.
const SETTLING: Duration = Duration::from_secs(10);
/// How often a port that is taken under our hands is chosen anew.
const PORT_ATTEMPTS: u32 = 5;

/// What is asked for whichever server it is.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// The folder of its data.
    pub(crate) data_dir: PathBuf,
    /// The port on 127.0.0.1, if it must be this one.
    pub(crate) port: Option<u16>,
    /// Whether the folder is deleted in the end, however the end comes.
    pub(crate) ephemeral: bool,
    /// Where the programs come from.
    pub(crate) provision: Provision,
}

/// What a server has to run with.
#[derive(Debug)]
pub(crate) struct Equipment {
    pub(crate) folder: DataFolder,
    pub(crate) user: ServerUser,
    pub(crate) programs: Programs,
    pub(crate) remembered: Remembered,
    /// The port of the present start.
    pub(crate) port: u16,
}

/// One of the two servers, in what it has of its own.
pub(crate) trait Kind: Send + 'static {
    /// Which one it is.
    const SERVER: Server;
    /// How long it may take until connections are accepted; recovery after a crash counts in.
    const STARTING: Duration;
    /// What its log says when the port is taken.
    const PORT_TAKEN: &'static str;

    /// The major version that the data demands, if there is data that demands one.
    fn written_by(&self, folder: &Path) -> Result<Option<u32>, ServerError>;

    /// Makes what the first start needs, and remembers the passwords.
    fn prepare(&self, with: &mut Equipment, written_by: Option<u32>) -> Result<(), ServerError>;

    /// The command of one start, on the port that was chosen for it.
    fn command(&mut self, with: &Equipment) -> Result<Command, ServerError>;

    /// Whether the process with this id accepts connections.
    fn is_ready(&self, with: &Equipment, pid: Option<u32>) -> impl Future<Output = bool> + Send;

    /// A failure that its log tells of, besides those that both servers have.
    fn failure(&self, with: &Equipment, log: &str) -> Option<ServerError>;
}

/// A server that runs for as long as this value lives, at most.
#[derive(Debug)]
pub(crate) struct Lifecycle<K> {
    // Dropped in this order: the process is told to end before the folder is let go of.
    supervised: Supervised,
    pub(crate) with: Equipment,
    pub(crate) kind: K,
    asked_port: Option<u16>,
}

impl<K: Kind> Lifecycle<K> {
    /// Starts a server; returns once it accepts connections.
    pub(crate) async fn start(kind: K, wanted: Wanted) -> Result<Self, ServerError> {
        let mut started = blocking(move || Self::prepare(kind, &wanted)).await?;
        started.run().await?;
        Ok(started)
    }

    /// Everything up to the server itself: account, folder, programs, first data.
    fn prepare(kind: K, wanted: &Wanted) -> Result<Self, ServerError> {
        let user = ServerUser::choose()?;
        let folder = DataFolder::claim(&wanted.data_dir, &user, K::SERVER)?;
        let supervised = Supervised::new(K::SERVER, &folder, wanted.ephemeral)?;
        let remembered = folder.recall()?;
        let written_by = kind.written_by(folder.path())?;
        let programs = provide(K::SERVER, &wanted.provision, written_by, &user)?;
        let mut with = Equipment { folder, user, programs, remembered, port: 0 };
        kind.prepare(&mut with, written_by)?;
        wait_for_predecessor(with.folder.path(), K::SERVER)?;
        Ok(Self { supervised, with, kind, asked_port: wanted.port })
    }

    /// Starts the process on a port that is free, and waits until it is ready.
    pub(crate) async fn run(&mut self) -> Result<(), ServerError> {
        for _ in 1..PORT_ATTEMPTS {
            match self.run_once().await {
                // Between choosing the port and listening on it, someone else took it.
                Err(ServerError::PortTaken { .. }) if self.asked_port.is_none() => {}
                result => return result,
            }
        }
        self.run_once().await
    }

    async fn run_once(&mut self) -> Result<(), ServerError> {
        self.with.port = port::choose(K::SERVER, self.asked_port, self.with.remembered.port)?;
        let command = self.kind.command(&self.with)?;
        self.supervised.spawn(command)?;
        self.wait_ready().await?;
        self.with.remembered.port = Some(self.with.port);
        self.with.remember()
    }

    async fn wait_ready(&mut self) -> Result<(), ServerError> {
        let deadline = Instant::now() + K::STARTING;
        loop {
            if self.supervised.ended()?.is_some() {
                return Err(self.explain_failure());
            }
            if self.kind.is_ready(&self.with, self.supervised.pid()).await {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(ServerError::TooSlow {
                    server: K::SERVER,
                    awaited: "ready",
                    seconds: K::STARTING.as_secs(),
                    log: self.supervised.log().to_owned(),
                });
            }
            sleep(POLL).await;
        }
    }

    fn explain_failure(&self) -> ServerError {
        let log = self.supervised.output();
        if log.contains(K::PORT_TAKEN) {
            return ServerError::PortTaken { server: K::SERVER, port: self.with.port };
        }
        self.kind.failure(&self.with, &log).unwrap_or_else(|| self.supervised.failure())
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.supervised.pid()
    }

    pub(crate) fn version(&self) -> Version {
        self.with.programs.version
    }

    pub(crate) fn log(&self) -> &Path {
        self.supervised.log()
    }

    pub(crate) async fn stop(&mut self) -> Result<(), ServerError> {
        self.supervised.stop().await
    }

    pub(crate) async fn kill(&mut self) -> Result<(), ServerError> {
        self.supervised.kill().await
    }

    /// Starts the server again on the same data. A server that still runs is stopped first.
    pub(crate) async fn start_again(&mut self) -> Result<(), ServerError> {
        self.stop().await?;
        self.run().await
    }

    /// Stops the server in order and starts it again, on the same port: whoever uses it knows it by that.
    pub(crate) async fn restart(&mut self) -> Result<(), ServerError> {
        self.stop().await?;
        self.asked_port = Some(self.with.port);
        self.run().await
    }

    /// Starts the server again if it has ended unasked: whether it had.
    pub(crate) async fn start_if_ended(&mut self) -> Result<bool, ServerError> {
        if self.supervised.is_running()? {
            return Ok(false);
        }
        // Whoever uses it knows it by its port.
        self.asked_port = Some(self.with.port);
        self.run().await?;
        Ok(true)
    }
}

impl Equipment {
    /// Writes down what must survive a restart.
    pub(crate) fn remember(&self) -> Result<(), ServerError> {
        self.folder.remember(&self.remembered, &self.user)
    }

    /// A command that runs `program` as the server's account, in its folder.
    pub(crate) fn command(&self, program: &Path) -> Command {
        Supervised::command(program, &self.user, self.folder.path())
    }
}

/// Waits for a server whose owner died: its watchdog is ending it, which takes a moment.
fn wait_for_predecessor(folder: &Path, server: Server) -> Result<(), ServerError> {
    let deadline = std::time::Instant::now() + SETTLING;
    while let Some(pid) = running_pid(folder, server) {
        if !process::is_alive_as(pid, server.process_name()) {
            // Left by a kill. PostgreSQL would believe it if the number is another's by now.
            let stale = pid_file(folder, server);
            return match fs::remove_file(&stale) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(ServerError::io("remove", &stale)(error))
                }
                _ => Ok(()),
            };
        }
        if std::time::Instant::now() >= deadline {
            let folder = folder.to_owned();
            return Err(ServerError::AlreadyRunning { server, folder, pid: Some(pid) });
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}
