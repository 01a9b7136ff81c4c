//! Entitlements: what an organization is entitled to ask for, by the catalogue and by what an operator
//! enabled for it.

use contract::catalogue::{Catalogue, DomainLevel, ResolvedDomain, SelectionError};

/// What an organization is entitled to ask for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entitlements<'a> {
    /// The catalogue.
    pub(crate) catalogue: &'a Catalogue,
    /// The domains on request that an operator enabled for it, as `<service>/<domain>:<level>`.
    pub(crate) enabled: &'a [String],
}

/// What an organization is not entitled to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotEntitled {
    /// Domains are a service's.
    #[error("choose a service before its domains")]
    DomainsWithoutService,
    /// The catalogue has no such service.
    #[error("{0}")]
    Service(SelectionError),
    /// The catalogue's rules are against this domain.
    #[error("{error}")]
    Domain {
        /// Its place in what was asked for.
        index: usize,
        /// The rule.
        error: SelectionError,
    },
}

impl Entitlements<'_> {
    /// What is asked for, with what the rules bring along; or the rule against it and its place.
    pub(crate) fn select(
        &self,
        service: Option<&str>,
        wanted: &[DomainLevel],
    ) -> Result<Vec<DomainLevel>, NotEntitled> {
        let Some(service) = service else {
            return if wanted.is_empty() {
                Ok(Vec::new())
            } else {
                Err(NotEntitled::DomainsWithoutService)
            };
        };
        let selected = self.catalogue.select(service, wanted, self.enabled);
        selected.map_err(|error| NotEntitled::of(error, wanted))
    }
}

impl NotEntitled {
    /// The rule, and the place of the domain that it is against.
    fn of(error: SelectionError, wanted: &[DomainLevel]) -> Self {
        let place =
            |guilty: &dyn Fn(&DomainLevel) -> bool| wanted.iter().position(guilty).unwrap_or(0);
        let index = match &error {
            SelectionError::UnknownService(_) => return Self::Service(error),
            // The error names at most 64 characters of it.
            SelectionError::UnknownDomain(name) => {
                place(&|want| want.domain.chars().take(64).eq(name.chars()))
            }
            SelectionError::UnknownLevel { domain, level } => {
                place(&|want| want.domain == *domain && want.level == *level)
            }
            SelectionError::Twice(name) => {
                wanted.iter().rposition(|want| want.domain == *name).unwrap_or(0)
            }
            SelectionError::NotEnabled(guilty) | SelectionError::Excluded { other: guilty, .. } => {
                place(&|want| want == guilty)
            }
        };
        Self::Domain { index, error }
    }
}

/// What a selection becomes, and all that is against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolution {
    /// What results.
    pub(crate) domains: Vec<ResolvedDomain>,
    /// What is against it.
    pub(crate) conflicts: Vec<NotEntitled>,
}

/// Tries a selection. What is enabled is known of an organization only.
pub(crate) fn resolve(
    catalogue: &Catalogue,
    service: &str,
    wanted: &[DomainLevel],
    enabled: Option<&[String]>,
) -> Result<Resolution, NotEntitled> {
    let selection = catalogue
        .resolve(service, wanted, enabled)
        .map_err(|error| NotEntitled::of(error, wanted))?;
    let conflicts = selection.conflicts.into_iter().map(|error| NotEntitled::of(error, wanted));
    Ok(Resolution { domains: selection.domains, conflicts: conflicts.collect() })
}

/// Whether one of these domains is on request: whether the organization is entitled to it then takes
/// knowing what an operator enabled for it.
pub(crate) fn any_on_request(
    catalogue: &Catalogue,
    service: Option<&str>,
    domains: &[DomainLevel],
) -> bool {
    let Some(Ok(service)) = service.map(|name| catalogue.service(name)) else {
        return false;
    };
    domains.iter().any(|want| service.level(want).is_ok_and(|level| level.on_request))
}

#[cfg(test)]
mod tests {
    use contract::catalogue::Level::{self, Manage, Read};

    use super::*;

    const SERVICE: Option<&str> = Some("retail_media");

    fn domains(names: &[(&str, Level)]) -> Vec<DomainLevel> {
        let domain = |(name, level): &(&str, Level)| DomainLevel {
            domain: (*name).to_owned(),
            level: *level,
        };
        names.iter().map(domain).collect()
    }

    fn select(names: &[(&str, Level)], enabled: &[&str]) -> Result<Vec<DomainLevel>, NotEntitled> {
        let enabled: Vec<_> = enabled.iter().map(ToString::to_string).collect();
        let entitlements = Entitlements { catalogue: &Catalogue::default(), enabled: &enabled };
        entitlements.select(SERVICE, &domains(names))
    }

    #[test]
    fn a_refused_domain_is_named_by_its_place() {
        let place = |names| match select(names, &["retail_media/accounts:manage"]) {
            Err(NotEntitled::Domain { index, .. }) => index,
            other => panic!("{other:?}"),
        };
        assert_eq!(place(&[("analytics", Read), ("a", Read), ("audiences", Read)]), 1);
        assert_eq!(place(&[("campaigns", Read), ("analytics", Manage)]), 1);
        assert_eq!(place(&[("campaigns", Read), ("analytics", Read), ("campaigns", Manage)]), 2);
        assert_eq!(place(&[("campaigns", Read), ("billing", Read)]), 1);
        assert_eq!(place(&[("accounts", Manage), ("analytics", Read)]), 1);
    }

    #[test]
    fn managing_accounts_brings_reading_campaigns() {
        let selected = select(&[("accounts", Manage)], &["retail_media/accounts:manage"]).unwrap();
        assert_eq!(selected, domains(&[("accounts", Manage), ("campaigns", Read)]));
    }

    #[test]
    fn domains_are_a_services() {
        let catalogue = Catalogue::default();
        let entitlements = Entitlements { catalogue: &catalogue, enabled: &[] };
        assert_eq!(entitlements.select(None, &[]), Ok(Vec::new()));
        let refused = entitlements.select(None, &domains(&[("campaigns", Read)]));
        assert_eq!(refused, Err(NotEntitled::DomainsWithoutService));
        assert!(matches!(entitlements.select(Some("no_such"), &[]), Err(NotEntitled::Service(_))));
    }

    #[test]
    fn only_domains_on_request_take_knowing_what_is_enabled() {
        let catalogue = Catalogue::default();
        let on_request =
            |service, name| any_on_request(&catalogue, service, &domains(&[(name, Read)]));
        assert!(on_request(SERVICE, "billing"));
        assert!(!on_request(SERVICE, "campaigns"));
        assert!(!on_request(SERVICE, "no_such"));
        assert!(!on_request(None, "billing"));
    }
}
