//! Who may. Pure functions of what the caller is and holds; the answer says why they may, which
//! becomes the `authority` of the event.

use contract::Authority;
use contract::rpc::{AccountRole, MemberRole};

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// They do not get to know that the thing exists: 404.
    NotVisible,
    /// They see the thing, and their role does not suffice: 403, and an event.
    RoleNotAllowed,
}

/// What is attempted on an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganizationAction {
    /// See it and its members.
    Read,
    /// Change its details.
    Edit,
    /// Add members, change their roles, remove them.
    ManageMembers,
    /// Leave it.
    Leave,
    /// Confirm its contact address, enable domains for it.
    Operate,
}

/// Decides on an organization, given the caller's role in it.
pub fn organization(
    operator: bool,
    role: Option<MemberRole>,
    action: OrganizationAction,
) -> Result<Authority, Denied> {
    use OrganizationAction as Action;
    // The own role comes first: an owner who happens to be an operator acts as owner.
    let allowed = match (action, role) {
        (Action::Read | Action::Leave, Some(role)) => Some(role),
        (Action::Edit | Action::ManageMembers, Some(MemberRole::Owner)) => role,
        _ => None,
    };
    match (allowed, operator, role) {
        (Some(role), _, _) => Ok(Authority::role(role.as_str())),
        (None, true, _) => Ok(Authority::OPERATOR),
        (None, false, Some(_)) => Err(Denied::RoleNotAllowed),
        (None, false, None) => Err(Denied::NotVisible),
    }
}

/// What is attempted on an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountAction {
    /// See it.
    Read,
    /// See and change the roles on it.
    ManageRoles,
}

/// Decides on an account, given the caller's role on it.
pub fn account(
    operator: bool,
    role: Option<AccountRole>,
    action: AccountAction,
) -> Result<Authority, Denied> {
    match (action, role) {
        (AccountAction::Read, Some(role)) => Ok(Authority::account_role(role.as_str())),
        (AccountAction::ManageRoles, Some(AccountRole::Admin)) => {
            Ok(Authority::account_role(AccountRole::Admin.as_str()))
        }
        (_, _) if operator => Ok(Authority::OPERATOR),
        (_, Some(_)) => Err(Denied::RoleNotAllowed),
        (_, None) => Err(Denied::NotVisible),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use OrganizationAction::{Edit, Leave, ManageMembers, Operate, Read};

    #[test]
    fn members_read_owners_manage_operators_operate() {
        for role in [MemberRole::Owner, MemberRole::Developer, MemberRole::Auditor] {
            for action in [Read, Leave] {
                assert_eq!(
                    organization(false, Some(role), action),
                    Ok(Authority::role(role.as_str()))
                );
            }
            for action in [Edit, ManageMembers] {
                assert_eq!(
                    organization(false, Some(role), action).is_ok(),
                    role == MemberRole::Owner
                );
            }
            assert_eq!(organization(false, Some(role), Operate), Err(Denied::RoleNotAllowed));
        }
        for action in [Read, Edit, ManageMembers, Operate] {
            assert_eq!(organization(true, None, action), Ok(Authority::OPERATOR));
        }
    }

    #[test]
    fn strangers_do_not_learn_that_an_organization_exists() {
        for action in [Read, Edit, ManageMembers, Leave, Operate] {
            assert_eq!(organization(false, None, action), Err(Denied::NotVisible));
        }
    }

    #[test]
    fn an_owner_who_is_an_operator_acts_as_owner() {
        assert_eq!(organization(true, Some(MemberRole::Owner), Edit), Ok(Authority::role("owner")));
    }

    #[test]
    fn only_admins_and_operators_manage_the_roles_of_an_account() {
        use AccountRole::{Admin, Analyst, BusinessManager, TechnicalManager, Viewer};
        for role in [Admin, BusinessManager, TechnicalManager, Analyst, Viewer] {
            assert!(account(false, Some(role), AccountAction::Read).is_ok());
            let manages = account(false, Some(role), AccountAction::ManageRoles);
            if role == Admin {
                assert_eq!(manages.unwrap().as_str(), "account:admin");
            } else {
                assert_eq!(manages, Err(Denied::RoleNotAllowed));
            }
        }
        assert_eq!(account(true, None, AccountAction::ManageRoles), Ok(Authority::OPERATOR));
        assert_eq!(account(false, None, AccountAction::Read), Err(Denied::NotVisible));
    }
}
