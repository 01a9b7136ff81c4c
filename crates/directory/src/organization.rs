//! Organizations: what one is, and what may change (rules 1 and 2).

use chrono::{DateTime, Utc};
use contract::catalogue::ServiceDomain;
use contract::facts::{
    OrganizationContactConfirmed, OrganizationCreated, OrganizationDetails,
    OrganizationDomainsEnabled, OrganizationEdited, OrganizationField,
};
use contract::{OrganizationId, Version};

use crate::fields::Invalid;
use crate::profile::{Edit, Profile};

/// An organization as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Organization {
    /// Its id.
    pub(crate) id: OrganizationId,
    /// What it tells about itself.
    pub(crate) profile: Profile,
    /// When its contact address was confirmed.
    pub(crate) confirmed_at: Option<DateTime<Utc>>,
    /// The domains on request that an operator enabled, sorted, each once.
    pub(crate) enabled_domains: Vec<ServiceDomain>,
    /// The version of its last event.
    pub(crate) version: Version,
    /// When it was made.
    pub(crate) created_at: DateTime<Utc>,
}

impl Organization {
    /// Makes an organization.
    pub(crate) fn create(
        id: OrganizationId,
        profile: Profile,
        now: DateTime<Utc>,
    ) -> (Self, OrganizationCreated) {
        let fact = OrganizationCreated {
            organization_id: id,
            kind: profile.kind,
            country: profile.country.clone(),
        };
        let organization = Self {
            id,
            profile,
            confirmed_at: None,
            enabled_domains: Vec::new(),
            version: Version::FIRST,
            created_at: now,
        };
        (organization, fact)
    }

    /// Changes what it tells about itself; none when nothing is different. A new contact address has to
    /// be confirmed anew.
    pub(crate) fn edit(&self, edit: &Edit) -> Result<Option<(Self, OrganizationEdited)>, Invalid> {
        let (profile, changed) = self.profile.edited(edit)?;
        if changed.is_empty() {
            return Ok(None);
        }
        let moved = changed.contains(&OrganizationField::ContactEmail);
        let confirmed_at = self.confirmed_at.filter(|_| !moved);
        let next = Self { profile, confirmed_at, ..self.next() };
        Ok(Some((next, OrganizationEdited { organization_id: self.id, changed })))
    }

    /// Confirms the contact address; none when it is confirmed.
    pub(crate) fn confirm_contact(
        &self,
        now: DateTime<Utc>,
    ) -> Option<(Self, OrganizationContactConfirmed)> {
        if self.confirmed_at.is_some() {
            return None;
        }
        let next = Self { confirmed_at: Some(now), ..self.next() };
        Some((next, OrganizationContactConfirmed { organization_id: self.id }))
    }

    /// Sets which domains on request it may ask for; none when they are these. They come from
    /// [`crate::enabled_domains::parse`].
    pub(crate) fn enable_domains(
        &self,
        domains: Vec<ServiceDomain>,
    ) -> Option<(Self, OrganizationDomainsEnabled)> {
        if self.enabled_domains == domains {
            return None;
        }
        let fact =
            OrganizationDomainsEnabled { organization_id: self.id, domains: domains.clone() };
        Some((Self { enabled_domains: domains, ..self.next() }, fact))
    }

    /// What was typed to describe it: what goes beside its events.
    pub(crate) fn details(&self) -> OrganizationDetails {
        OrganizationDetails {
            name: self.profile.name.clone(),
            website: self.profile.website.clone(),
            description: self.profile.description.clone(),
        }
    }

    fn next(&self) -> Self {
        Self { version: self.version.next(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::profile::{OptionalEdit, tests::RAW};

    fn confirmed() -> Organization {
        let id = OrganizationId::from_uuid(Uuid::from_u128(1));
        let profile = Profile::parse(RAW).unwrap();
        let (organization, _) = Organization::create(id, profile, DateTime::UNIX_EPOCH);
        organization.confirm_contact(DateTime::UNIX_EPOCH).unwrap().0
    }

    #[test]
    fn an_address_is_confirmed_once() {
        let organization = confirmed();
        assert_eq!(organization.version, Version::FIRST.next());
        assert_eq!(organization.confirm_contact(DateTime::UNIX_EPOCH), None);
    }

    #[test]
    fn only_a_new_contact_address_has_to_be_confirmed_anew() {
        let edit = Edit { website: OptionalEdit::Clear, ..Edit::default() };
        let (organization, fact) = confirmed().edit(&edit).unwrap().unwrap();
        assert_eq!(fact.changed, [OrganizationField::Website]);
        assert!(organization.confirmed_at.is_some());
        let edit = Edit { contact_email: Some("new@example.com".into()), ..Edit::default() };
        let (organization, fact) = organization.edit(&edit).unwrap().unwrap();
        assert_eq!(fact.changed, [OrganizationField::ContactEmail]);
        assert_eq!((organization.confirmed_at, organization.version.number()), (None, 4));
        assert_eq!(organization.edit(&edit), Ok(None));
    }

    #[test]
    fn the_same_domains_again_are_no_change() {
        let domains: Vec<ServiceDomain> = vec!["retail_media/billing:read".parse().unwrap()];
        let (organization, fact) = confirmed().enable_domains(domains.clone()).unwrap();
        assert_eq!((&fact.domains, organization.version.number()), (&domains, 3));
        assert_eq!(organization.enable_domains(domains), None);
    }
}
