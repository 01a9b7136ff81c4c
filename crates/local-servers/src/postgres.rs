//! A private PostgreSQL.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    error::{ServerError, no_space, tail},
    find::Provision,
    folder::{new_password, pid_file, running_pid, temporary},
    lifecycle::{Equipment, Kind, Lifecycle, Wanted},
    version::{Server, Version},
};

/// The superuser's name.
const SUPERUSER: &str = "mandate";

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
    lifecycle: Lifecycle<Cluster>,
    admin_url: String,
}

impl Postgres {
    /// Starts a server, making its data folder first if need be; returns once it accepts
    /// connections.
    pub async fn start(options: PostgresOptions) -> Result<Self, ServerError> {
        let PostgresOptions { data_dir, port, durable, ephemeral, settings, provision } = options;
        let wanted = Wanted { data_dir, port, ephemeral, provision };
        let lifecycle = Lifecycle::start(Cluster { durable, settings }, wanted).await?;
        let mut postgres = Self { lifecycle, admin_url: String::new() };
        postgres.note_url();
        Ok(postgres)
    }

    /// The port may have changed.
    fn note_url(&mut self) {
        let password = &self.lifecycle.with.remembered.passwords[SUPERUSER];
        self.admin_url =
            format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{}/postgres", self.port());
    }

    /// `postgres://…` of the superuser, to the database `postgres`.
    pub fn admin_url(&self) -> &str {
        &self.admin_url
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.lifecycle.with.port
    }

    /// The process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.lifecycle.pid()
    }

    /// The version that runs.
    pub fn version(&self) -> Version {
        self.lifecycle.version()
    }

    /// The server's log.
    pub fn log(&self) -> &Path {
        self.lifecycle.log()
    }

    /// Ends the server in order (a *fast* shutdown: transactions are rolled back, connections
    /// closed), and waits until it has.
    pub async fn stop(&mut self) -> Result<(), ServerError> {
        self.lifecycle.stop().await
    }

    /// Kills the server and all its processes at once, as a power cut would (short of losing
    /// what the operating system has yet to write); waits until they are gone.
    pub async fn kill(&mut self) -> Result<(), ServerError> {
        self.lifecycle.kill().await
    }

    /// Starts the server again after [`Postgres::stop`] or [`Postgres::kill`], on the same data
    /// and the same port. A server that still runs is stopped first.
    pub async fn start_again(&mut self) -> Result<(), ServerError> {
        self.lifecycle.start_again().await?;
        self.note_url();
        Ok(())
    }

    /// Starts the server again if it has ended unasked, with the same data and on the same port:
    /// whether it had.
    pub async fn start_if_ended(&mut self) -> Result<bool, ServerError> {
        self.lifecycle.start_if_ended().await
    }
}

/// What PostgreSQL has of its own among the servers.
#[derive(Debug)]
struct Cluster {
    durable: bool,
    settings: Vec<(String, String)>,
}

impl Kind for Cluster {
    const SERVER: Server = Server::Postgres;
    const STARTING: Duration = Duration::from_mins(3);
    const PORT_TAKEN: &'static str = "Address already in use";

    fn written_by(&self, folder: &Path) -> Result<Option<u32>, ServerError> {
        let file = folder.join("data/PG_VERSION");
        match fs::read_to_string(&file) {
            Ok(text) => Ok(text.trim().parse().ok()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ServerError::io("read", &file)(error)),
        }
    }

    fn prepare(&self, with: &mut Equipment, written_by: Option<u32>) -> Result<(), ServerError> {
        match written_by {
            Some(major) if with.programs.version.major != major => {
                let found = &with.programs;
                Err(ServerError::OtherMajorVersion {
                    folder: with.folder.path().to_owned(),
                    written_by: major,
                    available: format!("{} ({})", found.version, found.server.display()),
                })
            }
            Some(_) if !with.remembered.passwords.contains_key(SUPERUSER) => {
                Err(ServerError::CredentialsLost { file: with.folder.remembered_file() })
            }
            Some(_) => Ok(()),
            None => {
                let password = new_password()?;
                with.remembered.passwords.insert(SUPERUSER.to_owned(), password.clone());
                // Remembered first: data with a password that nobody knows would be lost.
                with.remember()?;
                initialise(with, &password, self.durable)
            }
        }
    }

    fn command(&mut self, with: &Equipment) -> Result<Command, ServerError> {
        let mut command = with.command(&with.programs.server);
        command.arg("-D").arg(with.folder.path().join("data"));
        let mut set = |name: &str, value: &str| {
            command.arg("-c").arg(format!("{name}={value}"));
        };
        set("listen_addresses", "127.0.0.1");
        set("port", &with.port.to_string());
        // Access by socket would depend on a folder that every account can write to.
        set("unix_socket_directories", "");
        set("logging_collector", "off");
        set("timezone", "UTC");
        set("log_timezone", "UTC");
        if !self.durable {
            for name in ["fsync", "synchronous_commit", "full_page_writes"] {
                set(name, "off");
            }
        }
        for (name, value) in &self.settings {
            set(name, value);
        }
        Ok(command)
    }

    /// The postmaster tells in the eighth line of its pid file whether it accepts connections.
    async fn is_ready(&self, with: &Equipment, pid: Option<u32>) -> bool {
        let file = pid_file(with.folder.path(), Server::Postgres);
        let status = fs::read_to_string(file).unwrap_or_default();
        let mut lines = status.lines();
        let owner = lines.next().and_then(|pid| pid.trim().parse().ok());
        owner == pid && lines.nth(6).map(str::trim) == Some("ready")
    }

    fn failure(&self, with: &Equipment, log: &str) -> Option<ServerError> {
        log.contains("lock file \"postmaster.pid\" already exists").then(|| {
            ServerError::AlreadyRunning {
                server: Server::Postgres,
                folder: with.folder.path().to_owned(),
                pid: running_pid(with.folder.path(), Server::Postgres),
            }
        })
    }
}

/// Makes a new cluster. It is made beside its place and moved there whole, so that an interrupted
/// attempt is not taken for data.
fn initialise(with: &Equipment, password: &str, durable: bool) -> Result<(), ServerError> {
    let Equipment { folder, user, programs, .. } = with;
    let unfinished = folder.path().join("data.new");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(ServerError::io("remove", &unfinished))?;
    }
    let password_file = folder.write_private("initdb.password", password.as_bytes(), user)?;
    let mut command = with.command(&programs.initdb());
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
    if let Some(error) = no_space(Server::Postgres, &said, &unfinished, &log) {
        return Err(error);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_shared_memory_is_told_apart_from_a_full_disk() {
        let (written, log) = (Path::new("/data/new"), Path::new("/data/log"));
        let told = |said: &str| no_space(Server::Postgres, said, written, log);
        let shared = "FATAL:  could not resize shared memory segment \"/PostgreSQL.1\" to 1048576 bytes: No space left \
                      on device\nPANIC:  cannot abort transaction 1";
        assert!(told(shared).unwrap().to_string().contains("/dev/shm"));
        let disk = "could not write to file \"pg_wal/1\": No space left on device";
        assert!(matches!(told(disk), Some(ServerError::DiskFull { .. })));
        assert!(told("could not resize shared memory segment: Permission denied").is_none());
    }
}
