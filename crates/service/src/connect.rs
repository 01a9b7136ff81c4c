//! Connections to PostgreSQL and NATS, as a service needs them.

use std::path::Path;
use std::time::Duration;

use contract::Service;
use eventstore::availability::{self, NotWritable};
use eventstore::dedicated_connection::TRUSTED_FOR;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use url::Url;

use crate::settings::{DatabaseSettings, NatsSettings, SecretString};
use crate::start::StartError;

/// How often NATS must show that it is there. After the third time without an answer the connection
/// counts as lost: a server that is gone without a word is noticed within six seconds.
const PING: Duration = Duration::from_secs(2);

/// The longest pause between two attempts to reach NATS again.
const MAX_RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// A transaction that its owner forgot, or whose connection is lost, must not hold locks and old rows for ever:
/// PostgreSQL ends it.
pub(crate) const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(15);

/// How prepared statements are planned: once.
pub(crate) const PLAN_CACHE_MODE: &str = "force_generic_plan";

/// The NATS login that makes streams and consumers where services may not: no service's name.
pub const NATS_ADMIN: &str = "jetstream-admin";

/// A pool of connections that work in the service's schema under the service's role. Connections
/// are made when they are needed: this succeeds without a server, and `/readyz` tells.
pub fn database(service: Service, settings: &DatabaseSettings) -> Result<PgPool, StartError> {
    let options = database_address("database.url", &settings.url)?;
    Ok(PgPoolOptions::new()
        .max_connections(settings.max_connections.max(2))
        .acquire_timeout(Duration::from_secs(settings.acquire_timeout_seconds))
        // In place of a round trip before each use.
        .test_before_acquire(false)
        .before_acquire(|connection, used| {
            Box::pin(async move {
                if !availability::is_trusted(used.age) {
                    return Ok(false);
                }
                if used.idle_for < TRUSTED_FOR {
                    return Ok(true);
                }
                match availability::check(connection).await {
                    Ok(()) => Ok(true),
                    Err(NotWritable::Database(error)) => Err(error),
                    // Perhaps the next one leads to another server; if not, it reads as well as this one.
                    Err(NotWritable::InRecovery | NotWritable::ReadOnly) => Ok(false),
                }
            })
        })
        // One on which a change was refused because its server takes none is not used again. And one that is lost
        // is closed: the pool itself asks each that is given back for a sign of life, and would wait for it for
        // ever, in which time its place is nobody's. This one has answered just before.
        .after_release(|connection, used| {
            Box::pin(async move {
                if availability::is_trusted(used.age) {
                    return availability::settle(connection).await.map(|()| true);
                }
                Ok(false)
            })
        })
        .connect_lazy_with(database_options(service, options, settings)))
}

/// How to write what an address cannot have as it is.
const ENCODED: &str = "in user and password everything but letters, digits and -_.~ is percent-encoded: / is %2F, # is \
                       %23, @ is %40";

/// An address of PostgreSQL, from the setting of this name.
///
/// # Errors
/// When it cannot be read, or reads as another than was meant: after an unescaped `/`, `?` or `#` in a password what
/// follows is no longer the host.
pub fn database_address(setting: &str, url: &SecretString) -> Result<PgConnectOptions, StartError> {
    // The error may repeat the address, and with it the password.
    let wrong = || {
        let form = "it is not postgres://user:password@host:port/database";
        StartError::setting(setting, format!("{form}; {ENCODED}"))
    };
    let parsed = Url::parse(url.reveal()).map_err(|_| wrong())?;
    let misread = parsed.path().contains('@')
        || parsed.fragment().is_some()
        || parsed.query_pairs().any(|(name, _)| name.contains('@'));
    if misread {
        return Err(wrong());
    }
    url.reveal().parse().map_err(|_| wrong())
}

/// The addresses of NATS in the setting of this name.
///
/// # Errors
/// As for [`database_address`].
pub fn nats_addresses(setting: &str, url: &SecretString) -> Result<Vec<Url>, StartError> {
    let wrong = || {
        let form = "it is not nats://user:password@host:port";
        StartError::setting(setting, format!("{form}; {ENCODED}, and so is a comma"))
    };
    let mut addresses = Vec::new();
    for address in url.reveal().split(',') {
        // The error may repeat the address, and with it the password.
        let address = Url::parse(address.trim()).map_err(|_| wrong())?;
        let is_plain = address.query().is_none() && address.fragment().is_none();
        if address.has_host() && !(is_plain && matches!(address.path(), "" | "/")) {
            return Err(wrong());
        }
        addresses.push(address);
    }
    Ok(addresses)
}

pub(crate) fn database_options(
    service: Service,
    options: PgConnectOptions,
    settings: &DatabaseSettings,
) -> PgConnectOptions {
    let own_role = options.get_username() == service.role();
    let options = options.application_name(&format!("mandate-{service}")).options([
        ("search_path", service.schema()),
        // A prepared statement keeps the plan it was given. One made while a table was small
        // reads all of it for ever; every query of ours has an index that serves it when full.
        ("enable_seqscan", "off"),
        // Left to itself PostgreSQL plans a statement with a short array anew each time, which takes
        // longer than the statement.
        ("plan_cache_mode", PLAN_CACHE_MODE),
        ("jit", "off"),
    ]);
    let options = match service {
        // The log is read in the order of its indexes, a part of each. As long as it is small, sorting all that
        // another index gives looks as good, and that plan is kept as well.
        Service::Audit => {
            options.options([("enable_sort", "off"), ("enable_incremental_sort", "off")])
        }
        _ => options,
    };
    let options = options.options([
        ("statement_timeout", format!("{}s", settings.statement_timeout_seconds)),
        ("idle_in_transaction_session_timeout", format!("{}s", IDLE_IN_TRANSACTION.as_secs())),
    ]);
    if own_role { options } else { options.options([("role", service.role())]) }
}

/// A service's connection to NATS that comes by itself, and comes back by itself.
///
/// # Errors
/// When an address or the file of credentials cannot be read.
pub async fn nats(
    service: Service,
    settings: &NatsSettings,
) -> Result<async_nats::Client, StartError> {
    let login = NatsLogin {
        setting: "nats.url",
        url: &settings.url,
        credentials_file: settings.credentials_file.as_deref(),
    };
    connect_nats(service.name(), login).await
}

/// The connection of the login that makes streams and consumers.
///
/// # Errors
/// When an address or the file of credentials cannot be read.
pub async fn nats_admin(settings: &NatsSettings) -> Result<async_nats::Client, StartError> {
    let login = NatsLogin {
        setting: "nats.admin_url",
        url: &settings.admin_url,
        credentials_file: settings.admin_credentials_file.as_deref(),
    };
    connect_nats(NATS_ADMIN, login).await
}

/// Who logs in to NATS, and where.
pub(crate) struct NatsLogin<'s> {
    /// The setting that has the address.
    pub(crate) setting: &'s str,
    pub(crate) url: &'s SecretString,
    pub(crate) credentials_file: Option<&'s Path>,
}

/// What a connection of this name begins with, and its addresses.
///
/// `_INBOX.<name>` prefixes the connection's inboxes, so that a NATS user can be limited to its own replies.
pub(crate) async fn nats_options(
    name: &'static str,
    login: NatsLogin<'_>,
) -> Result<(async_nats::ConnectOptions, Vec<String>), StartError> {
    let setting = login.setting;
    let mut options = async_nats::ConnectOptions::new();
    if let Some(file) = login.credentials_file {
        let read = options.credentials_file(file).await;
        options = read.map_err(|error| {
            let reason =
                format!("the file of credentials {} cannot be read: {error}", file.display());
            StartError::setting(setting, reason)
        })?;
    }
    let mut addresses = Vec::new();
    for mut url in nats_addresses(setting, login.url)? {
        if let Some(password) = url.password() {
            let (user, password) = (percent_decoded(url.username()), percent_decoded(password));
            options = options.user_and_password(user, password);
            // Kept out of the address, which the client logs.
            let (Ok(()), Ok(())) = (url.set_username(""), url.set_password(None)) else {
                return Err(StartError::setting(setting, "it has a password but no host"));
            };
        }
        addresses.push(url.to_string());
    }
    let options = options
        .name(format!("mandate-{name}"))
        .custom_inbox_prefix(format!("_INBOX.{name}"))
        .connection_timeout(Duration::from_secs(5));
    Ok((options, addresses))
}

async fn connect_nats(
    name: &'static str,
    login: NatsLogin<'_>,
) -> Result<async_nats::Client, StartError> {
    let (options, addresses) = nats_options(name, login).await?;
    options
        .retry_on_initial_connect()
        .ping_interval(PING)
        .client_capacity(8192)
        .subscription_capacity(65_536)
        .reconnect_delay_callback(reconnect_pause)
        .event_callback(move |event| async move {
            match event {
                async_nats::Event::Connected => tracing::info!(service = name, "NATS connected"),
                async_nats::Event::Draining | async_nats::Event::Closed => {
                    tracing::debug!(service = name, %event, "NATS");
                }
                event => tracing::warn!(service = name, %event, "NATS"),
            }
        })
        .connect(addresses)
        .await
        .map_err(|error| StartError::Nats(error.to_string()))
}

/// A user or password as it stands in an address, percent-decoded.
pub fn percent_decoded(part: &str) -> String {
    // Percent-encoding as in a query, but for `+`, which an address's user part keeps as it is.
    let pair = format!("x={}", part.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

fn reconnect_pause(attempts: usize) -> Duration {
    let pause = Duration::from_millis(20).saturating_mul(1 << attempts.min(10));
    if attempts <= 1 { Duration::ZERO } else { pause.min(MAX_RECONNECT_PAUSE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(url: &str) -> PgConnectOptions {
        let parsed = url.parse().unwrap();
        database_options(Service::AppRegistry, parsed, &DatabaseSettings::default())
    }

    #[test]
    fn connections_work_in_the_services_schema_under_its_role() {
        let other = options("postgres://admin:secret@localhost/mandate");
        let text = other.get_options().unwrap();
        assert!(text.contains("search_path=app_registry"), "{text}");
        assert!(text.contains("statement_timeout=30s"), "{text}");
        assert!(text.contains("role=mandate_app_registry"), "{text}");
        assert_eq!(other.get_application_name(), Some("mandate-app-registry"));
        let own = options("postgres://mandate_app_registry:secret@localhost/mandate");
        assert!(!own.get_options().unwrap().contains("-c role="));
    }

    #[test]
    fn a_wrong_address_is_refused_without_repeating_it() {
        let settings = DatabaseSettings { url: "hunter2".into(), ..DatabaseSettings::default() };
        let error = database(Service::Directory, &settings).unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }

    #[test]
    fn a_password_that_is_not_escaped_is_told_from_a_host() {
        for right in [
            "postgres://u:p%2Fp@h/d",
            "postgres://u@h:5432/d?sslmode=disable",
            "postgres:///d?host=/var/run/postgresql&user=u%40x",
        ] {
            database_address("database.url", &right.into()).unwrap();
        }
        for wrong in ["p/p", "p#p", "p?p", "12/p", "12#p", "12?p"] {
            let url = format!("postgres://u:{wrong}@h/d");
            let error = database_address("logins.audit.database_url", &url.into()).unwrap_err();
            let error = error.to_string();
            assert!(
                error.contains("logins.audit.database_url") && error.contains("%2F"),
                "{error}"
            );
            let url = format!("nats://u:{wrong}@h");
            assert!(nats_addresses("nats.url", &url.into()).is_err(), "{wrong}");
        }
        assert!(nats_addresses("nats.url", &"nats://u:p,p@h".into()).is_err());
        for right in ["nats://a:4222, nats://b:4222/", "localhost:4222", "tls://u:p%2Cp@h"] {
            nats_addresses("nats.url", &right.into()).unwrap();
        }
    }

    #[test]
    fn passwords_are_percent_decoded() {
        assert_eq!(percent_decoded("a%40b+c"), "a@b+c");
    }

    #[test]
    fn reconnecting_starts_at_once_and_never_waits_longer_than_a_second() {
        assert_eq!(reconnect_pause(1), Duration::ZERO);
        assert!(reconnect_pause(2) < Duration::from_millis(100));
        assert_eq!(reconnect_pause(1000), MAX_RECONNECT_PAUSE);
    }
}
