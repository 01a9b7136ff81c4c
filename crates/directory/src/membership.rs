//! Memberships: one person's role in one organization, and the rule that an owner stays (rule 3).

use chrono::{DateTime, Utc};
use contract::rpc::MemberRole;
use contract::{MembershipId, OrganizationId, PersonId};

/// A membership as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Membership {
    /// Its id: a person who comes back has a new one.
    pub id: MembershipId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The person.
    pub person_id: PersonId,
    /// The role.
    pub role: MemberRole,
    /// The version of its last event.
    pub version: i64,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// The organization would be left without an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an organization keeps at least one owner: make somebody else an owner first")]
pub struct LastOwner;

impl Membership {
    /// Decides on another role, given how many owners the organization has now. `Ok(false)` when
    /// the role is held already.
    ///
    /// The count holds only while the organization's row is locked.
    pub fn change_role(&self, role: MemberRole, owners: i64) -> Result<bool, LastOwner> {
        if role == self.role {
            return Ok(false);
        }
        self.cease_to_be_owner(owners)?;
        Ok(true)
    }

    /// Decides on the end of the membership, given how many owners the organization has now.
    pub fn remove(&self, owners: i64) -> Result<(), LastOwner> {
        self.cease_to_be_owner(owners)
    }

    fn cease_to_be_owner(&self, owners: i64) -> Result<(), LastOwner> {
        if self.role == MemberRole::Owner && owners <= 1 { Err(LastOwner) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn member(role: MemberRole) -> Membership {
        Membership {
            id: MembershipId::from_uuid(Uuid::from_u128(1)),
            organization_id: OrganizationId::from_uuid(Uuid::from_u128(2)),
            person_id: PersonId::from_uuid(Uuid::from_u128(3)),
            role,
            version: 1,
            created_at: DateTime::from_timestamp(0, 0).unwrap(),
        }
    }

    #[test]
    fn the_last_owner_can_neither_leave_nor_be_demoted() {
        let owner = member(MemberRole::Owner);
        assert_eq!(owner.remove(1), Err(LastOwner));
        assert_eq!(owner.change_role(MemberRole::Auditor, 1), Err(LastOwner));
        assert_eq!(owner.change_role(MemberRole::Owner, 1), Ok(false));
    }

    #[test]
    fn one_of_two_owners_can_go() {
        let owner = member(MemberRole::Owner);
        assert_eq!(owner.remove(2), Ok(()));
        assert_eq!(owner.change_role(MemberRole::Developer, 2), Ok(true));
    }

    #[test]
    fn others_come_and_go_as_they_like() {
        let developer = member(MemberRole::Developer);
        assert_eq!(developer.remove(1), Ok(()));
        assert_eq!(developer.change_role(MemberRole::Owner, 1), Ok(true));
    }
}
