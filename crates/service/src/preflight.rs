//! Preflight checks: what a server that answers will never do for a service. One that does not answer is none of
//! their business: a service waits for it.

use std::time::Duration;

use async_nats::ConnectErrorKind;
use async_nats::client::RequestErrorKind;
use contract::Service;
use serde::Deserialize;
use sqlx::{ConnectOptions, Connection};

use crate::connect::{self, NatsLogin};
use crate::settings::{DatabaseSettings, NatsSettings};
use crate::start::StartError;

/// How long a server may take to answer, before it is left to be waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why a connection pooler will not do, and what will.
const POOLER: &str = "it leads to a connection pooler that does not pass on the settings a connection begins with (the \
                      startup parameter `options`). Name PostgreSQL itself: every service has a pool of its own, of \
                      `database.max_connections`";

/// What nats-server answers where JetStream is not switched on, for an account or at all
/// (`JSNotEnabledForAccountErr`, `JSNotEnabledErr`).
const NOT_ENABLED: [u32; 2] = [10039, 10076];

/// Whether the database is reached with the settings that a service's connections need. PgBouncer refuses them,
/// or leaves them out where its `ignore_startup_parameters` says so, in any of its modes.
///
/// # Errors
/// When it is not, with the setting of this name, or when the address cannot be read.
pub async fn database(
    service: Service,
    setting: &str,
    settings: &DatabaseSettings,
) -> Result<(), StartError> {
    let options = connect::database_address(setting, &settings.url)?;
    let options = connect::database_options(service, options, settings);
    let asked = async {
        let mut connection = options.connect().await?;
        // Not the search path alone: PostgreSQL 18 reports it, and so it is one that PgBouncer can be told to pass on
        // (`track_extra_parameters`), while the role, the time limits and the plans are left out. No version reports
        // `plan_cache_mode`.
        let taken: (String, String) = sqlx::query_as(
            "SELECT current_setting('search_path'), current_setting('plan_cache_mode')",
        )
        .fetch_one(&mut connection)
        .await?;
        connection.close().await?;
        Ok(taken)
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok((path, plans))) if path != service.schema() || plans != connect::PLAN_CACHE_MODE => {
            Err(StartError::setting(setting, POOLER))
        }
        Ok(Err(error)) => pooler_refusal(setting, &error).map_or(Ok(()), Err),
        _ => Ok(()),
    }
}

/// What an error says if it is a connection pooler's.
pub fn pooler_refusal(setting: &str, error: &sqlx::Error) -> Option<StartError> {
    let message = error.as_database_error().map(sqlx::error::DatabaseError::message);
    // protocol_violation, as other errors too: the words are PgBouncer's. From 1.20 on it reads `options`, and names
    // what in it is unsupported.
    message
        .is_some_and(|message| {
            message.contains("unsupported startup parameter")
                || message.contains("unsupported options startup parameter")
        })
        .then(|| StartError::setting(setting, POOLER))
}

/// The answer to `$JS.API.INFO`, as far as it is a refusal.
#[derive(Deserialize)]
struct Info {
    error: Option<ApiError>,
}

#[derive(Deserialize)]
struct ApiError {
    #[serde(default)]
    err_code: u32,
}

/// Whether NATS lets the service in, and has JetStream.
///
/// # Errors
/// When it does not, with the setting of this name, or when the address or the file of credentials cannot be read.
pub async fn nats(
    service: Service,
    setting: &str,
    settings: &NatsSettings,
) -> Result<(), StartError> {
    let credentials_file = settings.credentials_file.as_deref();
    let login = NatsLogin { setting, url: &settings.url, credentials_file };
    let (options, addresses) = connect::nats_options(service.name(), login).await?;
    let asked = async {
        let client = match options.connect(addresses).await {
            Ok(client) => client,
            Err(error) => {
                return matches!(
                    error.kind(),
                    ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation
                )
                .then_some("NATS refuses its user or password");
            }
        };
        // From another account JetStream is reached by what that exports, which has no such question.
        if settings.separate_accounts {
            return None;
        }
        let lacks = match client.request("$JS.API.INFO", "".into()).await {
            Ok(answer) => serde_json::from_slice::<Info>(&answer.payload)
                .ok()
                .and_then(|info| info.error)
                .is_some_and(|error| NOT_ENABLED.contains(&error.err_code)),
            Err(error) => error.kind() == RequestErrorKind::NoResponders,
        };
        lacks.then_some(
            "this NATS has no JetStream: start it with `-js` or with `jetstream {}` in its configuration, and enable \
             JetStream for the account",
        )
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Some(reason)) => Err(StartError::setting(setting, reason)),
        _ => Ok(()),
    }
}
