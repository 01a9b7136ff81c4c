//! Domains at a level, as the catalogue names them, and the only reader of their text.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::patterns;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How much of a domain an app may do.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// See.
    Read,
    /// See and change.
    Manage,
}

/// Text that names no domain at a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a domain is written as `<domain>:read` or `<domain>:manage`")]
pub struct InvalidDomainLevel;

impl FromStr for Level {
    type Err = InvalidDomainLevel;
    fn from_str(text: &str) -> Result<Self, InvalidDomainLevel> {
        match text {
            "read" => Ok(Self::Read),
            "manage" => Ok(Self::Manage),
            _ => Err(InvalidDomainLevel),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Manage => "manage",
        })
    }
}

/// A domain at a level: one thing an app asks for.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema,
)]
pub struct DomainLevel {
    /// The domain's name in the catalogue, such as `campaigns`.
    #[schemars(regex(pattern = patterns::NAME))]
    pub domain: String,
    /// The level. Manage implies read.
    pub level: Level,
}

impl fmt::Display for DomainLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.domain, self.level)
    }
}

/// That the catalogue has such a domain is not said by its form.
impl FromStr for DomainLevel {
    type Err = InvalidDomainLevel;
    fn from_str(text: &str) -> Result<Self, InvalidDomainLevel> {
        let (domain, level) = text.split_once(':').ok_or(InvalidDomainLevel)?;
        if !is_name(domain) {
            return Err(InvalidDomainLevel);
        }
        Ok(Self { domain: domain.to_owned(), level: level.parse()? })
    }
}

/// A domain at a level with its service, written as `<service>/<domain>:<level>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ServiceDomain {
    /// The service's name in the catalogue, such as `retail_media`.
    pub service: String,
    /// What of it.
    pub domain: DomainLevel,
}

impl JsonSchema for ServiceDomain {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ServiceDomain".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": patterns::SERVICE_DOMAIN,
        })
    }
}

impl fmt::Display for ServiceDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service, self.domain)
    }
}

impl From<ServiceDomain> for String {
    fn from(domain: ServiceDomain) -> Self {
        domain.to_string()
    }
}

impl FromStr for ServiceDomain {
    type Err = InvalidDomainLevel;
    fn from_str(text: &str) -> Result<Self, InvalidDomainLevel> {
        let (service, domain) = text.split_once('/').ok_or(InvalidDomainLevel)?;
        if !is_name(service) {
            return Err(InvalidDomainLevel);
        }
        Ok(Self { service: service.to_owned(), domain: domain.parse()? })
    }
}

impl TryFrom<String> for ServiceDomain {
    type Error = InvalidDomainLevel;
    fn try_from(text: String) -> Result<Self, InvalidDomainLevel> {
        text.parse()
    }
}

/// Whether it can be the name of a service or a domain. The tables that hold one check the same.
pub(super) fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}
