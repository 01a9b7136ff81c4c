//! Who may. Pure functions of what the caller is and holds; the answer says why they may, which
//! becomes the `authority` of the event.

use contract::rpc::{AccountRole, MemberRole};
use contract::{Authority, PersonId};
use service::{Caller, Denied};

/// What is attempted on an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrganizationAction {
    /// See it and its members.
    Read,
    /// Change what it tells about itself.
    Edit,
    /// Invite members, change their roles, remove them.
    ManageMembers,
    /// Ask for domains on request.
    RequestDomains,
    /// Leave it.
    Leave,
    /// Confirm its contact address, enable domains for it, make somebody a member without asking them.
    Operate,
}

/// Decides on an organization, by the caller's role in it.
pub(crate) fn organization(
    caller: &Caller,
    role: Option<MemberRole>,
    action: OrganizationAction,
) -> Result<Authority, Denied> {
    use OrganizationAction as Action;
    // The own role comes first: an owner who happens to be an operator acts as owner.
    let allowed = match (action, role) {
        (Action::Read | Action::Leave, Some(role)) => Some(role),
        (
            Action::Edit | Action::ManageMembers | Action::RequestDomains,
            Some(MemberRole::Owner),
        )
        | (Action::RequestDomains, Some(MemberRole::Developer)) => role,
        _ => None,
    };
    match (allowed, caller.operator, role) {
        (Some(role), _, _) => Ok(Authority::role(role.as_str())),
        (None, true, _) => Ok(Authority::OPERATOR),
        (None, false, Some(_)) => Err(Denied::Role),
        (None, false, None) => Err(Denied::Hidden),
    }
}

/// Why the caller may do what any person may, such as making an organization.
pub(crate) fn any_person(caller: &Caller) -> Authority {
    if caller.operator { Authority::OPERATOR } else { Authority::SELF }
}

/// What is attempted on an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountAction {
    /// See it.
    Read,
    /// See and change the roles on it.
    ManageRoles,
}

/// Decides on an account, given the caller's role on it.
pub(crate) fn account(
    caller: &Caller,
    role: Option<AccountRole>,
    action: AccountAction,
) -> Result<Authority, Denied> {
    match (action, role) {
        (AccountAction::Read, Some(role)) => Ok(Authority::account_role(role.as_str())),
        (AccountAction::ManageRoles, Some(AccountRole::Admin)) => {
            Ok(Authority::account_role(AccountRole::Admin.as_str()))
        }
        (_, _) if caller.operator => Ok(Authority::OPERATOR),
        (_, Some(_)) => Err(Denied::Role),
        (_, None) => Err(Denied::Hidden),
    }
}

/// Decides on ending an API token or a session of this person.
pub(crate) fn credential(caller: &Caller, holder: PersonId) -> Result<Authority, Denied> {
    if caller.operator || caller.person_id == holder {
        Ok(any_person(caller))
    } else {
        Err(Denied::Hidden)
    }
}

/// Decides on seeing a person. `colleagues` is whether both are members of one organization.
pub(crate) fn person(caller: &Caller, id: PersonId, colleagues: bool) -> Result<Authority, Denied> {
    if caller.operator || caller.person_id == id || colleagues {
        Ok(any_person(caller))
    } else {
        Err(Denied::Hidden)
    }
}

/// What somebody has to do with another person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Acquaintance {
    /// Both are members of one organization.
    pub(crate) colleague: bool,
    /// They manage the roles of an account on which the other holds one.
    pub(crate) manages_their_role: bool,
    /// The other may consent for an account on which they hold any role.
    pub(crate) may_consent_for_a_shared_account: bool,
}

/// Whether the caller may know what a person is called.
pub(crate) fn sees_name(caller: &Caller, id: PersonId, with: Acquaintance) -> bool {
    let Acquaintance { colleague, manages_their_role, may_consent_for_a_shared_account } = with;
    person(caller, id, colleague).is_ok() || manages_their_role || may_consent_for_a_shared_account
}

/// Whether the caller may know what an app is called: everybody can be asked for consent by an app that was activated.
pub(crate) fn sees_app_name(caller: &Caller, activated: bool, member: bool) -> bool {
    caller.operator || activated || member
}

/// Decides on what only operators do with a person. `colleagues` as for [`person`].
pub(crate) fn operate_person(
    caller: &Caller,
    id: PersonId,
    colleagues: bool,
) -> Result<Authority, Denied> {
    person(caller, id, colleagues)?;
    if caller.operator { Ok(Authority::OPERATOR) } else { Err(Denied::Role) }
}

#[cfg(test)]
mod tests {
    use contract::{ApiTokenId, Credential};
    use uuid::Uuid;

    use super::*;
    use OrganizationAction::{Edit, Leave, ManageMembers, Operate, Read, RequestDomains};

    fn caller(operator: bool) -> Caller {
        Caller {
            person_id: PersonId::from_uuid(Uuid::from_u128(2)),
            operator,
            memberships: Vec::new(),
            sign_in_required: Vec::new(),
            more_memberships: false,
            credential: Credential::ApiToken(ApiTokenId::from_uuid(Uuid::from_u128(3))),
            identity_provider_id: None,
            scope: None,
        }
    }

    fn decided(
        operator: bool,
        role: Option<MemberRole>,
        action: OrganizationAction,
    ) -> Result<Authority, Denied> {
        organization(&caller(operator), role, action)
    }

    #[test]
    fn members_read_owners_manage_operators_operate() {
        for role in [MemberRole::Owner, MemberRole::Developer, MemberRole::Auditor] {
            for action in [Read, Leave] {
                let allowed = Ok(Authority::role(role.as_str()));
                assert_eq!(decided(false, Some(role), action), allowed);
            }
            for action in [Edit, ManageMembers] {
                let owns = role == MemberRole::Owner;
                assert_eq!(decided(false, Some(role), action).is_ok(), owns);
            }
            assert_eq!(decided(false, Some(role), Operate), Err(Denied::Role));
            let asks = decided(false, Some(role), RequestDomains).is_ok();
            assert_eq!(asks, role != MemberRole::Auditor);
        }
        for action in [Read, Edit, ManageMembers, RequestDomains, Operate] {
            assert_eq!(decided(true, None, action), Ok(Authority::OPERATOR));
        }
    }

    #[test]
    fn names_are_for_those_who_have_something_to_do_with_each_other() {
        let (somebody, operator) = (caller(false), caller(true));
        let other = PersonId::from_uuid(Uuid::from_u128(4));
        let nothing = Acquaintance::default();
        assert!(!sees_name(&somebody, other, nothing));
        assert!(sees_name(&operator, other, nothing));
        assert!(sees_name(&somebody, somebody.person_id, nothing));
        for with in [
            Acquaintance { colleague: true, ..nothing },
            Acquaintance { manages_their_role: true, ..nothing },
            Acquaintance { may_consent_for_a_shared_account: true, ..nothing },
        ] {
            assert!(sees_name(&somebody, other, with), "{with:?}");
        }
        assert!(!sees_app_name(&somebody, false, false) && sees_app_name(&operator, false, false));
        assert!(sees_app_name(&somebody, true, false) && sees_app_name(&somebody, false, true));
    }

    #[test]
    fn strangers_do_not_learn_that_an_organization_exists() {
        for action in [Read, Edit, ManageMembers, RequestDomains, Leave, Operate] {
            assert_eq!(decided(false, None, action), Err(Denied::Hidden));
        }
    }

    #[test]
    fn an_owner_who_is_an_operator_acts_as_owner() {
        assert_eq!(decided(true, Some(MemberRole::Owner), Edit), Ok(Authority::role("owner")));
    }

    #[test]
    fn only_admins_and_operators_manage_the_roles_of_an_account() {
        use AccountRole::{Admin, Analyst, BusinessManager, TechnicalManager, Viewer};
        let somebody = caller(false);
        for role in [Admin, BusinessManager, TechnicalManager, Analyst, Viewer] {
            assert!(account(&somebody, Some(role), AccountAction::Read).is_ok());
            let manages = account(&somebody, Some(role), AccountAction::ManageRoles);
            if role == Admin {
                assert_eq!(manages.unwrap().as_str(), "account:admin");
            } else {
                assert_eq!(manages, Err(Denied::Role));
            }
        }
        let operator = caller(true);
        assert_eq!(account(&operator, None, AccountAction::ManageRoles), Ok(Authority::OPERATOR));
        assert_eq!(account(&somebody, None, AccountAction::Read), Err(Denied::Hidden));
    }

    #[test]
    fn a_person_and_their_tokens_are_hidden_from_strangers() {
        let (somebody, operator) = (caller(false), caller(true));
        let other = PersonId::from_uuid(Uuid::from_u128(4));
        assert_eq!(credential(&somebody, somebody.person_id), Ok(Authority::SELF));
        assert_eq!(credential(&operator, other), Ok(Authority::OPERATOR));
        assert_eq!(credential(&somebody, other), Err(Denied::Hidden));
        assert_eq!(person(&somebody, other, false), Err(Denied::Hidden));
        assert!(person(&somebody, other, true).is_ok() && person(&operator, other, false).is_ok());
        assert_eq!(operate_person(&operator, other, false), Ok(Authority::OPERATOR));
        assert_eq!(operate_person(&somebody, somebody.person_id, false), Err(Denied::Role));
        assert_eq!(operate_person(&somebody, other, true), Err(Denied::Role));
        assert_eq!(operate_person(&somebody, other, false), Err(Denied::Hidden));
    }
}
