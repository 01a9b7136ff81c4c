//! Confirming an organization's contact address by a mailed link (rule 2).

use chrono::{DateTime, TimeDelta, Utc};
use contract::facts::{ContactConfirmationCompleted, ContactConfirmationRequested};
use contract::{ContactConfirmationId, OrganizationId, Version};

use crate::fields::Email;
use crate::mailed_link::{LinkRefusal, usable};
use crate::organization::Organization;

/// A confirmation that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ContactConfirmation {
    /// Its id.
    pub(crate) id: ContactConfirmationId,
    /// The organization.
    pub(crate) organization_id: OrganizationId,
    /// The address that it confirms.
    pub(crate) email: Email,
    /// When it was asked for.
    pub(crate) requested_at: DateTime<Utc>,
    /// When its link stops working.
    pub(crate) expires_at: DateTime<Utc>,
    /// When its link was used.
    pub(crate) completed_at: Option<DateTime<Utc>>,
    /// The version of its last event.
    pub(crate) version: Version,
}

impl ContactConfirmation {
    /// Asks whoever reads the mail of the organization's contact address to confirm it.
    pub(crate) fn request(
        id: ContactConfirmationId,
        organization: &Organization,
        lifetime: TimeDelta,
        now: DateTime<Utc>,
    ) -> (Self, ContactConfirmationRequested) {
        let (organization_id, expires_at) = (organization.id, now + lifetime);
        let confirmation = Self {
            id,
            organization_id,
            email: organization.profile.contact_email.clone(),
            requested_at: now,
            expires_at,
            completed_at: None,
            version: Version::FIRST,
        };
        let confirmation_id = id;
        (
            confirmation,
            ContactConfirmationRequested { confirmation_id, organization_id, expires_at },
        )
    }

    /// Uses the link. It confirms the address to which it was mailed, and no other.
    pub(crate) fn complete(
        &self,
        organization: &Organization,
        now: DateTime<Utc>,
    ) -> Result<(Self, ContactConfirmationCompleted), LinkRefusal> {
        usable(self.completed_at, self.expires_at, now)?;
        if organization.profile.contact_email != self.email {
            return Err(LinkRefusal::Outdated);
        }
        let (confirmation_id, organization_id) = (self.id, self.organization_id);
        let next = Self { completed_at: Some(now), version: self.version.next(), ..self.clone() };
        Ok((next, ContactConfirmationCompleted { confirmation_id, organization_id }))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::profile::{Edit, Profile, tests::RAW};

    const START: DateTime<Utc> = DateTime::UNIX_EPOCH;
    const LIFETIME: TimeDelta = TimeDelta::days(7);

    fn organization() -> Organization {
        let id = OrganizationId::from_uuid(Uuid::from_u128(1));
        Organization::create(id, Profile::parse(RAW).unwrap(), START).0
    }

    fn confirmation() -> ContactConfirmation {
        let id = ContactConfirmationId::from_uuid(Uuid::from_u128(2));
        let (confirmation, fact) =
            ContactConfirmation::request(id, &organization(), LIFETIME, START);
        assert_eq!(fact.expires_at, START + LIFETIME);
        confirmation
    }

    #[test]
    fn a_link_is_used_once_and_before_its_time_runs_out() {
        let last = START + LIFETIME - TimeDelta::microseconds(1);
        let (used, fact) = confirmation().complete(&organization(), last).unwrap();
        assert_eq!((used.version.number(), fact.organization_id), (2, organization().id));
        let again = used.complete(&organization(), last);
        assert_eq!(again, Err(LinkRefusal::Used { at: last }));
        let end = START + LIFETIME;
        let late = confirmation().complete(&organization(), end);
        assert_eq!(late, Err(LinkRefusal::Expired { at: end }));
    }

    #[test]
    fn it_confirms_no_other_address_than_the_one_it_was_mailed_to() {
        let edit = Edit { contact_email: Some("new@example.com".into()), ..Edit::default() };
        let (moved, _) = organization().edit(&edit).unwrap().unwrap();
        assert_eq!(confirmation().complete(&moved, START), Err(LinkRefusal::Outdated));
    }
}
