//! Private PostgreSQL and NATS for a machine that has none to offer.
//!
//! Everything is below one folder: `postgres/`, `nats/`, and `secrets.json` (readable by its owner
//! only) with what was generated at the first start: the services' database passwords and the
//! master key. A restart finds all of it, and so does another process of the same account
//! ([`reach_postgres`], [`nats_url`]).

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::{Environment, Service};
use local_servers::{Nats, NatsGuest, NatsOptions, Postgres, PostgresOptions, ServerError};
use schema::Login;
use serde::{Deserialize, Serialize};
use service::settings::SecretString;
use sqlx::{Connection, PgConnection};
use tokio::time::{MissedTickBehavior, interval};

use crate::configuration::Configuration;
use crate::subscribers::directory_pool;
use crate::{nats_users, subscribers};

/// What is where in the folder.
const POSTGRES: &str = "postgres";
const NATS: &str = "nats";
const SECRETS: &str = "secrets.json";

/// How often is looked whether the servers run, and whether the users of NATS are those of the table of
/// subscribers: a removed one is cut off after so long.
const LOOK: Duration = Duration::from_millis(250);

/// How long to wait after a server could not be started again.
const AGAIN: Duration = Duration::from_secs(1);

/// The name of the database.
const DATABASE: &str = "mandate";

/// Connections that PostgreSQL allows: five services with their pools and leaders, and some to look on.
const MAX_CONNECTIONS: &str = "200";

/// What was generated at the first start. Never printed.
#[derive(Serialize, Deserialize)]
struct Secrets {
    database_passwords: BTreeMap<Service, String>,
    master_key: String,
}

/// The servers that were started. They end in order by [`LocalServers::stop`], and at the latest
/// with this process.
#[derive(Debug, Default)]
pub struct LocalServers {
    postgres: Option<Postgres>,
    nats: Option<Nats>,
    /// For looking on: a NATS address that may only read events.
    pub observer_url: Option<String>,
}

/// The folder that is used when none is named.
///
/// # Errors
/// When the account has no home.
pub fn default_data_dir() -> anyhow::Result<PathBuf> {
    // PostgreSQL runs under another account than root, which cannot look into root's home.
    if is_root() {
        return Ok(PathBuf::from("/var/lib/mandate"));
    }
    if let Some(data) = std::env::var_os("XDG_DATA_HOME").filter(|path| !path.is_empty()) {
        return Ok(PathBuf::from(data).join("mandate"));
    }
    let home = std::env::var_os("HOME").context("neither --data-dir nor HOME is set")?;
    Ok(PathBuf::from(home).join(".local/share/mandate"))
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self")
        .is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0)
}

impl LocalServers {
    /// Starts what the configuration does not name, and writes the addresses into it.
    ///
    /// # Errors
    /// When a server cannot be found, fetched or started, or the folder cannot be used.
    pub async fn start(folder: &Path, configuration: &mut Configuration) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("the data folder {} cannot be made", folder.display()))?;
        let secrets = Secrets::of(folder)?;
        let mut servers = Self::default();
        if configuration.database.url.is_empty() {
            servers.start_postgres(folder, configuration, &secrets).await?;
        }
        if configuration.nats.url.is_empty() {
            servers.start_nats(folder, configuration).await?;
        }
        if configuration.key_issuer.master_key.is_empty() {
            configuration.key_issuer.master_key = SecretString::from(secrets.master_key.clone());
        }
        Ok(servers)
    }

    async fn start_postgres(
        &mut self,
        folder: &Path,
        configuration: &mut Configuration,
        secrets: &Secrets,
    ) -> anyhow::Result<()> {
        let options = PostgresOptions::in_folder(folder.join(POSTGRES))
            .with("max_connections", MAX_CONNECTIONS);
        let postgres = Postgres::start(options).await?;
        tracing::info!(version = %postgres.version(), port = postgres.port(), "PostgreSQL runs");
        let admin = create_database(postgres.admin_url()).await?;
        let logins: Vec<Login> = secrets
            .database_passwords
            .iter()
            .map(|(service, password)| Login {
                service: *service,
                password: Some(password.clone()),
            })
            .collect();
        schema::migrate(&admin, &logins).await?;
        for (service, password) in &secrets.database_passwords {
            let url = database_url(*service, password, postgres.port());
            configuration.logins.entry(*service).or_default().database_url = url.into();
        }
        self.postgres = Some(postgres);
        Ok(())
    }

    async fn start_nats(
        &mut self,
        folder: &Path,
        configuration: &mut Configuration,
    ) -> anyhow::Result<()> {
        let mut options = NatsOptions::in_folder(folder.join(NATS), nats_users::users());
        options.exports = nats_users::EXPORTS.map(str::to_owned).to_vec();
        options.guests = known_guests(configuration).await;
        let nats = Nats::start(options).await?;
        tracing::info!(version = %nats.version(), port = nats.port(), "NATS runs");
        for service in Service::ALL {
            let url = nats.url_for(service.name()).context("each service is a user")?;
            configuration.logins.entry(service).or_default().nats_url = url.into();
        }
        self.observer_url = nats.url_for(nats_users::OBSERVER);
        self.nats = Some(nats);
        Ok(())
    }

    /// Starts again what ended unasked, and keeps the users of a private NATS server as the table of
    /// subscribers says. Never ends.
    pub async fn look_after(&mut self, configuration: &Configuration) -> Infallible {
        let pool = directory_pool(configuration).ok();
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Some(postgres) = &mut self.postgres {
                told("PostgreSQL", postgres.start_if_ended().await).await;
            }
            // The users of a given server are in its configuration.
            let Some(nats) = &mut self.nats else {
                continue;
            };
            told("NATS", nats.start_if_ended().await).await;
            let Some(pool) = &pool else { continue };
            match guests(pool).await {
                Ok(guests) => {
                    if let Err(error) = nats.admit(guests) {
                        tracing::error!(%error, "NATS does not know the subscribers");
                    }
                }
                // Those who are let in stay so.
                Err(error) => tracing::warn!(%error, "the subscribers cannot be read"),
            }
        }
    }

    /// Stops the servers: NATS first, whose messages are all repeated from PostgreSQL.
    ///
    /// # Errors
    /// When a server does not end.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(nats) = &mut self.nats {
            nats.stop().await?;
        }
        if let Some(postgres) = &mut self.postgres {
            postgres.stop().await?;
        }
        Ok(())
    }
}

/// Says that a server was started again, or why it was not, and then gives it a moment.
async fn told(server: &str, started: Result<bool, ServerError>) {
    match started {
        Ok(false) => {}
        Ok(true) => tracing::warn!("{server} had ended unasked and was started again"),
        Err(error) => {
            tracing::error!(%error, "{server} has ended unasked and cannot be started again");
            tokio::time::sleep(AGAIN).await;
        }
    }
}

fn database_url(service: Service, password: &str, port: u16) -> String {
    let role = service.role();
    format!("postgres://{role}:{password}@127.0.0.1:{port}/{DATABASE}")
}

async fn guests(pool: &sqlx::PgPool) -> Result<Vec<NatsGuest>, sqlx::Error> {
    let subscribers = directory::store::subscribers(&mut *pool.acquire().await?).await?;
    Ok(subscribers.iter().map(subscribers::guest).collect())
}

/// The subscribers at the start of NATS, so that none is turned away by a server that does not
/// know it yet. A given database may not be migrated by now: then it has none, or
/// [`LocalServers::look_after`] finds them soon.
async fn known_guests(configuration: &Configuration) -> Vec<NatsGuest> {
    let Ok(pool) = directory_pool(configuration) else {
        return Vec::new();
    };
    let known = guests(&pool).await.unwrap_or_else(|error| {
        tracing::debug!(%error, "the subscribers cannot be read yet");
        Vec::new()
    });
    pool.close().await;
    known
}

/// Writes the address of the directory's database into the configuration, for another process than
/// the one that runs the server.
///
/// # Errors
/// When the folder has no server's data, or it cannot be read.
pub fn reach_postgres(folder: &Path, configuration: &mut Configuration) -> anyhow::Result<()> {
    let path = folder.join(SECRETS);
    let text = std::fs::read_to_string(&path).with_context(|| {
        let folder = folder.display();
        format!("{folder} is no folder of a `mandate up`: name one with --data-dir, or the database with --database-url")
    })?;
    let secrets: Secrets =
        serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?;
    let password = secrets.database_passwords.get(&Service::Directory);
    let port = local_servers::used_port(&folder.join(POSTGRES));
    let (Some(password), Some(port)) = (password, port) else {
        bail!("{} has no database: name it with --database-url", folder.display());
    };
    let login = configuration.logins.entry(Service::Directory).or_default();
    login.database_url = database_url(Service::Directory, password, port).into();
    Ok(())
}

/// The address of the private NATS of this folder, without a user.
///
/// # Errors
/// When the folder has no server's data, or it cannot be read.
pub fn nats_url(folder: &Path) -> anyhow::Result<String> {
    let port = local_servers::used_port(&folder.join(NATS))
        .with_context(|| format!("{} has no NATS: name it with --nats-url", folder.display()))?;
    Ok(format!("nats://127.0.0.1:{port}"))
}

/// Makes the database on the server and gives its address.
async fn create_database(admin_url: &str) -> anyhow::Result<String> {
    let mut connection = PgConnection::connect(admin_url).await?;
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(DATABASE)
            .fetch_one(&mut connection)
            .await?;
    if !exists {
        sqlx::query("CREATE DATABASE mandate").execute(&mut connection).await?;
    }
    connection.close().await?;
    let mut url = url::Url::parse(admin_url).context("the address of a server of our own")?;
    url.set_path(DATABASE);
    Ok(url.to_string())
}

impl Secrets {
    /// The secrets of this folder, generated if it has none yet.
    fn of(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(SECRETS);
        match std::fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text)
                .with_context(|| format!("{} is damaged", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let secrets = Self::generate(&Environment::system());
                write_private(&path, &serde_json::to_vec_pretty(&secrets)?)?;
                Ok(secrets)
            }
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    fn generate(environment: &Environment) -> Self {
        let password = |service| (service, hex::encode(environment.bytes::<24>()));
        Self {
            database_passwords: Service::ALL.into_iter().map(password).collect(),
            master_key: STANDARD.encode(environment.bytes::<32>()),
        }
    }
}

/// Writes a file that only its owner may read: first under another name, so that a crash leaves
/// either the whole file or none.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let partial = path.with_extension("partial");
    let write = || -> std::io::Result<()> {
        let mut options = std::fs::OpenOptions::new();
        let mut file =
            options.create(true).write(true).truncate(true).mode(0o600).open(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&partial, path)
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn secrets_are_generated_once_and_are_their_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let first = Secrets::of(folder.path()).unwrap();
        let second = Secrets::of(folder.path()).unwrap();
        assert_eq!(first.master_key, second.master_key);
        assert_eq!(first.database_passwords.len(), Service::ALL.len());
        let mode =
            std::fs::metadata(folder.path().join("secrets.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn damaged_secrets_are_named_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.json");
        std::fs::write(&path, "{").unwrap();
        let Err(error) = Secrets::of(folder.path()) else {
            panic!("damaged secrets were accepted")
        };
        assert!(error.to_string().contains("secrets.json is damaged"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{");
    }
}
