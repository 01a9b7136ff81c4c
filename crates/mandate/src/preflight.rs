//! What would keep the services of a process from ever being ready, told once and before they start.

use std::collections::BTreeMap;

use contract::Service;
use futures::future::try_join_all;
use service::StartError;
use service::preflight;

use crate::configuration::Configuration;

/// Whether each of these services reaches its database as it needs to, or not at all yet.
///
/// # Errors
/// What is wrong, with the setting's name.
pub(crate) async fn databases(
    configuration: &Configuration,
    services: &[Service],
) -> Result<(), StartError> {
    let mut checks = BTreeMap::new();
    for service in services {
        if let Ok(settings) = configuration.database_of(*service) {
            checks.insert(settings.url.reveal().to_owned(), (*service, settings));
        }
    }
    let checks = checks.into_values().map(|(service, settings)| async move {
        preflight::database(service, &configuration.database_setting(service), &settings).await
    });
    try_join_all(checks).await.map(drop)
}

/// Whether NATS, if it answers, is what each of these services needs.
///
/// # Errors
/// What is wrong, with the setting's name.
pub(crate) async fn nats(
    configuration: &Configuration,
    services: &[Service],
) -> Result<(), StartError> {
    let mut checks = BTreeMap::new();
    for service in services {
        if let Ok(settings) = configuration.nats_of(*service) {
            let login = (settings.url.reveal().to_owned(), settings.credentials_file.clone());
            checks.insert(login, (*service, settings));
        }
    }
    let checks = checks.into_values().map(|(service, settings)| async move {
        preflight::nats(service, &configuration.nats_setting(service), &settings).await
    });
    try_join_all(checks).await.map(drop)
}
