//! What apps can ask for: services, their domains and levels, and the rules between them.
//!
//! The catalogue is a file ([`DEFAULT`] unless configured), checked as a whole when it is read, so
//! that a mistake stops the start and not a customer.

mod domain_level;
mod lifetime;
mod selection;
mod translation;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::domain_level::is_name;
pub use self::domain_level::{DomainLevel, InvalidDomainLevel, Level, ServiceDomain};
pub use self::lifetime::{ConsentLifetime, NoLifetime};
pub use self::selection::{Because, ResolvedDomain, Selection, SelectionError};
pub use self::translation::{DomainTexts, ServiceTexts};
use crate::rpc::AccountRole;

/// The catalogue that is used when none is configured.
pub(crate) const DEFAULT: &str = include_str!("../catalogue.toml");

/// All services that apps can be for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Catalogue)]
pub struct Catalogue {
    /// The services, by name.
    pub services: BTreeMap<String, ServiceEntry>,
}

/// One service of the platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceEntry {
    /// Its name for people.
    pub title: String,
    /// A sentence on what it is.
    pub description: String,
    /// How it begins its scopes, such as `RetailMedia`.
    pub scope_prefix: String,
    /// The roles on an account that may consent.
    pub consent_roles: Vec<AccountRole>,
    /// For how many days a consent lasts, from 1 to 3650, or `"none"` if only a revocation ends it. 365 if it is
    /// left out.
    #[serde(default)]
    pub lifetime_days: ConsentLifetime,
    /// Its domains, by name.
    pub domains: BTreeMap<String, DomainEntry>,
    /// Its texts in other languages, by language (BCP 47).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(ignore)]
    pub translations: BTreeMap<String, ServiceTexts>,
}

/// One domain of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DomainEntry {
    /// Its name for people.
    pub title: String,
    /// How its scopes name it, such as `Campaign`.
    pub scope_name: String,
    /// What an app can do with it at level read, in plain words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<LevelEntry>,
    /// What an app can do with it at level manage, in plain words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manage: Option<LevelEntry>,
    /// Its texts in other languages, by language (BCP 47).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(ignore)]
    pub translations: BTreeMap<String, DomainTexts>,
}

/// One level of a domain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelEntry {
    /// What it allows, in a plain sentence that account owners read.
    pub description: String,
    /// Offered only to organizations for which an operator enabled it.
    #[serde(default)]
    pub on_request: bool,
    /// What it brings along, as `<domain>:<level>`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub includes: Vec<String>,
    /// Whether it excludes every domain but those it brings along.
    #[serde(default)]
    pub exclusive: bool,
}

/// A catalogue that contradicts itself.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Not the TOML of a catalogue.
    #[error("the catalogue cannot be read: {0}")]
    Malformed(#[from] toml::de::Error),
    /// An entry breaks a rule.
    #[error("catalogue, {place}: {problem}")]
    Entry {
        /// Where, such as `services.retail_media.domains.accounts.manage`.
        place: String,
        /// What is wrong.
        problem: String,
    },
}

impl Catalogue {
    /// Reads and checks a catalogue.
    pub fn parse(text: &str) -> Result<Self, CatalogueError> {
        let catalogue: Self = toml::from_str(text)?;
        for (service_name, service) in &catalogue.services {
            service.check(service_name)?;
        }
        catalogue.check_translations()?;
        Ok(catalogue)
    }

    /// The service of this name.
    pub fn service(&self, name: &str) -> Result<&ServiceEntry, SelectionError> {
        self.services
            .get(name)
            .ok_or_else(|| SelectionError::UnknownService(name.chars().take(64).collect()))
    }

    /// How long a consent for this service lasts. For one that has left the catalogue, what holds where a
    /// catalogue says nothing.
    pub fn consent_lifetime(&self, service: &str) -> ConsentLifetime {
        self.services.get(service).map(|entry| entry.lifetime_days).unwrap_or_default()
    }

    /// The OAuth scopes (RFC 6749 section 3.3) of these domains. Manage implies read, so both are named.
    pub fn scopes(&self, service_name: &str, domains: &[DomainLevel]) -> Vec<String> {
        let Ok(service) = self.service(service_name) else {
            return Vec::new();
        };
        let mut scopes = Vec::new();
        for wanted in domains {
            let Some(domain) = service.domains.get(&wanted.domain) else {
                continue;
            };
            if domain.read.is_some() {
                scopes.push(format!("{}_{}_Read", service.scope_prefix, domain.scope_name));
            }
            if wanted.level == Level::Manage {
                scopes.push(format!("{}_{}_Manage", service.scope_prefix, domain.scope_name));
            }
        }
        scopes
    }
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::parse(DEFAULT).expect("the default catalogue is checked by this module's tests")
    }
}

impl ServiceEntry {
    /// The entry of a domain at a level.
    pub fn level(&self, wanted: &DomainLevel) -> Result<&LevelEntry, SelectionError> {
        let domain = self.domains.get(&wanted.domain).ok_or_else(|| {
            SelectionError::UnknownDomain(wanted.domain.chars().take(64).collect())
        })?;
        domain.level(wanted.level).ok_or_else(|| SelectionError::UnknownLevel {
            domain: wanted.domain.clone(),
            level: wanted.level,
        })
    }

    fn check(&self, name: &str) -> Result<(), CatalogueError> {
        let wrong = |place: String, problem: &str| {
            Err(CatalogueError::Entry { place, problem: problem.to_owned() })
        };
        let place = format!("services.{name}");
        if !is_name(name) {
            return wrong(
                place,
                "a service's name begins with a lower-case letter and has such letters, digits and underscores",
            );
        }
        if !is_scope_word(&self.scope_prefix) {
            return wrong(
                format!("{place}.scope_prefix"),
                "a scope's parts have letters and digits only",
            );
        }
        if self.consent_roles.is_empty() {
            return wrong(
                format!("{place}.consent_roles"),
                "without a role nobody could ever consent",
            );
        }
        if !self.lifetime_days.is_sensible() {
            return wrong(
                format!("{place}.lifetime_days"),
                &format!(
                    "a consent lasts from 1 to {} days, or `none`",
                    ConsentLifetime::MOST_DAYS
                ),
            );
        }
        if self.domains.is_empty() {
            return wrong(format!("{place}.domains"), "a service has at least one domain");
        }
        for (domain_name, domain) in &self.domains {
            let place = format!("{place}.domains.{domain_name}");
            if !is_name(domain_name) {
                return wrong(
                    place,
                    "a domain's name begins with a lower-case letter and has such letters, digits and underscores",
                );
            }
            if !is_scope_word(&domain.scope_name) {
                return wrong(
                    format!("{place}.scope_name"),
                    "a scope's parts have letters and digits only",
                );
            }
            if domain.read.is_none() && domain.manage.is_none() {
                return wrong(place, "a domain has at least one level, `read` or `manage`");
            }
            for entry in [&domain.read, &domain.manage].into_iter().flatten() {
                for included in &entry.includes {
                    let known = included.parse().is_ok_and(|wanted| self.level(&wanted).is_ok());
                    if !known {
                        return wrong(
                            format!("{place}.includes"),
                            &format!("there is no `{included}`"),
                        );
                    }
                }
            }
        }
        Ok(())
    }
}

impl DomainEntry {
    /// The entry of a level, if the domain has it.
    pub fn level(&self, level: Level) -> Option<&LevelEntry> {
        match level {
            Level::Read => self.read.as_ref(),
            Level::Manage => self.manage.as_ref(),
        }
    }
}

fn is_scope_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests;
