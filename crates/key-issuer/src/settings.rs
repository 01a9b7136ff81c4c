//! What can be set about this service.

use chrono::Duration;
use serde::{Deserialize, Serialize};
use service::StartError;
use service::settings::SecretString;

use crate::master_key::{MasterKey, MasterKeyError};

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
    /// Adds `"refresh_token": null` to answers, for a widely used SDK that fails without it. Stricter
    /// clients fail with it.
    pub null_refresh_token: bool,
    /// How often it is looked for keys that expired, in seconds. They stop working on time anyway;
    /// this is how late their event may be.
    pub expiry_sweep_seconds: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            master_key: SecretString::default(),
            issuer: String::new(),
            audience: String::new(),
            access_token_seconds: 900,
            max_keys_per_app: 5,
            deletion_grace_seconds: 900,
            null_refresh_token: false,
            expiry_sweep_seconds: 5,
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

    pub(crate) fn grace(&self) -> Duration {
        Duration::seconds(self.deletion_grace_seconds.into())
    }

    pub(crate) fn access_token_lifetime(&self) -> Duration {
        Duration::seconds(self.access_token_seconds.into())
    }
}
