//! Access control: who may see which events. Pure.

use contract::{AccountId, OrganizationId};
use service::{Caller, Denied};

/// The part of the index that somebody may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All of it.
    Everything,
    /// The events of these organizations.
    Organizations(Vec<OrganizationId>),
    /// The events of the account that they ask for, whichever organization's they are.
    Account,
}

/// What the caller may see who asks for this organization and this account. `holds_role` tells whether
/// they hold any role on the account; it matters only when an account is asked for.
///
/// # Errors
/// [`Denied::Hidden`]: they have nothing to do with the organization, or else the account, that they ask
/// for. [`Denied::Role`]: they ask for neither, and are a member of no organization.
pub(crate) fn scope(
    caller: &Caller,
    organization: Option<OrganizationId>,
    account: Option<AccountId>,
    holds_role: bool,
) -> Result<Scope, Denied> {
    if caller.operator {
        return Ok(Scope::Everything);
    }
    if account.is_some() && holds_role {
        return Ok(Scope::Account);
    }
    match organization {
        Some(organization) if is_member(caller, organization) => {
            Ok(Scope::Organizations(vec![organization]))
        }
        Some(_) => Err(Denied::Hidden),
        None if caller.memberships.is_empty() && account.is_some() => Err(Denied::Hidden),
        None if caller.memberships.is_empty() => Err(Denied::Role),
        None => {
            let of = caller.memberships.iter().map(|membership| membership.organization_id);
            Ok(Scope::Organizations(of.collect()))
        }
    }
}

/// Whether the caller may see this one event without a role on its account: who holds one may, too.
pub(crate) fn sees_event(
    caller: &Caller,
    organization: Option<OrganizationId>,
    actor: &str,
) -> bool {
    caller.operator
        || organization.is_some_and(|of| is_member(caller, of))
        || is_actor(caller, actor)
}

/// Whether the caller may see from where an event was caused: operators, and whoever caused it.
///
/// Not the organization's members: the events of their consent links are caused by people of
/// their customers, whose addresses are none of their business.
pub(crate) fn sees_context(caller: &Caller, actor: &str) -> bool {
    caller.operator || is_actor(caller, actor)
}

fn is_member(caller: &Caller, organization: OrganizationId) -> bool {
    // Every member role reads everything of its organization.
    caller.role_in(organization).is_some()
}

fn is_actor(caller: &Caller, actor: &str) -> bool {
    caller.actor().to_string() == actor
}

#[cfg(test)]
mod tests {
    use contract::{ApiTokenId, PersonId};
    use service::{MemberRole, Membership};
    use uuid::Uuid;

    use super::*;

    fn organization(n: u128) -> OrganizationId {
        OrganizationId::from_uuid(Uuid::from_u128(n))
    }

    fn caller(operator: bool, memberships: &[u128]) -> Caller {
        let membership =
            |n: &u128| Membership { organization_id: organization(*n), role: MemberRole::Auditor };
        Caller {
            person_id: PersonId::from_uuid(Uuid::from_u128(1)),
            operator,
            memberships: memberships.iter().map(membership).collect(),
            api_token_id: ApiTokenId::from_uuid(Uuid::nil()),
        }
    }

    const ACCOUNT: Option<AccountId> = Some(AccountId::from_uuid(Uuid::from_u128(20)));

    #[test]
    fn operators_see_everything() {
        let operator = caller(true, &[]);
        assert_eq!(scope(&operator, Some(organization(9)), None, false), Ok(Scope::Everything));
    }

    #[test]
    fn members_see_their_organizations_and_no_other() {
        let member = caller(false, &[7, 8]);
        let of = |seen: &[u128]| {
            Ok(Scope::Organizations(seen.iter().map(|n| organization(*n)).collect()))
        };
        assert_eq!(scope(&member, Some(organization(7)), None, false), of(&[7]));
        assert_eq!(scope(&member, None, None, false), of(&[7, 8]));
        assert_eq!(scope(&member, Some(organization(9)), None, false), Err(Denied::Hidden));
    }

    #[test]
    fn holders_of_an_account_role_see_the_accounts_events() {
        let holder = caller(false, &[]);
        assert_eq!(scope(&holder, None, ACCOUNT, true), Ok(Scope::Account));
        assert_eq!(scope(&holder, None, ACCOUNT, false), Err(Denied::Hidden));
        assert_eq!(scope(&holder, None, None, false), Err(Denied::Role));
    }

    #[test]
    fn a_member_without_a_role_on_the_account_sees_only_what_is_their_organizations() {
        let member = caller(false, &[7]);
        let theirs = Scope::Organizations(vec![organization(7)]);
        assert_eq!(scope(&member, None, ACCOUNT, false), Ok(theirs));
    }

    #[test]
    fn from_where_a_customer_acted_is_not_shown_to_the_apps_developers() {
        let member = caller(false, &[7]);
        let customer = "user/00000000-0000-0000-0000-000000000002";
        assert!(sees_event(&member, Some(organization(7)), customer));
        assert!(!sees_context(&member, customer));
        assert!(sees_context(&member, "user/00000000-0000-0000-0000-000000000001"));
        assert!(sees_context(&caller(true, &[]), customer));
    }

    #[test]
    fn an_event_is_seen_by_its_organization_and_by_whoever_caused_it() {
        let (member, stranger) = (caller(false, &[7]), caller(false, &[]));
        let (someone, stranger_acted) = ("anonymous", stranger.actor().to_string());
        assert!(sees_event(&member, Some(organization(7)), someone));
        assert!(!sees_event(&member, Some(organization(8)), someone));
        assert!(!sees_event(&member, None, someone));
        assert!(!sees_event(&stranger, Some(organization(7)), someone));
        assert!(sees_event(&stranger, Some(organization(7)), &stranger_acted));
    }
}
