//! Private PostgreSQL and NATS for a machine that has none to offer.
//!
//! What they keep is below one folder, `data_dir`; a restart finds all of it.

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use contract::Service;
use local_servers::{
    Nats, NatsGuest, NatsOptions, Postgres, PostgresOptions, ServerError, make_open,
};
use schema::Login;
use service::Stalls;
use service::settings::SecretString;
use sqlx::{Connection, PgConnection};
use tokio::time::{MissedTickBehavior, interval};

use crate::configuration::Configuration;
use crate::data_dir::{DATABASE, NATS, POSTGRES, Secrets, database_url};
use crate::nats_restarts::Restarts;
use crate::{data_dir, nats_users, subscribers};

/// How often is looked whether the servers run, and whether the users of NATS are those of the table of
/// subscribers: a removed one is cut off after so long.
const LOOK: Duration = Duration::from_millis(250);

/// How long to wait after a server could not be started again.
const AGAIN: Duration = Duration::from_secs(1);

/// Connections that PostgreSQL allows: six services with their pools and leaders, and some to look on.
const MAX_CONNECTIONS: &str = "200";

/// The servers that were started. They end in order by [`LocalServers::stop`], and at the latest
/// with this process.
#[derive(Debug, Default)]
pub(crate) struct LocalServers {
    postgres: Option<Postgres>,
    nats: Option<Nats>,
    /// For looking on: a NATS address that may only read events.
    pub observer_url: Option<String>,
    /// The address of the login that owns the database.
    pub owner_url: Option<String>,
}

impl LocalServers {
    /// Starts what the configuration does not name, and writes the addresses into it.
    ///
    /// # Errors
    /// When a server cannot be found, fetched or started, or the folder cannot be used.
    pub(crate) async fn start(
        folder: &Path,
        configuration: &mut Configuration,
    ) -> anyhow::Result<Self> {
        make_open(folder)
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
        if configuration.directory.master_key.is_empty() {
            let key = secrets.derived_key(b"mandate directory.master_key")?;
            configuration.directory.master_key = SecretString::from(key);
        }
        data_dir::fill_log_settings(folder, configuration)?;
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
        for shared in directory::rewrite_emails(&admin).await? {
            tracing::warn!("{shared}");
        }
        for (service, password) in &secrets.database_passwords {
            let url = database_url(*service, password, postgres.port());
            configuration.logins.entry(*service).or_default().database_url = url.into();
        }
        self.postgres = Some(postgres);
        self.owner_url = Some(admin);
        Ok(())
    }

    async fn start_nats(
        &mut self,
        folder: &Path,
        configuration: &mut Configuration,
    ) -> anyhow::Result<()> {
        let mut options = NatsOptions::in_folder(folder.join(NATS), nats_users::users());
        options.exports = nats_users::exports().to_vec();
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

    /// Starts again what ended unasked and a NATS that takes nothing any more, and keeps the users of a private
    /// NATS server as the table of subscribers says. Never ends.
    pub(crate) async fn look_after(
        &mut self,
        configuration: &Configuration,
        stalls: &Stalls,
    ) -> Infallible {
        let pool = subscribers::pool(configuration).ok();
        let mut restarts = Restarts::default();
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
            if restarts.is_due(stalls.longest(), || nats.free_space().unwrap_or_default()) {
                tracing::warn!("NATS takes nothing any more and is restarted: was its disk full?");
                if let Err(error) = nats.restart().await {
                    tracing::error!(%error, "NATS cannot be restarted");
                }
            }
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
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
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

async fn guests(pool: &sqlx::PgPool) -> Result<Vec<NatsGuest>, sqlx::Error> {
    let subscribers = notifier::list_subscribers(pool).await?;
    Ok(subscribers.iter().map(subscribers::guest).collect())
}

/// The subscribers at the start of NATS, so that none is turned away by a server that does not
/// know it yet. A given database may not be migrated by now: then it has none, or
/// [`LocalServers::look_after`] finds them soon.
async fn known_guests(configuration: &Configuration) -> Vec<NatsGuest> {
    let Ok(pool) = subscribers::pool(configuration) else {
        return Vec::new();
    };
    let known = guests(&pool).await.unwrap_or_else(|error| {
        tracing::debug!(%error, "the subscribers cannot be read yet");
        Vec::new()
    });
    pool.close().await;
    known
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
