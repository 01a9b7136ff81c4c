//! The role of a person on an account (rule 5). They hold one at a time.

use contract::facts::{AccountRoleChanged, AccountRoleGranted, AccountRoleRevoked};
use contract::rpc::AccountRole;
use contract::{AccountId, AccountRoleId, PersonId, Version};

/// A person's role on an account as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeldRole {
    /// The assignment: a role given again after it was revoked is a new one.
    pub(crate) id: AccountRoleId,
    /// The account.
    pub(crate) account_id: AccountId,
    /// The person.
    pub(crate) person_id: PersonId,
    /// The role.
    pub(crate) role: AccountRole,
    /// The version of the assignment's last event.
    pub(crate) version: Version,
}

impl HeldRole {
    /// Gives a role to a person who holds none on the account.
    pub(crate) fn grant(
        id: AccountRoleId,
        account_id: AccountId,
        person_id: PersonId,
        role: AccountRole,
    ) -> (Self, AccountRoleGranted) {
        let fact = AccountRoleGranted { account_role_id: id, account_id, person_id, role };
        (Self { id, account_id, person_id, role, version: Version::FIRST }, fact)
    }

    /// Replaces the role by another; none when it is held already.
    pub(crate) fn change(&self, role: AccountRole) -> Option<(Self, AccountRoleChanged)> {
        if role == self.role {
            return None;
        }
        let fact = AccountRoleChanged {
            account_role_id: self.id,
            account_id: self.account_id,
            person_id: self.person_id,
            role,
            previous_role: self.role,
        };
        Some((Self { role, version: self.version.next(), ..*self }, fact))
    }

    /// Takes the role away. The assignment as it ends.
    pub(crate) fn revoke(&self) -> (Self, AccountRoleRevoked) {
        let fact = AccountRoleRevoked {
            account_role_id: self.id,
            account_id: self.account_id,
            person_id: self.person_id,
        };
        (Self { version: self.version.next(), ..*self }, fact)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_assignment_is_granted_changed_and_revoked_in_three_versions() {
        let (account, person) = (Uuid::from_u128(2), Uuid::from_u128(3));
        let (held, granted) = HeldRole::grant(
            AccountRoleId::from_uuid(Uuid::from_u128(1)),
            AccountId::from_uuid(account),
            PersonId::from_uuid(person),
            AccountRole::Viewer,
        );
        assert_eq!((held.version, granted.role), (Version::FIRST, AccountRole::Viewer));
        assert_eq!(held.change(AccountRole::Viewer), None);
        let (held, changed) = held.change(AccountRole::Admin).unwrap();
        assert_eq!((held.version.number(), held.role), (2, AccountRole::Admin));
        assert_eq!(changed.previous_role, AccountRole::Viewer);
        let (ended, revoked) = held.revoke();
        assert_eq!((ended.version.number(), revoked.account_role_id), (3, held.id));
    }
}
