//! Memberships: one person's role in one organization, and the rule that an owner stays (rule 3).

use chrono::{DateTime, Utc};
use contract::facts::{MembershipGranted, MembershipRemoved, MembershipRoleChanged};
use contract::rpc::MemberRole;
use contract::{MembershipId, OrganizationId, PersonId, Version};

/// A membership as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Membership {
    /// Its id: a person who comes back has a new one.
    pub(crate) id: MembershipId,
    /// The organization.
    pub(crate) organization_id: OrganizationId,
    /// The person.
    pub(crate) person_id: PersonId,
    /// The role.
    pub(crate) role: MemberRole,
    /// The version of its last event.
    pub(crate) version: Version,
    /// Since when.
    pub(crate) created_at: DateTime<Utc>,
    /// Whether members may see what the person is called: not if an earlier version let somebody grant it who
    /// could not, without asking the person.
    pub(crate) shows_name: bool,
}

/// The organization would be left without an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an organization keeps at least one owner: make somebody else an owner first")]
pub(crate) struct LastOwner;

impl Membership {
    /// Makes somebody a member who is none: who has accepted, or whom an operator makes one.
    pub(crate) fn grant(
        id: MembershipId,
        organization_id: OrganizationId,
        person_id: PersonId,
        role: MemberRole,
        now: DateTime<Utc>,
    ) -> (Self, MembershipGranted) {
        let fact = MembershipGranted { membership_id: id, organization_id, person_id, role };
        let (version, created_at, shows_name) = (Version::FIRST, now, true);
        (Self { id, organization_id, person_id, role, version, created_at, shows_name }, fact)
    }

    /// Gives the member another role, given how many owners the organization has now; none when
    /// the role is held already.
    ///
    /// The count holds only while the organization's row is locked.
    pub(crate) fn change_role(
        &self,
        role: MemberRole,
        owners: i64,
    ) -> Result<Option<(Self, MembershipRoleChanged)>, LastOwner> {
        if role == self.role {
            return Ok(None);
        }
        self.can_cease(owners)?;
        let fact = MembershipRoleChanged {
            membership_id: self.id,
            organization_id: self.organization_id,
            person_id: self.person_id,
            role,
            previous_role: self.role,
        };
        Ok(Some((Self { role, version: self.version.next(), ..self.clone() }, fact)))
    }

    /// Ends the membership, given how many owners the organization has now. The membership as it ends.
    pub(crate) fn remove(&self, owners: i64) -> Result<(Self, MembershipRemoved), LastOwner> {
        self.can_cease(owners)?;
        let fact = MembershipRemoved {
            membership_id: self.id,
            organization_id: self.organization_id,
            person_id: self.person_id,
        };
        Ok((Self { version: self.version.next(), ..self.clone() }, fact))
    }

    /// Whether it can be something else, or nothing, given how many owners the organization has now.
    pub(crate) fn can_cease(&self, owners: i64) -> Result<(), LastOwner> {
        if self.role == MemberRole::Owner && owners <= 1 { Err(LastOwner) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn member(role: MemberRole) -> Membership {
        let (membership, _) = Membership::grant(
            MembershipId::from_uuid(Uuid::from_u128(1)),
            OrganizationId::from_uuid(Uuid::from_u128(2)),
            PersonId::from_uuid(Uuid::from_u128(3)),
            role,
            DateTime::UNIX_EPOCH,
        );
        membership
    }

    #[test]
    fn the_last_owner_can_neither_leave_nor_be_demoted() {
        let owner = member(MemberRole::Owner);
        assert_eq!(owner.remove(1), Err(LastOwner));
        assert_eq!(owner.change_role(MemberRole::Auditor, 1), Err(LastOwner));
        assert_eq!(owner.change_role(MemberRole::Owner, 1), Ok(None));
    }

    #[test]
    fn one_of_two_owners_can_go() {
        let owner = member(MemberRole::Owner);
        let (ended, removed) = owner.remove(2).unwrap();
        assert_eq!((ended.version.number(), removed.membership_id), (2, owner.id));
        let (demoted, changed) = owner.change_role(MemberRole::Developer, 2).unwrap().unwrap();
        assert_eq!((demoted.version.number(), demoted.role), (2, MemberRole::Developer));
        assert_eq!(
            (changed.role, changed.previous_role),
            (MemberRole::Developer, MemberRole::Owner)
        );
    }

    #[test]
    fn others_come_and_go_as_they_like() {
        let developer = member(MemberRole::Developer);
        assert!(developer.remove(1).is_ok());
        assert!(developer.change_role(MemberRole::Owner, 1).is_ok_and(|change| change.is_some()));
    }
}
