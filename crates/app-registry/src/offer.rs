//! What an organization may choose from: the catalogue, and what an operator enabled for it.

use contract::catalogue::{Catalogue, DomainLevel, SelectionError};

use crate::app::Refusal;

/// What an organization may choose from.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    /// The catalogue.
    pub catalogue: &'a Catalogue,
    /// The domains on request that an operator enabled for it, as `<service>/<domain>:<level>`.
    pub enabled: &'a [String],
}

impl Offer<'_> {
    /// What is chosen, with what the rules bring along; or the rule against it and its place.
    ///
    /// # Errors
    /// [`Refusal::DomainsWithoutService`], [`Refusal::Service`] and [`Refusal::Domain`].
    pub fn choose(
        &self,
        service: Option<&str>,
        wanted: &[DomainLevel],
    ) -> Result<Vec<DomainLevel>, Refusal> {
        let Some(service) = service else {
            return if wanted.is_empty() {
                Ok(Vec::new())
            } else {
                Err(Refusal::DomainsWithoutService)
            };
        };
        self.catalogue.select(service, wanted, self.enabled).map_err(|error| {
            let place =
                |guilty: &dyn Fn(&DomainLevel) -> bool| wanted.iter().position(guilty).unwrap_or(0);
            let index = match &error {
                SelectionError::UnknownService(_) => return Refusal::Service(error),
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
                SelectionError::NotEnabled(guilty)
                | SelectionError::Excluded { other: guilty, .. } => place(&|want| want == guilty),
            };
            Refusal::Domain { index, error }
        })
    }
}

/// Whether choosing these domains takes knowing what an operator enabled for the organization.
pub fn asks_on_request(
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

    fn choose(names: &[(&str, Level)], enabled: &[&str]) -> Result<Vec<DomainLevel>, Refusal> {
        let enabled: Vec<_> = enabled.iter().map(ToString::to_string).collect();
        let offer = Offer { catalogue: &Catalogue::default(), enabled: &enabled };
        offer.choose(SERVICE, &domains(names))
    }

    #[test]
    fn a_refused_domain_is_named_by_its_place() {
        let place = |names| match choose(names, &["retail_media/accounts:manage"]) {
            Err(Refusal::Domain { index, .. }) => index,
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
        let chosen = choose(&[("accounts", Manage)], &["retail_media/accounts:manage"]).unwrap();
        assert_eq!(chosen, domains(&[("accounts", Manage), ("campaigns", Read)]));
    }

    #[test]
    fn domains_are_a_services() {
        let catalogue = Catalogue::default();
        let offer = Offer { catalogue: &catalogue, enabled: &[] };
        assert_eq!(offer.choose(None, &[]), Ok(Vec::new()));
        let refused = offer.choose(None, &domains(&[("campaigns", Read)]));
        assert_eq!(refused, Err(Refusal::DomainsWithoutService));
        assert!(matches!(offer.choose(Some("no_such"), &[]), Err(Refusal::Service(_))));
    }

    #[test]
    fn only_domains_on_request_take_knowing_what_is_enabled() {
        let catalogue = Catalogue::default();
        let asks = |service, name| asks_on_request(&catalogue, service, &domains(&[(name, Read)]));
        assert!(asks(SERVICE, "billing"));
        assert!(!asks(SERVICE, "campaigns"));
        assert!(!asks(SERVICE, "no_such"));
        assert!(!asks(None, "billing"));
    }
}
