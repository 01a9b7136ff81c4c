//! The configuration: defaults, then a file, then the environment, then flags; the later wins.
//! Unknown keys are refused wherever they come from, because a misspelled setting is one that
//! silently does not hold.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use config::{Config, File, FileFormat};
use contract::Service;
use contract::catalogue::{Catalogue, CatalogueError};
use eventstore::TransportSettings;
use serde::{Deserialize, Serialize};
use service::limits::LimitSettings;
use service::settings::{DatabaseSettings, HttpSettings, LogSettings, NatsSettings, SecretString};

use crate::cli::Overrides;
pub use crate::variables::VariableError;
use crate::variables::Variables;

/// Everything that can be set.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Configuration {
    /// Where HTTP is served.
    pub listen: SocketAddr,
    /// The address under which callers reach this installation, without a slash at its end: links
    /// and tokens carry it. Empty: `http://<listen>`.
    pub public_base_url: String,
    /// How many threads do the work. 0: as many as the machine has processors, or for `mandate up` with
    /// servers of its own, which share the machine, half of that.
    pub worker_threads: usize,
    /// A file of services and domains in place of the default catalogue.
    pub catalogue: Option<PathBuf>,
    /// PostgreSQL, for all services that have no address of their own in `logins`.
    pub database: DatabaseSettings,
    /// NATS, likewise.
    pub nats: NatsSettings,
    /// Addresses of single services, by their name: a login each, or a database each.
    pub logins: BTreeMap<Service, Login>,
    /// How JetStream keeps events.
    pub transport: TransportSettings,
    /// HTTP limits.
    pub http: HttpSettings,
    /// Rate limits.
    pub limits: LimitSettings,
    /// What is logged, and how.
    pub log: LogSettings,
    /// The directory.
    pub directory: directory::Settings,
    /// The app registry.
    pub app_registry: app_registry::Settings,
    /// The key issuer.
    pub key_issuer: key_issuer::Settings,
    /// The consent broker.
    pub consent_broker: consent_broker::Settings,
    /// The audit log.
    pub audit: audit::Settings,
    /// The portal.
    pub portal: portal::Settings,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_base_url: String::new(),
            worker_threads: 0,
            catalogue: None,
            database: DatabaseSettings::default(),
            nats: NatsSettings::default(),
            logins: BTreeMap::new(),
            transport: TransportSettings::default(),
            http: HttpSettings::default(),
            limits: LimitSettings::default(),
            log: LogSettings::default(),
            directory: directory::Settings::default(),
            app_registry: app_registry::Settings::default(),
            key_issuer: key_issuer::Settings::default(),
            consent_broker: consent_broker::Settings::default(),
            audit: audit::Settings::default(),
            portal: portal::Settings::default(),
        }
    }
}

/// The addresses of one service.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Login {
    /// Its PostgreSQL.
    pub database_url: SecretString,
    /// Its NATS.
    pub nats_url: SecretString,
    /// A file with its NATS user's JWT and seed, in place of user and password in the address.
    pub nats_credentials_file: Option<PathBuf>,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// A source cannot be read, has an unknown key or a wrong value.
    #[error("the configuration is wrong: {0}")]
    Wrong(#[from] config::ConfigError),
    /// A variable of the environment cannot be a setting.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// The catalogue's file cannot be read.
    #[error("the catalogue {path} cannot be read")]
    CatalogueFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// An address cannot be read.
    #[error(transparent)]
    Address(#[from] service::StartError),
    /// The catalogue contradicts itself.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// Something that has no default is missing.
    #[error("`{setting}` is not set: {remedy}")]
    Missing {
        /// The setting.
        setting: String,
        /// How to set it.
        remedy: &'static str,
    },
}

impl Configuration {
    /// Reads the configuration from all its sources.
    ///
    /// # Errors
    /// When a source cannot be read, or has an unknown key or a wrong value.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &Overrides,
    ) -> Result<Self, ConfigurationError> {
        let mut builder = Config::builder();
        if let Some(file) = file {
            builder = builder.add_source(File::from(file).format(FileFormat::Toml));
        }
        let defaults = serde_json::to_value(Self::default())
            .expect("settings are strings, numbers, lists and maps of these");
        let config = builder
            .add_source(Variables::read(environment, &defaults)?)
            .set_override_option("listen", flags.listen.map(|listen| listen.to_string()))?
            .set_override_option("database.url", flags.database_url.clone())?
            .set_override_option("nats.url", flags.nats_url.clone())?
            .build()?;
        Ok(config.try_deserialize()?)
    }

    /// The catalogue in force.
    ///
    /// # Errors
    /// When its file cannot be read or contradicts itself.
    pub fn catalogue(&self) -> Result<Catalogue, ConfigurationError> {
        let Some(path) = &self.catalogue else {
            return Ok(Catalogue::default());
        };
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigurationError::CatalogueFile { path: path.clone(), source })?;
        Ok(Catalogue::parse(&text)?)
    }

    /// The PostgreSQL of a service.
    ///
    /// # Errors
    /// When no address is set, or it cannot be read.
    pub fn database_of(&self, service: Service) -> Result<DatabaseSettings, ConfigurationError> {
        let own = self
            .logins
            .get(&service)
            .map(|login| &login.database_url)
            .filter(|url| !url.is_empty());
        let url = own.unwrap_or(&self.database.url).clone();
        if url.is_empty() {
            return Err(ConfigurationError::Missing {
                setting: "database.url".to_owned(),
                remedy: "name it in the configuration file, in MANDATE_DATABASE__URL or with --database-url",
            });
        }
        service::connect::database_address(&self.database_setting(service), &url)?;
        Ok(DatabaseSettings { url, ..self.database.clone() })
    }

    /// The setting that names the PostgreSQL of a service.
    pub(crate) fn database_setting(&self, service: Service) -> String {
        match self.logins.get(&service) {
            Some(login) if !login.database_url.is_empty() => {
                format!("logins.{service}.database_url")
            }
            _ => "database.url".to_owned(),
        }
    }

    /// The NATS of a service.
    ///
    /// # Errors
    /// When no address is set, or it cannot be read.
    pub fn nats_of(&self, service: Service) -> Result<NatsSettings, ConfigurationError> {
        let login = self.logins.get(&service);
        let own = login.map(|login| &login.nats_url).filter(|url| !url.is_empty());
        let own_file = login.and_then(|login| login.nats_credentials_file.clone());
        let credentials_file = own_file.or_else(|| self.nats.credentials_file.clone());
        let url = own.unwrap_or(&self.nats.url).clone();
        if url.is_empty() {
            return Err(ConfigurationError::Missing {
                setting: "nats.url".to_owned(),
                remedy: "name it in the configuration file, in MANDATE_NATS__URL or with --nats-url",
            });
        }
        service::connect::nats_addresses(&self.nats_setting(service), &url)?;
        Ok(NatsSettings { url, credentials_file, ..self.nats.clone() })
    }

    /// The setting that names the NATS of a service.
    pub(crate) fn nats_setting(&self, service: Service) -> String {
        match self.logins.get(&service) {
            Some(login) if !login.nats_url.is_empty() => format!("logins.{service}.nats_url"),
            _ => "nats.url".to_owned(),
        }
    }

    /// Gives the settings that name this installation's address theirs, unless they have one.
    pub(crate) fn settle_base_url(&mut self, bound: SocketAddr) -> String {
        if self.public_base_url.is_empty() {
            self.public_base_url = format!("http://{bound}");
        }
        let base = self.public_base_url.trim_end_matches('/').to_owned();
        if self.key_issuer.issuer.is_empty() {
            self.key_issuer.issuer.clone_from(&base);
        }
        if self.directory.public_base_url.is_empty() {
            self.directory.public_base_url.clone_from(&base);
        }
        if self.consent_broker.public_base_url.is_empty() {
            self.consent_broker.public_base_url.clone_from(&base);
        }
        if self.audit.log_origin.is_empty() {
            let host = base.split_once("://").map_or(base.as_str(), |(_, host)| host);
            self.audit.log_origin = format!("{host}/audit/log");
        }
        if self.directory.sign_in_return_url.is_empty() {
            self.directory.sign_in_return_url = format!("{base}/sign-in/return");
        }
        base
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn load(
        file: &str,
        variables: &[(&str, &str)],
        flags: &Overrides,
    ) -> Result<Configuration, ConfigurationError> {
        let mut on_disk = tempfile::NamedTempFile::new().unwrap();
        on_disk.write_all(file.as_bytes()).unwrap();
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Configuration::load(Some(on_disk.path()), variables, flags)
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let file = "listen = \"127.0.0.1:1\"\n[database]\nurl = \"postgres://file\"\nmax_connections = 3\n";
        let variables = [
            ("MANDATE_DATABASE__URL", "postgres://environment"),
            ("MANDATE_LISTEN", "127.0.0.1:2"),
        ];
        let flags = Overrides {
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 3))),
            ..Overrides::default()
        };
        let configuration = load(file, &variables, &flags).unwrap();
        assert_eq!(configuration.listen.port(), 3);
        assert_eq!(configuration.database.url.reveal(), "postgres://environment");
        assert_eq!(configuration.database.max_connections, 3);
    }

    #[test]
    fn unknown_keys_are_refused_from_file_and_environment() {
        let error = load("[http]\nmax_body_byte = 1\n", &[], &Overrides::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains("max_body_byte"), "{error}");
        let error =
            load("", &[("MANDATE_LISTNE", "x")], &Overrides::default()).unwrap_err().to_string();
        assert!(error.contains("MANDATE_LISTNE"), "{error}");
        let error = load("", &[("MANDATE_HTTP__PORT_80", "x")], &Overrides::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains("port_80"), "{error}");
    }

    #[test]
    fn numbers_and_lists_come_from_the_environment_too() {
        let variables = [
            ("MANDATE_HTTP__MAX_BODY_BYTES", "77"),
            ("MANDATE_HTTP__TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1/32"),
            ("MANDATE_HTTP__CORS_ORIGINS", "https://app.example.com, http://localhost:3000"),
            ("MANDATE_DIRECTORY__OUTGOING__REACHABLE", " idp.internal , 10.1.0.0/16"),
            ("MANDATE_KEY_ISSUER__NOTICE_DAYS", "30, 7,1"),
            ("MANDATE_CONSENT_BROKER__NOTICE_DAYS", ""),
            ("MANDATE_KEY_ISSUER__NULL_REFRESH_TOKEN", "true"),
            ("MANDATE_NATS__SEPARATE_ACCOUNTS", "True"),
            ("MANDATE_LOG__FORMAT", "json"),
            ("MANDATE_CACHE_DIR", "/somewhere"),
        ];
        let configuration = load("", &variables, &Overrides::default()).unwrap();
        assert_eq!(configuration.http.max_body_bytes, 77);
        assert_eq!(configuration.http.trusted_proxies.len(), 2);
        assert_eq!(configuration.http.cors_origins.len(), 2);
        assert_eq!(configuration.directory.outgoing.reachable.len(), 2);
        assert_eq!(configuration.key_issuer.notice_days, [30, 7, 1]);
        assert!(configuration.consent_broker.notice_days.is_empty());
        assert!(configuration.key_issuer.null_refresh_token);
        assert!(configuration.nats.separate_accounts);
        assert_eq!(configuration.log.format, service::settings::LogFormat::Json);
        let wrong = [("MANDATE_HTTP__TRUSTED_PROXIES", "10.0.0.0/8,,::1")];
        assert!(load("", &wrong, &Overrides::default()).is_err());
    }

    #[test]
    fn a_text_that_looks_like_a_number_stays_that_text() {
        for text in ["1e3", "007", "+5", "1.50", "TRUE", "inf", "00000000000000000000000000001"] {
            let variables = [
                ("MANDATE_KEY_ISSUER__MASTER_KEY", text),
                ("MANDATE_DIRECTORY__MAIL__USER", text),
                ("MANDATE_LOGINS__APP-REGISTRY__NATS_URL", text),
            ];
            let configuration = load("", &variables, &Overrides::default()).unwrap();
            assert_eq!(configuration.key_issuer.master_key.reveal(), text);
            assert_eq!(configuration.directory.mail.user, text);
            assert_eq!(configuration.logins[&Service::AppRegistry].nats_url.reveal(), text);
        }
    }

    #[test]
    fn printing_masks_secrets() {
        let file = "[database]\nurl = \"postgres://u:hunter2@h/d\"\n[key_issuer]\nmaster_key = \"hunter2\"\n\
                    [logins.audit]\nnats_url = \"nats://u:hunter2@h\"\n";
        let configuration = load(file, &[], &Overrides::default()).unwrap();
        let printed = toml::to_string(&configuration).unwrap();
        assert!(!printed.contains("hunter2"), "{printed}");
        assert_eq!(
            configuration.nats_of(Service::Audit).unwrap().url.reveal(),
            "nats://u:hunter2@h"
        );
        assert!(configuration.nats_of(Service::Directory).is_err());
    }
}
