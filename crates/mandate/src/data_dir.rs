//! The folder of a `mandate up`: what is where in it, and how another process of the same account
//! finds the servers that keep their data there.
//!
//! Everything is below one folder: `postgres/`, `nats/`, and `secrets.json` (readable by its owner
//! only) with what was generated at the first start: the services' database passwords and the
//! master key.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::{Environment, Service};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use service::settings::SecretString;
use sha2::Sha256;

use crate::configuration::Configuration;

/// What is where in the folder.
pub(crate) const POSTGRES: &str = "postgres";
pub(crate) const NATS: &str = "nats";

/// Where the log's last checkpoint is kept, within it.
const CHECKPOINTS: &str = "checkpoints";
const SECRETS: &str = "secrets.json";

/// The name of the database.
pub(crate) const DATABASE: &str = "mandate";

/// What was generated at the first start. Never printed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Secrets {
    pub(crate) database_passwords: BTreeMap<Service, String>,
    pub(crate) master_key: String,
}

/// The folder that is used when none is named.
///
/// # Errors
/// When the account has no home.
pub(crate) fn default_data_dir() -> anyhow::Result<PathBuf> {
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

impl Secrets {
    /// The secrets of this folder, generated if it has none yet.
    pub(crate) fn of(folder: &Path) -> anyhow::Result<Self> {
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

    /// Another key for this use, made of the master key: folders of every version have it, and whoever has the
    /// one learns nothing of the other's.
    ///
    /// # Errors
    /// When the master key is damaged.
    pub(crate) fn derived_key(&self, label: &[u8]) -> anyhow::Result<String> {
        let master = STANDARD.decode(&self.master_key).context("the master key is damaged")?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&master)?;
        mac.update(label);
        Ok(STANDARD.encode(mac.finalize().into_bytes()))
    }

    fn generate(environment: &Environment) -> Self {
        let password = |service| (service, hex::encode(environment.bytes::<24>()));
        Self {
            database_passwords: Service::ALL.into_iter().map(password).collect(),
            master_key: STANDARD.encode(environment.bytes::<32>()),
        }
    }
}

/// The address of a service's database on the private server that listens on this port.
pub(crate) fn database_url(service: Service, password: &str, port: u16) -> String {
    let role = service.role();
    format!("postgres://{role}:{password}@127.0.0.1:{port}/{DATABASE}")
}

/// Writes the address of this service's database into the configuration, for another process than
/// the one that runs the server.
///
/// # Errors
/// When the folder has no server's data, or it cannot be read.
pub(crate) fn reach_postgres(
    folder: &Path,
    service: Service,
    configuration: &mut Configuration,
) -> anyhow::Result<()> {
    let path = folder.join(SECRETS);
    let text = std::fs::read_to_string(&path).with_context(|| {
        let folder = folder.display();
        format!("{folder} is no folder of a `mandate up`: name one with --data-dir, or the database with --database-url")
    })?;
    let secrets: Secrets =
        serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?;
    let password = secrets.database_passwords.get(&service);
    let port = local_servers::used_port(&folder.join(POSTGRES));
    let (Some(password), Some(port)) = (password, port) else {
        bail!("{} has no database: name it with --database-url", folder.display());
    };
    let login = configuration.logins.entry(service).or_default();
    login.database_url = database_url(service, password, port).into();
    Ok(())
}

/// Gives the settings of the transparency log those of this folder, unless they are set; nothing if it is no folder of
/// a `mandate up`.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn fill_log_settings(
    folder: &Path,
    configuration: &mut Configuration,
) -> anyhow::Result<()> {
    if !folder.join(SECRETS).exists() {
        return Ok(());
    }
    let audit = &mut configuration.audit;
    if audit.master_key.is_empty() {
        let key = Secrets::of(folder)?.derived_key(b"mandate audit.master_key")?;
        audit.master_key = SecretString::from(key);
    }
    if audit.keep_dir.as_os_str().is_empty() {
        audit.keep_dir = folder.join(CHECKPOINTS);
    }
    Ok(())
}

/// The address of the private NATS of this folder, without a user.
///
/// # Errors
/// When the folder has no server's data, or it cannot be read.
pub(crate) fn nats_url(folder: &Path) -> anyhow::Result<String> {
    let port = local_servers::used_port(&folder.join(NATS))
        .with_context(|| format!("{} has no NATS: name it with --nats-url", folder.display()))?;
    Ok(format!("nats://127.0.0.1:{port}"))
}

/// Writes a file that only its owner may read: first under another name, so that a crash leaves
/// either the whole file or none.
///
/// # Errors
/// When the folder cannot be written to.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
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
        let derived = first.derived_key(b"one").unwrap();
        assert_eq!(derived, second.derived_key(b"one").unwrap());
        assert_ne!(derived, first.derived_key(b"two").unwrap());
        assert_eq!(STANDARD.decode(derived).unwrap().len(), 32);
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
