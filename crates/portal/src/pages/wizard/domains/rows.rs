//! The rows of the page: a domain with the levels that it has, and why some are not offered.

use contract::catalogue::Level;

use super::selection::{Acted, Selection};
use crate::api::catalogue::{Domain, LevelEntry, Service};
use crate::faults::Faults;
use crate::texts::Texts;

/// A domain.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) choices: [Choice; 3],
    /// What a rule did, or whom to ask.
    pub(super) said: Option<String>,
    /// The level to ask for, as `<domain>:<level>`, if one is on request.
    pub(super) to_ask: Option<String>,
    pub(super) error: Option<String>,
}

/// A level of it.
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) label: String,
    pub(super) is_chosen: bool,
    pub(super) offer: Offer,
}

/// Whether a level can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    Open,
    /// An operator has to enable it first.
    OnRequest,
    /// The domain has no such level.
    Never,
}

impl Row {
    /// What describes the choice beside its legend.
    pub(super) fn described_by(&self) -> Option<String> {
        self.said.is_some().then(|| format!("{}-said", self.name))
    }
}

/// The rows of a service.
pub(super) fn rows(
    t: &Texts,
    service: &Service,
    enabled: &[String],
    selection: &Selection,
    acted: &[Acted],
    faults: &Faults,
) -> Vec<Row> {
    let row = |(name, domain): (&String, &Domain)| {
        let offer = |level: Level, entry: &Option<LevelEntry>| match entry {
            None => Offer::Never,
            Some(entry) if entry.on_request && !enabled.contains(&format!("{name}:{level}")) => {
                Offer::OnRequest
            }
            Some(_) => Offer::Open,
        };
        let chosen = selection.get(name).copied();
        let choice = |value, level: Option<Level>, offer| Choice {
            value,
            label: label(t, level),
            is_chosen: chosen == level,
            offer,
        };
        let read = offer(Level::Read, &domain.read);
        let manage = offer(Level::Manage, &domain.manage);
        // Who has what is less may ask for more.
        let levels = [(Level::Read, read), (Level::Manage, manage)];
        let on_request = levels.into_iter().find(|(_, offer)| *offer == Offer::OnRequest);
        let done = acted.iter().find(|acted| acted.on == *name);
        let said = done.map(|acted| sentence(t, service, acted));
        let describing = domain.manage.as_ref().or(domain.read.as_ref());
        Row {
            name: name.clone(),
            title: domain.title.clone(),
            description: describing.map(|entry| entry.description.clone()).unwrap_or_default(),
            choices: [
                choice("none", None, Offer::Open),
                choice("read", Some(Level::Read), read),
                choice("manage", Some(Level::Manage), manage),
            ],
            said: said.or_else(|| on_request.map(|_| t.wizard_on_request_whom())),
            to_ask: on_request.map(|(level, _)| format!("{name}:{level}")),
            error: faults.on(name).map(str::to_owned),
        }
    };
    service.domains.iter().map(row).collect()
}

fn label(t: &Texts, level: Option<Level>) -> String {
    match level {
        None => t.level_none(),
        Some(Level::Read) => t.level_read(),
        Some(Level::Manage) => t.level_manage(),
    }
}

fn sentence(t: &Texts, service: &Service, acted: &Acted) -> String {
    let by = service.domains.get(&acted.by).map_or(acted.by.as_str(), |domain| &domain.title);
    let (was, is) = (label(t, acted.was).to_lowercase(), label(t, acted.is).to_lowercase());
    // What is brought along grows; what is excluded shrinks.
    if acted.is > acted.was { t.wizard_brought(is, by) } else { t.wizard_excluded(was, is, by) }
}
