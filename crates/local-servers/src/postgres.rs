//! A private PostgreSQL.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep};

use crate::{
    error::{ServerError, tail},
    find::{Programs, Provision, provide},
    folder::{DataFolder, Remembered, new_password, pid_file, running_pid, temporary},
    port, process,
    supervised::{POLL, Supervised, blocking},
    user::ServerUser,
    version::{Server, Version},
};

/// The superuser's name.
const SUPERUSER: &str = "mandate";
/// How long it may take until connections are accepted; recovery after a crash counts in.
const STARTING: Duration = Duration::from_mins(3);
/// How long a server that lost its owner may take to end before its folder counts as in use.
const SETTLING: Duration = Duration::from_secs(10);
/// How often a port that is taken under our hands is chosen anew.
const PORT_ATTEMPTS: u32 = 5;

/// What kind of PostgreSQL to start.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// The folder for data, log and password; made if it is not there.
    pub data_dir: PathBuf,
    /// The port on 127.0.0.1; `None` for the one used last, else a free one.
    pub port: Option<u16>,
    /// Whether commits must survive a power cut. `false` trades that for speed.
    pub durable: bool,
    /// Whether the folder is deleted in the end, however the end comes.
    pub ephemeral: bool,
    /// Further settings, such as `("max_connections", "300")`.
    pub settings: Vec<(String, String)>,
    /// Where the programs come from.
    pub provision: Provision,
}

impl PostgresOptions {
    /// A durable server that keeps its data in `data_dir`.
    pub fn in_folder(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            port: None,
            durable: true,
            ephemeral: false,
            settings: Vec::new(),
            provision: Provision::from_environment(Server::Postgres),
        }
    }

    /// A fast server in a temporary folder, of which nothing stays.
    pub fn throwaway() -> Result<Self, ServerError> {
        Ok(Self { durable: false, ephemeral: true, ..Self::in_folder(temporary("postgres")?) })
    }

    /// Adds a setting.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A PostgreSQL that runs for as long as this value lives, at most.
#[derive(Debug)]
pub struct Postgres {
    // Dropped in this order: the process is told to end before the folder is let go of.
    supervised: Supervised,
    folder: DataFolder,
    user: ServerUser,
    programs: Programs,
    options: PostgresOptions,
    port: u16,
    remembered: Remembered,
    admin_url: String,
}

impl Postgres {
    /// Starts a server, making its data folder first if need be; returns once it accepts
    /// connections.
    pub async fn start(options: PostgresOptions) -> Result<Self, ServerError> {
        let mut postgres = blocking(move || Self::prepare(options)).await?;
        postgres.run().await?;
        Ok(postgres)
    }

    /// Everything up to the server itself: account, folder, programs, `initdb`.
    fn prepare(options: PostgresOptions) -> Result<Self, ServerError> {
        let user = ServerUser::choose()?;
        let folder = DataFolder::claim(&options.data_dir, &user, Server::Postgres)?;
        let supervised = Supervised::new(Server::Postgres, &folder, options.ephemeral)?;
        let mut remembered = folder.recall()?;
        let written_by = major_version(folder.path())?;
        let programs = provide(Server::Postgres, &options.provision, written_by, &user)?;
        match written_by {
            Some(major) if programs.version.major != major => {
                return Err(ServerError::OtherMajorVersion {
                    folder: folder.path().to_owned(),
                    written_by: major,
                    available: format!("{} ({})", programs.version, programs.server.display()),
                });
            }
            Some(_) if !remembered.passwords.contains_key(SUPERUSER) => {
                return Err(ServerError::CredentialsLost { file: folder.remembered_file() });
            }
            Some(_) => wait_for_predecessor(folder.path())?,
            None => {
                let password = new_password()?;
                remembered.passwords.insert(SUPERUSER.to_owned(), password.clone());
                // Remembered first: data with a password that nobody knows would be lost.
                folder.remember(&remembered, &user)?;
                initialise(&folder, &user, &programs, &password, options.durable)?;
            }
        }
        Ok(Self {
            supervised,
            folder,
            user,
            programs,
            options,
            port: 0,
            remembered,
            admin_url: String::new(),
        })
    }

    /// Starts the process on a port that is free, and waits until it is ready.
    async fn run(&mut self) -> Result<(), ServerError> {
        for _ in 1..PORT_ATTEMPTS {
            match self.run_once().await {
                // Between choosing the port and listening on it, someone else took it.
                Err(ServerError::PortTaken { .. }) if self.options.port.is_none() => {}
                result => return result,
            }
        }
        self.run_once().await
    }

    async fn run_once(&mut self) -> Result<(), ServerError> {
        self.port = port::choose(Server::Postgres, self.options.port, self.remembered.port)?;
        let command = self.command();
        self.supervised.spawn(command)?;
        self.wait_ready().await?;
        self.remembered.port = Some(self.port);
        self.folder.remember(&self.remembered, &self.user)?;
        let password = &self.remembered.passwords[SUPERUSER];
        self.admin_url =
            format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{}/postgres", self.port);
        Ok(())
    }

    fn command(&self) -> Command {
        let mut command =
            Supervised::command(&self.programs.server, &self.user, self.folder.path());
        command.arg("-D").arg(self.folder.path().join("data"));
        let mut set = |name: &str, value: &str| {
            command.arg("-c").arg(format!("{name}={value}"));
        };
        set("listen_addresses", "127.0.0.1");
        set("port", &self.port.to_string());
        // Access by socket would depend on a folder that every account can write to.
        set("unix_socket_directories", "");
        set("logging_collector", "off");
        set("timezone", "UTC");
        set("log_timezone", "UTC");
        if !self.options.durable {
            for name in ["fsync", "synchronous_commit", "full_page_writes"] {
                set(name, "off");
            }
        }
        for (name, value) in &self.options.settings {
            set(name, value);
        }
        command
    }

    /// The postmaster tells in the eighth line of its pid file whether it accepts connections.
    async fn wait_ready(&mut self) -> Result<(), ServerError> {
        let pid_file = pid_file(self.folder.path(), Server::Postgres);
        let deadline = Instant::now() + STARTING;
        loop {
            if self.supervised.ended()?.is_some() {
                return Err(self.explain_failure());
            }
            let status = fs::read_to_string(&pid_file).unwrap_or_default();
            let mut lines = status.lines();
            let owner = lines.next().and_then(|pid| pid.trim().parse().ok());
            if owner == self.supervised.pid() && lines.nth(6).map(str::trim) == Some("ready") {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(ServerError::TooSlow {
                    server: Server::Postgres,
                    awaited: "ready",
                    seconds: STARTING.as_secs(),
                    log: self.supervised.log().to_owned(),
                });
            }
            sleep(POLL).await;
        }
    }

    fn explain_failure(&self) -> ServerError {
        let output = self.supervised.output();
        if output.contains("Address already in use") {
            return ServerError::PortTaken { server: Server::Postgres, port: self.port };
        }
        if output.contains("lock file \"postmaster.pid\" already exists") {
            return ServerError::AlreadyRunning {
                server: Server::Postgres,
                folder: self.folder.path().to_owned(),
                pid: running_pid(self.folder.path(), Server::Postgres),
            };
        }
        self.supervised.failure()
    }

    /// `postgres://…` of the superuser, to the database `postgres`.
    pub fn admin_url(&self) -> &str {
        &self.admin_url
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.supervised.pid()
    }

    /// The version that runs.
    pub fn version(&self) -> Version {
        self.programs.version
    }

    /// The server's log.
    pub fn log(&self) -> &Path {
        self.supervised.log()
    }

    /// Ends the server in order (a *fast* shutdown: transactions are rolled back, connections
    /// closed), and waits until it has.
    pub async fn stop(&mut self) -> Result<(), ServerError> {
        self.supervised.stop(Signal::SIGINT).await
    }

    /// Kills the server and all its processes at once, as a power cut would (short of losing
    /// what the operating system has yet to write); waits until they are gone.
    pub async fn kill(&mut self) -> Result<(), ServerError> {
        self.supervised.kill().await
    }

    /// Starts the server again after [`Postgres::stop`] or [`Postgres::kill`], on the same data
    /// and the same port. A server that still runs is stopped first.
    pub async fn start_again(&mut self) -> Result<(), ServerError> {
        self.stop().await?;
        self.run().await
    }

    /// Starts the server again if it has ended unasked, with the same data and on the same port: whether
    /// it had.
    pub async fn start_if_ended(&mut self) -> Result<bool, ServerError> {
        if self.supervised.is_running()? {
            return Ok(false);
        }
        // Whoever uses it knows it by its port.
        self.options.port = Some(self.port);
        self.run().await?;
        Ok(true)
    }
}

/// The major version that wrote the data, if there is any.
fn major_version(folder: &Path) -> Result<Option<u32>, ServerError> {
    let file = folder.join("data/PG_VERSION");
    match fs::read_to_string(&file) {
        Ok(text) => Ok(text.trim().parse().ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ServerError::io("read", &file)(error)),
    }
}

/// Waits for a server whose owner died: its watchdog is ending it, which takes a moment.
fn wait_for_predecessor(folder: &Path) -> Result<(), ServerError> {
    let deadline = std::time::Instant::now() + SETTLING;
    while let Some(pid) = running_pid(folder, Server::Postgres) {
        if !process::is_alive_as(pid, Server::Postgres.process_name()) {
            // Left by a kill. PostgreSQL would believe it if the number is another's by now.
            let stale = pid_file(folder, Server::Postgres);
            return match fs::remove_file(&stale) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(ServerError::io("remove", &stale)(error))
                }
                _ => Ok(()),
            };
        }
        if std::time::Instant::now() >= deadline {
            return Err(ServerError::AlreadyRunning {
                server: Server::Postgres,
                folder: folder.to_owned(),
                pid: Some(pid),
            });
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}

/// Makes a new cluster. It is made beside its place and moved there whole, so that an interrupted
/// attempt is not taken for data.
fn initialise(
    folder: &DataFolder,
    user: &ServerUser,
    programs: &Programs,
    password: &str,
    durable: bool,
) -> Result<(), ServerError> {
    let unfinished = folder.path().join("data.new");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(ServerError::io("remove", &unfinished))?;
    }
    let password_file = folder.write_private("initdb.password", password.as_bytes(), user)?;
    let mut command = Supervised::command(&programs.initdb(), user, folder.path());
    command
        .arg("--pgdata")
        .arg(&unfinished)
        .args(["--username", SUPERUSER, "--auth", "scram-sha-256"])
        .arg("--pwfile")
        .arg(&password_file)
        // The same order of text on every machine, byte by byte.
        .args(["--encoding", "UTF8", "--locale", "C"])
        .args(locale(programs.version.major));
    if !durable {
        command.arg("--no-sync");
    }
    let output =
        command.stdin(Stdio::null()).output().map_err(ServerError::io("run", programs.initdb()))?;
    fs::remove_file(&password_file).map_err(ServerError::io("remove", &password_file))?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let log = folder.write_private("initdb.log", said.as_bytes(), user)?;
    if output.status.success() {
        let place = folder.path().join("data");
        return fs::rename(&unfinished, &place).map_err(ServerError::io("make", &place));
    }
    if said.contains("No space left on device") {
        return Err(ServerError::DiskFull { path: unfinished });
    }
    Err(ServerError::Failed { server: Server::Postgres, log, tail: tail(&said) })
}

/// Letters of all languages are letters, wherever the server can tell without the machine's help.
fn locale(major: u32) -> &'static [&'static str] {
    if major >= 17 {
        &["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
    } else if cfg!(target_os = "linux") {
        &["--lc-ctype", "C.UTF-8"]
    } else {
        &["--lc-ctype", "en_US.UTF-8"]
    }
}
