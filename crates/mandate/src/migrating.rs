//! `mandate migrate`: brings the database, and what is in it, into the form that this version expects.

use anyhow::{Context, bail};
use contract::Service;
use eventstore::Transport;
use schema::{Login, SchemaError};
use service::StartError;
use service::preflight::pooler_refusal;

use crate::configuration::Configuration;
use crate::output;

/// Migrates, and tells what it left as it was.
///
/// # Errors
/// When the database refuses, or a setting is missing.
pub(crate) async fn migrate(configuration: &Configuration) -> anyhow::Result<()> {
    // Services with a database of their own are migrated there; the others share one.
    let owner = configuration.database.url.reveal();
    if owner.is_empty() {
        bail!(
            "`database.url` is not set: name the login that owns the database, with --database-url or MANDATE_DATABASE__URL"
        );
    }
    service::connect::database_address("database.url", &configuration.database.url)?;
    let mut logins = Vec::new();
    for service in Service::ALL {
        let own = configuration
            .logins
            .get(&service)
            .map(|login| login.database_url.reveal())
            .unwrap_or_default();
        logins.push(Login { service, password: password_in(own, service)? });
    }
    schema::migrate(owner, &logins).await.map_err(|error| match error {
        SchemaError::Database(error) => match pooler_refusal("database.url", &error) {
            Some(refusal) => refusal.into(),
            None => anyhow::Error::from(error).context("the database of `database.url` refused"),
        },
        error @ SchemaError::Pooler => {
            StartError::setting("database.url", error.to_string()).into()
        }
        error => anyhow::Error::from(error).context("the database was not migrated"),
    })?;
    let shared = directory::rewrite_emails(owner).await;
    for shared in shared.context("the emails were not brought into their form")? {
        output::print(&format!("{shared}\n"))?;
    }
    let nats = &configuration.nats;
    if nats.separate_accounts && !nats.admin_url.is_empty() {
        let client = service::connect::nats_admin(nats).await?;
        let administration = Transport::new(client, configuration.transport.clone());
        administration.make_all().await.context("the streams were not made")?;
    }
    Ok(())
}

/// The password that a service's own address gives its role; none when it has no address of its own.
fn password_in(url: &str, service: Service) -> anyhow::Result<Option<String>> {
    if url.is_empty() {
        return Ok(None);
    }
    let setting = format!("logins.{service}.database_url");
    service::connect::database_address(&setting, &url.into())?;
    let parsed = url::Url::parse(url).ok().filter(|url| url.username() == service.role());
    let Some(parsed) = parsed else {
        bail!("`{setting}` must log in as {}", service.role());
    };
    // As sqlx reads it when the service logs in.
    Ok(parsed.password().map(service::connect::percent_decoded))
}
