//! `mandate log`: what whoever runs an installation does to its transparency log.

use std::path::{Path, PathBuf};

use anyhow::bail;
use contract::{Environment, Service};
use eventstore::EventStore;

use crate::cli::{ContinueAsNew, LogCommand, ReplaceKey};
use crate::configuration::Configuration;
use crate::data_dir;
use crate::local::LocalServers;
use crate::output::{note, print};

/// Carries out a command of `mandate log`.
///
/// # Errors
/// What went wrong, in words for the terminal.
pub(crate) async fn run(command: LogCommand, configuration: Configuration) -> anyhow::Result<()> {
    match command {
        LogCommand::ReplaceKey(command) => replace_key(command, configuration).await,
        LogCommand::ContinueAsNew(command) => continue_as_new(command, configuration).await,
    }
}

fn folder(given: Option<&PathBuf>) -> anyhow::Result<PathBuf> {
    given.cloned().map_or_else(data_dir::default_data_dir, Ok)
}

async fn replace_key(command: ReplaceKey, mut configuration: Configuration) -> anyhow::Result<()> {
    let folder = folder(command.installation.data_dir.as_ref())?;
    if configuration.database_of(Service::Audit).is_err() {
        data_dir::reach_postgres(&folder, Service::Audit, &mut configuration)?;
    }
    data_dir::fill_log_settings(&folder, &mut configuration)?;
    let settings = configuration.database_of(Service::Audit)?;
    let pool = service::connect::database(Service::Audit, &settings)?;
    let events = EventStore::new(Service::Audit, pool.clone(), Environment::system());
    let replaced = audit::replace_log_key(&events, &configuration.audit).await;
    pool.close().await;
    let replaced = replaced?;
    print(&format!("{}\n", replaced.new))?;
    note(&format!(
        "The line above is the log's key from now on, in place of {}. Hand it to those who verify the log, on a way that does not lead through the server; docs/audit.md says what the old one is still good for.",
        replaced.old
    ));
    Ok(())
}

async fn continue_as_new(
    command: ContinueAsNew,
    mut configuration: Configuration,
) -> anyhow::Result<()> {
    let folder = std::path::absolute(folder(command.installation.data_dir.as_ref())?)?;
    data_dir::fill_log_settings(&folder, &mut configuration)?;
    let servers = if configuration.database.url.is_empty() {
        let servers = LocalServers::start(&folder, &mut configuration).await?;
        match &servers.owner_url {
            Some(owner) => configuration.database.url = owner.as_str().into(),
            None => bail!("`database.url` is not set: name the login that owns the database"),
        }
        Some(servers)
    } else {
        None
    };
    let begun =
        begin(&configuration, command.checkpoint.as_deref(), command.origin.as_deref()).await;
    if let Some(servers) = servers {
        servers.stop().await?;
    }
    let log = begun?;
    print(&format!("{}\n", log.verifier_key))?;
    note(&format!(
        "The line above is the key of the log that begins here: its first entry names the last checkpoint of the one before, of {} entries, of which {} were restored and follow. Start the services, and hand the key to those who verify the log.",
        log.former_size, log.restored_size
    ));
    Ok(())
}

async fn begin(
    configuration: &Configuration,
    checkpoint: Option<&Path>,
    origin: Option<&str>,
) -> anyhow::Result<audit::ContinuedLog> {
    // The owner's, as for `mandate migrate`: the service itself may not.
    let url = &configuration.database.url;
    let owner = service::connect::database_address("database.url", url)?;
    let environment = Environment::system();
    let audit = &configuration.audit;
    Ok(audit::continue_log_as_new(owner, environment, audit, checkpoint, origin).await?)
}
