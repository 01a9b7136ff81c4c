//! A private nats-server with JetStream.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use nix::sys::signal::Signal;
use tokio::{
    io::AsyncReadExt as _,
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use crate::{
    error::ServerError,
    find::{Programs, Provision, provide},
    folder::{
        DataFolder, Remembered, new_password, pid_file, running_pid, temporary, unique_suffix,
    },
    nats_config::NatsConfig,
    nats_user::{NatsGuest, NatsUser, check_guest, check_user},
    port, process,
    supervised::{POLL, Supervised, blocking},
    user::ServerUser,
    version::{Server, Version},
};

/// How long it may take until connections are accepted; reading large streams back counts in.
const STARTING: Duration = Duration::from_mins(2);
/// How long a server that lost its owner may take to end before its folder counts as in use.
const SETTLING: Duration = Duration::from_secs(10);
/// How long one look at the port may take.
const GREETING: Duration = Duration::from_secs(1);
/// How often a port that is taken under our hands is chosen anew.
const PORT_ATTEMPTS: u32 = 5;
/// How often the server is told to read its configuration for one change of guests. At the first
/// time a new account's imports do not work yet (seen with 2.15): they do from the second on. One
/// more, because two signals that come too close are one.
const RELOADS: u32 = 3;
/// What JetStream may keep on disk: 16 GiB.
const MAX_FILE_STORE: u64 = 16 << 30;

/// What kind of nats-server to start.
#[derive(Debug, Clone)]
pub struct NatsOptions {
    /// The folder for streams, configuration, log and passwords; made if it is not there.
    pub data_dir: PathBuf,
    /// The port on 127.0.0.1; `None` for the one used last, else a free one.
    pub port: Option<u16>,
    /// Who may connect. Nobody else may.
    pub users: Vec<NatsUser>,
    /// Who else may, until [`Nats::admit`] says otherwise.
    pub guests: Vec<NatsGuest>,
    /// Subjects to which guests may be allowed to send requests. The same for as long as the server
    /// runs: it takes guests up when its configuration is read again, but not exports.
    pub exports: Vec<String>,
    /// The server's name. In a cluster it must stay the same over restarts, because it is how the
    /// others know the server; alone it is best left out, for a new one each time.
    pub server_name: Option<String>,
    /// Bytes that JetStream may keep on disk.
    pub max_file_store: u64,
    /// Text to append to the configuration file.
    pub extra_config: Option<String>,
    /// Whether the folder is deleted in the end, however the end comes.
    pub ephemeral: bool,
    /// Where the program comes from.
    pub provision: Provision,
}

impl NatsOptions {
    /// A server for these users that keeps its streams in `data_dir`.
    pub fn in_folder(data_dir: impl Into<PathBuf>, users: Vec<NatsUser>) -> Self {
        Self {
            data_dir: data_dir.into(),
            port: None,
            users,
            guests: Vec::new(),
            exports: Vec::new(),
            server_name: None,
            max_file_store: MAX_FILE_STORE,
            extra_config: None,
            ephemeral: false,
            provision: Provision::from_environment(Server::Nats),
        }
    }

    /// A server in a temporary folder, of which nothing stays.
    pub fn throwaway(users: Vec<NatsUser>) -> Result<Self, ServerError> {
        Ok(Self { ephemeral: true, ..Self::in_folder(temporary("nats")?, users) })
    }
}

/// A nats-server that runs for as long as this value lives, at most.
#[derive(Debug)]
pub struct Nats {
    // Dropped in this order: the process is told to end before the folder is let go of.
    supervised: Supervised,
    folder: DataFolder,
    user: ServerUser,
    programs: Programs,
    options: NatsOptions,
    port: u16,
    /// The name of this start, by which the server is told from whoever else may listen.
    server_name: String,
    /// How often it is yet to be told to read its configuration again.
    reloads: u32,
    remembered: Remembered,
}

impl Nats {
    /// Starts a server; returns once it accepts connections.
    pub async fn start(options: NatsOptions) -> Result<Self, ServerError> {
        let mut nats = blocking(move || Self::prepare(options)).await?;
        nats.run().await?;
        Ok(nats)
    }

    fn prepare(options: NatsOptions) -> Result<Self, ServerError> {
        options.users.iter().try_for_each(check_user)?;
        options.guests.iter().try_for_each(check_guest)?;
        let user = ServerUser::choose()?;
        let folder = DataFolder::claim(&options.data_dir, &user, Server::Nats)?;
        let supervised = Supervised::new(Server::Nats, &folder, options.ephemeral)?;
        let programs = provide(Server::Nats, &options.provision, None, &user)?;
        wait_for_predecessor(folder.path())?;
        let mut remembered = folder.recall()?;
        for NatsUser { name, password, .. } in &options.users {
            match password {
                Some(given) => {
                    remembered.passwords.insert(name.clone(), given.clone());
                }
                None if remembered.passwords.contains_key(name) => {}
                None => {
                    remembered.passwords.insert(name.clone(), new_password()?);
                }
            }
        }
        Ok(Self {
            supervised,
            folder,
            user,
            programs,
            options,
            port: 0,
            server_name: String::new(),
            reloads: 0,
            remembered,
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
        self.port = port::choose(Server::Nats, self.options.port, self.remembered.port)?;
        self.remembered.port = Some(self.port);
        self.folder.remember(&self.remembered, &self.user)?;
        let store = self.store();
        if !store.exists() {
            fs::create_dir(&store).map_err(ServerError::io("make the folder", &store))?;
            self.user.own(&store)?;
        }
        self.server_name = match &self.options.server_name {
            Some(name) => name.clone(),
            None => format!("mandate-{}", unique_suffix()?),
        };
        let file = self.write_config()?;
        let mut command =
            Supervised::command(&self.programs.server, &self.user, self.folder.path());
        command.arg("--config").arg(file);
        self.supervised.spawn(command)?;
        self.wait_ready().await
    }

    fn write_config(&self) -> Result<PathBuf, ServerError> {
        let config = NatsConfig {
            port: self.port,
            server_name: &self.server_name,
            pid_file: &pid_file(self.folder.path(), Server::Nats),
            store: &self.store(),
            max_file_store: self.options.max_file_store,
            users: &self.options.users,
            guests: &self.options.guests,
            exports: &self.options.exports,
            passwords: &self.remembered.passwords,
            extra: self.options.extra_config.as_deref(),
        };
        let text = config.render();
        self.folder.write_private("nats.conf", text.as_bytes(), &self.user)
    }

    /// It is ready when it greets by the name that it was given.
    async fn wait_ready(&mut self) -> Result<(), ServerError> {
        let deadline = Instant::now() + STARTING;
        loop {
            if self.supervised.ended()?.is_some() {
                return Err(self.explain_failure());
            }
            if greeting(self.port).await.is_some_and(|text| text.contains(&self.server_name)) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(ServerError::TooSlow {
                    server: Server::Nats,
                    awaited: "ready",
                    seconds: STARTING.as_secs(),
                    log: self.supervised.log().to_owned(),
                });
            }
            sleep(POLL).await;
        }
    }

    fn explain_failure(&self) -> ServerError {
        if self.supervised.output().contains("address already in use") {
            return ServerError::PortTaken { server: Server::Nats, port: self.port };
        }
        self.supervised.failure()
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("jetstream")
    }

    /// Lets these guests in and no others. A running server goes on for all who stay, and cuts the
    /// connections of those who may not any more. Call it again and again with the guests there
    /// should be, a little apart: the server takes more than one call to let a new guest in.
    pub fn admit(&mut self, guests: Vec<NatsGuest>) -> Result<(), ServerError> {
        if guests != self.options.guests {
            guests.iter().try_for_each(check_guest)?;
            let before = std::mem::replace(&mut self.options.guests, guests);
            if self.pid().is_some()
                && let Err(error) = self.write_config()
            {
                // Not let in: the next call with the same guests must not believe so.
                self.options.guests = before;
                return Err(error);
            }
            self.reloads = RELOADS;
        }
        if let Some(pid) = self.pid()
            && self.reloads > 0
        {
            self.reloads -= 1;
            process::signal(pid, Signal::SIGHUP);
        }
        Ok(())
    }

    /// `nats://user:password@127.0.0.1:port` of a user; `None` if there is no such user. The
    /// `nats` command line tool takes it as it is; async-nats 0.51 ignores the user and password
    /// in an address, so hand it [`Nats::password_of`] by `ConnectOptions` as well.
    pub fn url_for(&self, user: &str) -> Option<String> {
        let password = self.password_of(user)?;
        Some(format!("nats://{user}:{password}@127.0.0.1:{}", self.port))
    }

    /// The password of a user; `None` if there is no such user.
    pub fn password_of(&self, user: &str) -> Option<&str> {
        self.options.users.iter().find(|known| known.name == user)?;
        self.remembered.passwords.get(user).map(String::as_str)
    }

    /// `nats://127.0.0.1:port`, without a user.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
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

    /// Ends the server in order, and waits until it has ended.
    pub async fn stop(&mut self) -> Result<(), ServerError> {
        self.supervised.stop(Signal::SIGTERM).await
    }

    /// Kills the server, and waits until it is gone.
    pub async fn kill(&mut self) -> Result<(), ServerError> {
        self.supervised.kill().await
    }

    /// Starts the server again after [`Nats::stop`] or [`Nats::kill`], with the same streams and
    /// on the same port. A server that still runs is stopped first.
    pub async fn start_again(&mut self) -> Result<(), ServerError> {
        self.stop().await?;
        self.run().await
    }

    /// Starts the server again if it has ended unasked, with the same streams and on the same port: whether
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

    /// Kills the server, deletes every stream and consumer from the disk, and starts it again on
    /// the same port with the same users: NATS has lost everything.
    pub async fn wipe(&mut self) -> Result<(), ServerError> {
        self.kill().await?;
        let store = self.store();
        fs::remove_dir_all(&store).map_err(ServerError::io("delete", &store))?;
        self.run().await
    }
}

/// The first line that whoever listens on the port sends.
async fn greeting(port: u16) -> Option<String> {
    let read = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
        let mut text = Vec::new();
        let mut buffer = [0; 1024];
        while !text.contains(&b'\n') {
            let length = stream.read(&mut buffer).await.ok().filter(|n| *n > 0)?;
            text.extend_from_slice(&buffer[..length]);
        }
        String::from_utf8(text).ok()
    };
    timeout(GREETING, read).await.ok().flatten()
}

/// Waits for a server whose owner died: its watchdog is ending it, which takes a moment.
fn wait_for_predecessor(folder: &Path) -> Result<(), ServerError> {
    let deadline = std::time::Instant::now() + SETTLING;
    let living = || {
        running_pid(folder, Server::Nats)
            .filter(|pid| process::is_alive_as(*pid, Server::Nats.process_name()))
    };
    while let Some(pid) = living() {
        if std::time::Instant::now() >= deadline {
            return Err(ServerError::AlreadyRunning {
                server: Server::Nats,
                folder: folder.to_owned(),
                pid: Some(pid),
            });
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}
