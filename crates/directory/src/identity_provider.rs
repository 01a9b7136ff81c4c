//! An organization's provider of identities (OpenID Connect): how it is set up, which email domains are its, and
//! whose email counts on its word.
//!
//! An owner sets it up and claims domains; an operator confirms them. Only then is it in effect. Another issuer is
//! another provider, of which nothing is confirmed.

use chrono::{DateTime, Utc};
use contract::facts::{
    IdentityProviderConfigured, IdentityProviderDetails, IdentityProviderDomainsConfirmed,
    IdentityProviderRemoved, SignInRefusal,
};
use contract::rpc::MemberRole;
use contract::{IdentityProviderId, OrganizationId, PersonId, Version};
use service::{Fault, FaultCode};

use crate::fields::{Email, FieldError};
use crate::identity_provider_setup::Setup;

/// A provider as it is stored, without its client secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdentityProvider {
    /// Its id.
    pub(crate) id: IdentityProviderId,
    /// Whose it is.
    pub(crate) organization_id: OrganizationId,
    /// Its issuer: a URL, compared to the letter (OpenID Connect Discovery section 4.3).
    pub(crate) issuer: String,
    /// The client that we are there.
    pub(crate) client_id: String,
    /// The email domains that are claimed for it, sorted.
    pub(crate) domains: Vec<ClaimedDomain>,
    /// Whether its word for an email of its domains counts although it does not say that it verified it.
    pub(crate) vouches_for_domains: bool,
    /// The role of members who appear by signing in.
    pub(crate) default_role: MemberRole,
    /// Whether nobody acts for the organization but by signing in here, once it is in effect.
    pub(crate) required: bool,
    /// When it was set up.
    pub(crate) created_at: DateTime<Utc>,
    /// When it was removed.
    pub(crate) removed_at: Option<DateTime<Utc>>,
    /// The version of its last event.
    pub(crate) version: Version,
}

/// A domain that an organization says is its provider's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClaimedDomain {
    /// The domain, in lower case: what comes after the `@`.
    pub(crate) domain: String,
    /// When an operator confirmed it, and who.
    pub(crate) confirmed: Option<(DateTime<Utc>, PersonId)>,
}

impl IdentityProvider {
    /// Sets one up.
    pub(crate) fn configure(
        id: IdentityProviderId,
        organization_id: OrganizationId,
        setup: Setup,
        now: DateTime<Utc>,
    ) -> (Self, IdentityProviderConfigured) {
        let domains = setup.domains.into_iter();
        let provider = Self {
            id,
            organization_id,
            issuer: setup.issuer,
            client_id: setup.client_id,
            domains: domains.map(|domain| ClaimedDomain { domain, confirmed: None }).collect(),
            vouches_for_domains: setup.vouches_for_domains,
            default_role: setup.default_role,
            required: setup.required,
            created_at: now,
            removed_at: None,
            version: Version::FIRST,
        };
        let fact = provider.configured(true);
        (provider, fact)
    }

    /// Sets it up differently, with the same issuer; none when nothing is different. What is confirmed and still
    /// claimed stays confirmed. `secret_replaced` is whether the client secret is another one.
    pub(crate) fn reconfigure(
        &self,
        setup: Setup,
        secret_replaced: bool,
    ) -> Option<(Self, IdentityProviderConfigured)> {
        let claimed =
            |domain: String| ClaimedDomain { confirmed: self.confirmation(&domain), domain };
        let next = Self {
            client_id: setup.client_id,
            domains: setup.domains.into_iter().map(claimed).collect(),
            vouches_for_domains: setup.vouches_for_domains,
            default_role: setup.default_role,
            required: setup.required,
            ..self.clone()
        };
        if next == *self && !secret_replaced {
            return None;
        }
        let next = Self { version: self.version.next(), ..next };
        let fact = next.configured(secret_replaced);
        Some((next, fact))
    }

    /// Confirms these of its domains, and no others; none when they are these.
    pub(crate) fn confirm_domains(
        &self,
        confirmed: &[String],
        by: PersonId,
        now: DateTime<Utc>,
    ) -> Result<Option<(Self, IdentityProviderDomainsConfirmed)>, FieldError> {
        if let Some(other) = confirmed.iter().find(|domain| !self.claims(domain)) {
            let message =
                format!("`{other}` is not among the domains that the organization claims");
            return Err(FieldError::new("domains", Fault::new(FaultCode::NotFound, message)));
        }
        let domains = self.domains.iter().map(|claimed| {
            let is_confirmed = confirmed.contains(&claimed.domain);
            ClaimedDomain {
                domain: claimed.domain.clone(),
                confirmed: is_confirmed.then(|| claimed.confirmed.unwrap_or((now, by))),
            }
        });
        let next = Self { domains: domains.collect(), ..self.clone() };
        if next == *self {
            return Ok(None);
        }
        let next = Self { version: self.version.next(), ..next };
        let fact = IdentityProviderDomainsConfirmed {
            identity_provider_id: self.id,
            organization_id: self.organization_id,
            confirmed: u32::try_from(next.confirmed_domains().count()).unwrap_or(u32::MAX),
        };
        Ok(Some((next, fact)))
    }

    /// Removes it. The domains are anybody's to claim from then on.
    pub(crate) fn remove(&self, now: DateTime<Utc>) -> (Self, IdentityProviderRemoved) {
        let fact = IdentityProviderRemoved {
            identity_provider_id: self.id,
            organization_id: self.organization_id,
        };
        let version = self.version.next();
        let domains = Vec::new();
        (Self { removed_at: Some(now), domains, version, ..self.clone() }, fact)
    }

    /// Whether people sign in here: an operator confirmed a domain of its.
    pub(crate) fn is_in_effect(&self) -> bool {
        self.removed_at.is_none() && self.confirmed_domains().next().is_some()
    }

    /// Whether nothing acts for the organization that does not stem from it.
    pub(crate) fn is_enforced(&self) -> bool {
        self.required && self.is_in_effect()
    }

    /// The email of whom the provider has signed in, if its word for it counts: it is of a confirmed domain, and
    /// was verified, or nothing is said of that and the provider vouches for its domains.
    pub(crate) fn vouched_email(
        &self,
        email: Option<&str>,
        verified: Option<bool>,
    ) -> Result<Email, SignInRefusal> {
        // Other letters can become these when they are made small: who has such an address is not who has the other.
        let email = email.filter(|email| email.is_ascii());
        let email = email.and_then(|email| Email::parse("email", email).ok());
        let email = email.ok_or(SignInRefusal::NoEmail)?;
        if !self.confirmed_domains().any(|domain| domain == email.domain()) {
            return Err(SignInRefusal::EmailOutsideDomains);
        }
        match verified {
            Some(true) => Ok(email),
            None if self.vouches_for_domains => Ok(email),
            Some(false) | None => Err(SignInRefusal::EmailNotVerified),
        }
    }

    /// What was typed to set it up: what goes beside its events.
    pub(crate) fn details(&self) -> IdentityProviderDetails {
        IdentityProviderDetails {
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            domains: self.domains.iter().map(|claimed| claimed.domain.clone()).collect(),
            confirmed_domains: self.confirmed_domains().map(str::to_owned).collect(),
        }
    }

    /// For what its client secret is sealed: one row's cannot be put in another's place.
    pub(crate) fn seal_purpose(id: IdentityProviderId) -> Vec<u8> {
        format!("mandate identity provider {id}").into_bytes()
    }

    fn confirmed_domains(&self) -> impl Iterator<Item = &str> {
        let confirmed = self.domains.iter().filter(|claimed| claimed.confirmed.is_some());
        confirmed.map(|claimed| claimed.domain.as_str())
    }

    fn claims(&self, domain: &str) -> bool {
        self.domains.iter().any(|claimed| claimed.domain == domain)
    }

    fn confirmation(&self, domain: &str) -> Option<(DateTime<Utc>, PersonId)> {
        self.domains.iter().find(|claimed| claimed.domain == domain)?.confirmed
    }

    fn configured(&self, client_secret_replaced: bool) -> IdentityProviderConfigured {
        IdentityProviderConfigured {
            identity_provider_id: self.id,
            organization_id: self.organization_id,
            vouches_for_domains: self.vouches_for_domains,
            default_role: self.default_role,
            required: self.required,
            in_effect: self.is_in_effect(),
            client_secret_replaced,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn operator() -> PersonId {
        PersonId::from_uuid(Uuid::from_u128(9))
    }

    fn setup(domains: &[&str]) -> Setup {
        Setup {
            issuer: "https://idp.example.com".to_owned(),
            client_id: "mandate".to_owned(),
            client_secret: None,
            domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
            vouches_for_domains: false,
            default_role: MemberRole::Developer,
            required: true,
        }
    }

    fn configured() -> IdentityProvider {
        let id = IdentityProviderId::from_uuid(Uuid::from_u128(1));
        let organization = OrganizationId::from_uuid(Uuid::from_u128(2));
        let domains = setup(&["example.com", "example.org"]);
        let (provider, fact) = IdentityProvider::configure(id, organization, domains, NOW);
        assert!(!fact.in_effect && fact.client_secret_replaced);
        provider
    }

    fn in_effect() -> IdentityProvider {
        let domains = ["example.com".to_owned()];
        configured().confirm_domains(&domains, operator(), NOW).unwrap().unwrap().0
    }

    #[test]
    fn it_takes_effect_once_an_operator_has_confirmed_a_domain() {
        let provider = configured();
        assert!(!provider.is_in_effect() && !provider.is_enforced());
        let domains = ["example.com".to_owned()];
        let (provider, fact) =
            provider.confirm_domains(&domains, operator(), NOW).unwrap().unwrap();
        assert!(provider.is_in_effect() && provider.is_enforced());
        assert_eq!((fact.confirmed, provider.version.number()), (1, 2));
        assert_eq!(provider.confirm_domains(&domains, operator(), NOW), Ok(None));
        let (provider, fact) = provider.confirm_domains(&[], operator(), NOW).unwrap().unwrap();
        assert_eq!((fact.confirmed, provider.is_enforced()), (0, false));
        let other = ["example.net".to_owned()];
        assert!(provider.confirm_domains(&other, operator(), NOW).is_err());
    }

    #[test]
    fn what_is_still_claimed_stays_confirmed_and_nothing_else_does() {
        let (provider, fact) =
            in_effect().reconfigure(setup(&["example.com", "example.net"]), false).unwrap();
        assert!(fact.in_effect && !fact.client_secret_replaced);
        assert_eq!(provider.details().confirmed_domains, ["example.com"]);
        let (provider, fact) = provider.reconfigure(setup(&["example.net"]), false).unwrap();
        assert!(!fact.in_effect && !provider.is_enforced());
        let (provider, _) = provider.reconfigure(setup(&["example.com"]), false).unwrap();
        assert!(!provider.is_in_effect(), "a domain that was given up has to be confirmed anew");
    }

    #[test]
    fn the_same_again_is_no_change_but_for_another_secret() {
        let same = || setup(&["example.com", "example.org"]);
        assert_eq!(in_effect().reconfigure(same(), false), None);
        assert!(in_effect().reconfigure(same(), true).unwrap().1.client_secret_replaced);
    }

    #[test]
    fn an_email_counts_if_it_is_of_a_confirmed_domain_and_verified_or_vouched_for() {
        let strict = in_effect();
        let vouching = IdentityProvider { vouches_for_domains: true, ..in_effect() };
        let known = Some("Ada@Example.com");
        assert_eq!(strict.vouched_email(known, Some(true)).unwrap().as_str(), "ada@example.com");
        assert!(vouching.vouched_email(known, None).is_ok());
        for (provider, email, verified, refusal) in [
            (&strict, known, None, SignInRefusal::EmailNotVerified),
            (&strict, known, Some(false), SignInRefusal::EmailNotVerified),
            (&vouching, known, Some(false), SignInRefusal::EmailNotVerified),
            (&vouching, Some("ada@example.org"), Some(true), SignInRefusal::EmailOutsideDomains),
            (&vouching, Some("ada@a.example.com"), Some(true), SignInRefusal::EmailOutsideDomains),
            (&vouching, Some("a@example.com@b.org"), Some(true), SignInRefusal::NoEmail),
            (&vouching, None, Some(true), SignInRefusal::NoEmail),
            // A Kelvin sign, which is a `k` in small letters.
            (&vouching, Some("\u{212A}ate@example.com"), Some(true), SignInRefusal::NoEmail),
        ] {
            assert_eq!(provider.vouched_email(email, verified).unwrap_err(), refusal, "{email:?}");
        }
    }

    #[test]
    fn a_removed_one_is_in_effect_no_more() {
        let (removed, _) = in_effect().remove(NOW);
        assert!(!removed.is_in_effect() && !removed.is_enforced());
        assert_eq!(removed.version.number(), 3);
    }
}
