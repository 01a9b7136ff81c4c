//! What can be set about this service.

use chrono::Duration;
use serde::{Deserialize, Serialize};
use service::StartError;
use service::settings::SecretString;

use service::master_key::{MasterKey, MasterKeyError};

use crate::key_notice::NoticeDays;
use crate::key_replacement::Bounds;

/// The settings under `key_issuer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Seals the signing keys in the database: base64 of 32 bytes, as `openssl rand -base64 32`
    /// prints them. Whoever loses it loses the signing key, and all replicas need the same.
    pub master_key: SecretString,
    /// The `iss` of access tokens (RFC 9068): the address under which callers reach this
    /// installation, such as `https://mandate.example.com`. Empty: the installation's base URL.
    pub issuer: String,
    /// The `aud` of access tokens: for which API they are. Empty: the issuer.
    pub audience: String,
    /// For how long an access token is good, in seconds.
    pub access_token_seconds: u32,
    /// How many live keys an app may have. At most twice as many work at a time: deleted ones in their
    /// grace included.
    pub max_keys_per_app: u32,
    /// For how long a deleted key works on, in seconds.
    pub deletion_grace_seconds: u32,
    /// For how many days at most a key that was replaced may work on.
    pub max_replaced_key_days: u16,
    /// How many days before a key's expiry it is told, by an event and by mail; each number once.
    pub notice_days: Vec<u16>,
    /// Adds `"refresh_token": null` to answers, for a widely used SDK that fails without it. Stricter
    /// clients fail with it.
    pub null_refresh_token: bool,
    /// How often it is looked for keys that expired, or will soon, in seconds. They stop working on time anyway;
    /// this is how late their event may be.
    pub expiry_sweep_seconds: u32,
    /// How old the view of apps may be, in seconds: since when, at the latest, it was known that no event of
    /// the app registry is missing in it. On an older one no token is issued and none is checked, because an
    /// app may have been suspended since. Past a tenth of it the process is not ready.
    pub max_apps_age_seconds: u32,
}

/// The least age that can be set: the view is compared every few seconds, and a comparison takes a while.
const LEAST_APPS_AGE_SECONDS: u32 = 60;

impl Default for Settings {
    fn default() -> Self {
        Self {
            master_key: SecretString::default(),
            issuer: String::new(),
            audience: String::new(),
            access_token_seconds: 900,
            max_keys_per_app: 5,
            deletion_grace_seconds: 900,
            max_replaced_key_days: 90,
            notice_days: vec![90, 60, 30, 15, 7, 1],
            null_refresh_token: false,
            expiry_sweep_seconds: 5,
            max_apps_age_seconds: 900,
        }
    }
}

impl Settings {
    /// Checks what a wrong value would break later.
    pub(crate) fn check(&self) -> Result<(), StartError> {
        if self.issuer.is_empty() {
            return Err(StartError::setting(
                "key_issuer.issuer",
                "it is the address of this installation, and missing",
            ));
        }
        for (setting, value) in [
            ("key_issuer.access_token_seconds", self.access_token_seconds),
            ("key_issuer.max_keys_per_app", self.max_keys_per_app),
            ("key_issuer.expiry_sweep_seconds", self.expiry_sweep_seconds),
        ] {
            if value == 0 {
                return Err(StartError::setting(setting, "it must be 1 or more"));
            }
        }
        if self.max_replaced_key_days == 0 {
            let reason = "it must be 1 or more";
            return Err(StartError::setting("key_issuer.max_replaced_key_days", reason));
        }
        self.notice_days()?;
        if self.max_apps_age_seconds < LEAST_APPS_AGE_SECONDS {
            return Err(StartError::setting(
                "key_issuer.max_apps_age_seconds",
                format!("it must be {LEAST_APPS_AGE_SECONDS} or more"),
            ));
        }
        Ok(())
    }

    pub(crate) fn master_key(&self) -> Result<MasterKey, MasterKeyError> {
        MasterKey::parse(self.master_key.reveal())
    }

    /// The `aud` of access tokens.
    pub(crate) fn audience(&self) -> &str {
        if self.audience.is_empty() { &self.issuer } else { &self.audience }
    }

    /// How many live keys an app may have.
    pub(crate) fn max_keys_per_app(&self) -> usize {
        usize::try_from(self.max_keys_per_app).unwrap_or(usize::MAX)
    }

    /// How old the view of apps may be.
    pub(crate) fn max_apps_age(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.max_apps_age_seconds.into())
    }

    /// At which age of the view of apps operators are told.
    pub(crate) fn late_apps_age(&self) -> std::time::Duration {
        self.max_apps_age() / 10
    }

    pub(crate) fn grace(&self) -> Duration {
        Duration::seconds(self.deletion_grace_seconds.into())
    }

    /// How many days before a key's expiry it is told.
    pub(crate) fn notice_days(&self) -> Result<NoticeDays, StartError> {
        NoticeDays::new(&self.notice_days)
            .map_err(|reason| StartError::setting("key_issuer.notice_days", reason))
    }

    /// How keys are replaced.
    pub(crate) fn replacement_bounds(&self) -> Bounds {
        Bounds {
            live: self.max_keys_per_app(),
            grace: self.grace(),
            longest: Duration::days(self.max_replaced_key_days.into()),
        }
    }

    pub(crate) fn access_token_lifetime(&self) -> Duration {
        Duration::seconds(self.access_token_seconds.into())
    }
}
