//! What becomes of a selection under the rules of the catalogue: the one place that knows them, for who saves an app
//! and for who shows what would be saved.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use utoipa::ToSchema;

use super::{Catalogue, DomainLevel, Level, LevelEntry, ServiceEntry};

/// Why an app may not ask for these domains.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// No such service.
    #[error("there is no service `{0}`")]
    UnknownService(String),
    /// No such domain.
    #[error("the service has no domain `{0}`")]
    UnknownDomain(String),
    /// The domain does not have the level.
    #[error("the domain `{domain}` cannot be asked for at level {level}")]
    UnknownLevel {
        /// The domain.
        domain: String,
        /// The level it does not have.
        level: Level,
    },
    /// The same domain twice.
    #[error("the domain `{0}` is named twice")]
    Twice(String),
    /// On request, and not enabled.
    #[error("`{0}` is on request: an operator has to enable it for the organization first")]
    NotEnabled(DomainLevel),
    /// One domain excludes the other.
    #[error("`{exclusive}` cannot be combined with `{other}`")]
    Excluded {
        /// The domain that stands alone.
        exclusive: DomainLevel,
        /// The one it excludes.
        other: DomainLevel,
    },
}

/// What a selection becomes under the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// What results: each domain once, at its highest level, sorted.
    pub domains: Vec<ResolvedDomain>,
    /// What is against it, in the order of what was asked for; nothing, if it stands.
    pub conflicts: Vec<SelectionError>,
}

/// A domain that results of a selection, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResolvedDomain {
    /// The domain at its level.
    #[serde(flatten)]
    pub asked: DomainLevel,
    /// Why it is there.
    pub because: Because,
    /// Whether it is offered only to organizations for which an operator enabled it.
    pub on_request: bool,
    /// Whether it is enabled for the organization; null if it is not on request, or that is not known.
    pub enabled: Option<bool>,
}

/// Why a domain is part of a selection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Because {
    /// It was asked for.
    Chosen,
    /// Another domain brings it along.
    BroughtBy(DomainLevel),
}

impl Catalogue {
    /// What a selection of domains of a service becomes. `enabled` holds what an operator enabled for the
    /// organization, as `<service>/<domain>:<level>`; without it nothing is refused for being on request.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn resolve(
        &self,
        service_name: &str,
        wanted: &[DomainLevel],
        enabled: Option<&[String]>,
    ) -> Result<Selection, SelectionError> {
        let service = self.service(service_name)?;
        let is_enabled = |asked: &DomainLevel| {
            enabled.map(|enabled| enabled.contains(&format!("{service_name}/{asked}")))
        };
        let mut named: BTreeMap<&str, usize> = BTreeMap::new();
        for want in wanted {
            *named.entry(&want.domain).or_default() += 1;
        }
        let mut rules = Rules::default();
        for want in wanted {
            match service.level(want) {
                Ok(entry) => {
                    if entry.on_request && is_enabled(want) == Some(false) {
                        rules.conflicts.push(SelectionError::NotEnabled(want.clone()));
                    }
                    rules.choose(want, entry);
                }
                Err(error) => rules.conflicts.push(error),
            }
            // Told at the first of them.
            if named.remove(want.domain.as_str()).is_some_and(|times| times > 1) {
                rules.conflicts.push(SelectionError::Twice(want.domain.clone()));
            }
        }
        for want in BTreeSet::from_iter(wanted) {
            if let Some(entry) = service.level(want).ok().filter(|entry| entry.exclusive) {
                rules.exclude(want, entry, wanted);
            }
        }
        let resolved = |(domain, (level, because)): (String, (Level, Because))| {
            let asked = DomainLevel { domain, level };
            let on_request = is_on_request(service, &asked);
            let enabled = if on_request { is_enabled(&asked) } else { None };
            ResolvedDomain { asked, because, on_request, enabled }
        };
        let domains = rules.selected.into_iter().map(resolved).collect();
        Ok(Selection { domains, conflicts: rules.conflicts })
    }

    /// Checks what an app asks for and adds what the rules bring along. The answer is sorted and
    /// names each domain once, at its highest level.
    ///
    /// `enabled` holds what an operator enabled for the organization, as `<service>/<domain>:<level>`.
    ///
    /// # Errors
    /// The first of the rules that is against it.
    pub fn select(
        &self,
        service_name: &str,
        wanted: &[DomainLevel],
        enabled: &[String],
    ) -> Result<Vec<DomainLevel>, SelectionError> {
        let selection = self.resolve(service_name, wanted, Some(enabled))?;
        match selection.conflicts.into_iter().next() {
            Some(conflict) => Err(conflict),
            None => Ok(selection.domains.into_iter().map(|resolved| resolved.asked).collect()),
        }
    }
}

fn is_on_request(service: &ServiceEntry, asked: &DomainLevel) -> bool {
    service.level(asked).is_ok_and(|entry| entry.on_request)
}

/// What the rules have come to so far.
#[derive(Default)]
struct Rules {
    selected: BTreeMap<String, (Level, Because)>,
    conflicts: Vec<SelectionError>,
}

impl Rules {
    /// Takes what is asked for, and what it brings along.
    fn choose(&mut self, want: &DomainLevel, entry: &LevelEntry) {
        self.add(want.clone(), Because::Chosen);
        for included in &entry.includes {
            // Checked when the catalogue was read: `includes` names levels that exist.
            if let Ok(included) = included.parse() {
                self.add(included, Because::BroughtBy(want.clone()));
            }
        }
    }

    /// The highest level counts; of the same level, that it was chosen.
    fn add(&mut self, DomainLevel { domain, level }: DomainLevel, because: Because) {
        let rank = |level: Level, because: &Because| (level, *because == Because::Chosen);
        let (there, why) = self.selected.entry(domain).or_insert_with(|| (level, because.clone()));
        if rank(level, &because) > rank(*there, why) {
            (*there, *why) = (level, because);
        }
    }

    /// What stands alone excludes every other domain but those it brings along.
    fn exclude(&mut self, alone: &DomainLevel, entry: &LevelEntry, wanted: &[DomainLevel]) {
        let brought: BTreeSet<&str> = entry.includes.iter().map(String::as_str).collect();
        // What is unknown is told as such, and what is named twice once.
        let mut told = BTreeSet::new();
        for other in wanted {
            let is_stranger = other != alone && !brought.contains(other.to_string().as_str());
            let is_known = self.selected.contains_key(&other.domain);
            if is_stranger && is_known && told.insert(other) {
                let (exclusive, other) = (alone.clone(), other.clone());
                self.conflicts.push(SelectionError::Excluded { exclusive, other });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENABLED: &str = "retail_media/accounts:manage";

    fn domain(text: &str) -> DomainLevel {
        text.parse().unwrap()
    }

    fn resolve(wanted: &[&str], enabled: Option<&[String]>) -> Selection {
        let wanted: Vec<_> = wanted.iter().map(|text| domain(text)).collect();
        Catalogue::default().resolve("retail_media", &wanted, enabled).unwrap()
    }

    fn resolved(selection: &Selection) -> Vec<(String, Because)> {
        let pair = |it: &ResolvedDomain| (it.asked.to_string(), it.because.clone());
        selection.domains.iter().map(pair).collect()
    }

    #[test]
    fn each_domain_says_why_it_is_there() {
        let selection = resolve(&["accounts:manage"], Some(&[ENABLED.to_owned()]));
        let brought = Because::BroughtBy(domain("accounts:manage"));
        assert_eq!(
            resolved(&selection),
            [
                ("accounts:manage".to_owned(), Because::Chosen),
                ("campaigns:read".to_owned(), brought),
            ]
        );
        assert_eq!(selection.conflicts, []);
        let [accounts, campaigns] = selection.domains.as_slice() else { panic!() };
        assert_eq!((accounts.on_request, accounts.enabled), (true, Some(true)));
        assert_eq!((campaigns.on_request, campaigns.enabled), (false, None));
        // What was chosen is not said to be brought along, in whichever order.
        for wanted in [["accounts:manage", "campaigns:read"], ["campaigns:read", "accounts:manage"]]
        {
            let selection = resolve(&wanted, Some(&[ENABLED.to_owned()]));
            assert!(selection.domains.iter().all(|it| it.because == Because::Chosen));
        }
    }

    #[test]
    fn all_conflicts_are_told_and_the_first_one_refuses() {
        let wanted = ["accounts:manage", "analytics:read", "nothing:read", "billing:read"];
        let selection = resolve(&wanted, Some(&[]));
        let excluded = |other: &str| SelectionError::Excluded {
            exclusive: domain("accounts:manage"),
            other: domain(other),
        };
        assert_eq!(
            selection.conflicts,
            [
                SelectionError::NotEnabled(domain("accounts:manage")),
                SelectionError::UnknownDomain("nothing".to_owned()),
                SelectionError::NotEnabled(domain("billing:read")),
                excluded("analytics:read"),
                excluded("billing:read"),
            ]
        );
        let asked: Vec<_> = wanted.iter().map(|text| domain(text)).collect();
        let refused = Catalogue::default().select("retail_media", &asked, &[]).unwrap_err();
        assert_eq!(refused, selection.conflicts[0]);
    }

    #[test]
    fn without_knowing_the_organization_nothing_is_refused_for_being_on_request() {
        let selection = resolve(&["billing:read"], None);
        assert_eq!(selection.conflicts, []);
        assert_eq!((selection.domains[0].on_request, selection.domains[0].enabled), (true, None));
    }

    #[test]
    fn a_domain_that_is_named_twice_is_told_once() {
        let selection = resolve(&["campaigns:read", "campaigns:manage", "campaigns:read"], None);
        assert_eq!(selection.conflicts, [SelectionError::Twice("campaigns".to_owned())]);
        assert_eq!(resolved(&selection), [("campaigns:manage".to_owned(), Because::Chosen)]);
    }
}
