//! A private nats-server with JetStream.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use nix::sys::{signal::Signal, statvfs::statvfs};
use tokio::{io::AsyncReadExt as _, net::TcpStream, time::timeout};

use crate::{
    error::ServerError,
    find::Provision,
    folder::{new_password, pid_file, temporary, unique_suffix},
    lifecycle::{Equipment, Kind, Lifecycle, Wanted},
    nats_config::NatsConfig,
    nats_user::{
        NatsAccount, NatsExport, NatsGuest, NatsUser, check_account, check_guest, check_user,
    },
    process,
    version::{Server, Version},
};

/// How long one look at the port may take.
const GREETING: Duration = Duration::from_secs(1);
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
    /// Accounts beside the one of these users.
    pub accounts: Vec<NatsAccount>,
    /// Who else may, until [`Nats::admit`] says otherwise.
    pub guests: Vec<NatsGuest>,
    /// What the account of the users offers to guests and other accounts. The same for as long as the server
    /// runs: it takes guests up when its configuration is read again, but not exports.
    pub exports: Vec<NatsExport>,
    /// The server's name. In a cluster it must stay the same over restarts, because it is how the
    /// others know the server; alone it is best left out, for a new one each time.
    pub server_name: Option<String>,
    /// Bytes that JetStream may keep on disk.
    pub max_file_store: u64,
    /// Text to append to the configuration file. Where there are no users, accounts and guests, it says who may
    /// connect, such as by an operator's JWT.
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
            accounts: Vec::new(),
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

impl NatsOptions {
    fn all_users(&self) -> impl Iterator<Item = &NatsUser> {
        self.users.iter().chain(self.accounts.iter().flat_map(|account| &account.users))
    }
}

/// A nats-server that runs for as long as this value lives, at most.
#[derive(Debug)]
pub struct Nats {
    lifecycle: Lifecycle<JetStream>,
    /// How often it is yet to be told to read its configuration again.
    reloads: u32,
}

impl Nats {
    /// Starts a server; returns once it accepts connections.
    pub async fn start(options: NatsOptions) -> Result<Self, ServerError> {
        options.users.iter().try_for_each(check_user)?;
        options.accounts.iter().try_for_each(check_account)?;
        options.guests.iter().try_for_each(check_guest)?;
        let wanted = Wanted {
            data_dir: options.data_dir.clone(),
            port: options.port,
            ephemeral: options.ephemeral,
            provision: options.provision.clone(),
        };
        let kind = JetStream { options, server_name: String::new() };
        Ok(Self { lifecycle: Lifecycle::start(kind, wanted).await?, reloads: 0 })
    }

    /// Lets these guests in and no others. A running server goes on for all who stay, and cuts the
    /// connections of those who may not any more. Call it again and again with the guests there
    /// should be, a little apart: the server takes more than one call to let a new guest in.
    pub fn admit(&mut self, guests: Vec<NatsGuest>) -> Result<(), ServerError> {
        let kind = &mut self.lifecycle.kind;
        if guests != kind.options.guests {
            guests.iter().try_for_each(check_guest)?;
            let before = std::mem::replace(&mut kind.options.guests, guests);
            if self.lifecycle.pid().is_some()
                && let Err(error) = self.lifecycle.kind.write_config(&self.lifecycle.with)
            {
                // Not let in: the next call with the same guests must not believe so.
                self.lifecycle.kind.options.guests = before;
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
        Some(format!("nats://{user}:{password}@127.0.0.1:{}", self.port()))
    }

    /// The password of a user; `None` if there is no such user.
    pub fn password_of(&self, user: &str) -> Option<&str> {
        self.lifecycle.kind.options.all_users().find(|known| known.name == user)?;
        self.lifecycle.with.remembered.passwords.get(user).map(String::as_str)
    }

    /// `nats://127.0.0.1:port`, without a user.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port())
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

    /// Ends the server in order, and waits until it has ended.
    pub async fn stop(&mut self) -> Result<(), ServerError> {
        self.lifecycle.stop().await
    }

    /// Kills the server, and waits until it is gone.
    pub async fn kill(&mut self) -> Result<(), ServerError> {
        self.lifecycle.kill().await
    }

    /// Starts the server again after [`Nats::stop`] or [`Nats::kill`], with the same streams and
    /// on the same port. A server that still runs is stopped first.
    pub async fn start_again(&mut self) -> Result<(), ServerError> {
        self.lifecycle.start_again().await
    }

    /// Starts the server again if it has ended unasked, with the same streams and on the same
    /// port: whether it had.
    pub async fn start_if_ended(&mut self) -> Result<bool, ServerError> {
        self.lifecycle.start_if_ended().await
    }

    /// Stops the server in order and starts it again with the same streams and on the same port: after its disk was
    /// full, it takes nothing until then.
    pub async fn restart(&mut self) -> Result<(), ServerError> {
        self.lifecycle.restart().await
    }

    /// Bytes that are free on the disk where the streams are.
    #[allow(clippy::useless_conversion, reason = "these numbers are narrower on other systems")]
    pub fn free_space(&self) -> Result<u64, ServerError> {
        let folder = self.lifecycle.with.folder.path();
        let free =
            statvfs(folder).map_err(|errno| ServerError::io("look at", folder)(errno.into()))?;
        Ok(u64::from(free.blocks_available()).saturating_mul(free.fragment_size().into()))
    }

    /// Kills the server, deletes every stream and consumer from the disk, and starts it again on
    /// the same port with the same users: NATS has lost everything.
    pub async fn wipe(&mut self) -> Result<(), ServerError> {
        self.kill().await?;
        let store = store(&self.lifecycle.with);
        fs::remove_dir_all(&store).map_err(ServerError::io("delete", &store))?;
        self.lifecycle.run().await
    }
}

/// What nats-server has of its own among the servers.
#[derive(Debug)]
struct JetStream {
    options: NatsOptions,
    /// The name of this start, by which the server is told from whoever else may listen.
    server_name: String,
}

impl Kind for JetStream {
    const SERVER: Server = Server::Nats;
    const STARTING: Duration = Duration::from_mins(2);
    const PORT_TAKEN: &'static str = "address already in use";

    /// Every version reads the streams of every other.
    fn written_by(&self, _: &Path) -> Result<Option<u32>, ServerError> {
        Ok(None)
    }

    fn prepare(&self, with: &mut Equipment, _: Option<u32>) -> Result<(), ServerError> {
        for NatsUser { name, password, .. } in self.options.all_users() {
            let passwords = &mut with.remembered.passwords;
            match password {
                Some(given) => {
                    passwords.insert(name.clone(), given.clone());
                }
                None if passwords.contains_key(name) => {}
                None => {
                    passwords.insert(name.clone(), new_password()?);
                }
            }
        }
        Ok(())
    }

    fn command(&mut self, with: &Equipment) -> Result<Command, ServerError> {
        let store = store(with);
        if !store.exists() {
            fs::create_dir(&store).map_err(ServerError::io("make the folder", &store))?;
            with.user.own(&store)?;
        }
        self.server_name = match &self.options.server_name {
            Some(name) => name.clone(),
            None => format!("mandate-{}", unique_suffix()?),
        };
        let file = self.write_config(with)?;
        let mut command = with.command(&with.programs.server);
        command.arg("--config").arg(file);
        Ok(command)
    }

    /// It is ready when it greets by the name that it was given.
    async fn is_ready(&self, with: &Equipment, _: Option<u32>) -> bool {
        greeting(with.port).await.is_some_and(|text| text.contains(&self.server_name))
    }

    fn failure(&self, _: &Equipment, _: &str) -> Option<ServerError> {
        None
    }
}

impl JetStream {
    fn write_config(&self, with: &Equipment) -> Result<PathBuf, ServerError> {
        let config = NatsConfig {
            port: with.port,
            server_name: &self.server_name,
            pid_file: &pid_file(with.folder.path(), Server::Nats),
            store: &store(with),
            max_file_store: self.options.max_file_store,
            users: &self.options.users,
            accounts: &self.options.accounts,
            guests: &self.options.guests,
            exports: &self.options.exports,
            passwords: &with.remembered.passwords,
            extra: self.options.extra_config.as_deref(),
        };
        let text = config.render();
        with.folder.write_private("nats.conf", text.as_bytes(), &with.user)
    }
}

fn store(with: &Equipment) -> PathBuf {
    with.folder.path().join("jetstream")
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
