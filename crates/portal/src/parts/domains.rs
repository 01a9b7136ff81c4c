//! What an app may do, in words.

use contract::catalogue::{DomainLevel, Level};

use crate::api::catalogue::Catalogue;
use crate::texts::Texts;

/// A domain at a level.
#[derive(Debug)]
pub(crate) struct Allowed {
    /// What it is called; the bare name of one that has left the catalogue.
    pub(crate) title: String,
    pub(crate) level: String,
    /// What the level allows.
    pub(crate) description: Option<String>,
}

/// These domains of a service.
pub(crate) fn in_words(
    t: &Texts,
    catalogue: &Catalogue,
    service: Option<&str>,
    domains: &[DomainLevel],
) -> Vec<Allowed> {
    let service = service.and_then(|name| catalogue.services.get(name));
    let allowed = domains.iter().map(|asked| {
        let domain = service.and_then(|service| service.domains.get(&asked.domain));
        let entry = domain.and_then(|domain| match asked.level {
            Level::Read => domain.read.as_ref(),
            Level::Manage => domain.manage.as_ref(),
        });
        Allowed {
            title: domain.map_or_else(|| asked.domain.clone(), |domain| domain.title.clone()),
            level: match asked.level {
                Level::Read => t.level_read(),
                Level::Manage => t.level_manage(),
            },
            description: entry.map(|entry| entry.description.clone()),
        }
    });
    allowed.collect()
}
