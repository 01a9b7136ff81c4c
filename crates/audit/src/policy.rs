//! Who may see which events. Pure.

use contract::rpc::MemberRole;
use contract::{AccountId, Actor, OrganizationId, PersonId};

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    pub(crate) person: PersonId,
    pub(crate) operator: bool,
    pub(crate) memberships: Vec<(OrganizationId, MemberRole)>,
}

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

/// Why a query is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// They are no member of the organization: whether it exists is not told.
    NoSuchOrganization,
    /// They hold no role on the account and are a member nowhere: whether it exists is not told.
    NoSuchAccount,
    /// They are a member of no organization and asked for no account.
    NothingToSee,
}

impl Reader {
    fn is_member(&self, organization: OrganizationId) -> bool {
        // Every member role reads everything of its organization.
        self.memberships.iter().any(|(of, _)| *of == organization)
    }

    /// What they may see when they ask for this organization and this account. `holds_role` tells
    /// whether they hold any role on the account; it matters only when an account is asked for.
    pub(crate) fn scope(
        &self,
        organization: Option<OrganizationId>,
        account: Option<AccountId>,
        holds_role: bool,
    ) -> Result<Scope, Denied> {
        if self.operator {
            return Ok(Scope::Everything);
        }
        if account.is_some() && holds_role {
            return Ok(Scope::Account);
        }
        match organization {
            Some(organization) if self.is_member(organization) => {
                Ok(Scope::Organizations(vec![organization]))
            }
            Some(_) => Err(Denied::NoSuchOrganization),
            None if self.memberships.is_empty() && account.is_some() => Err(Denied::NoSuchAccount),
            None if self.memberships.is_empty() => Err(Denied::NothingToSee),
            None => Ok(Scope::Organizations(self.memberships.iter().map(|(of, _)| *of).collect())),
        }
    }

    /// Whether they may see this one event. `holds_role`: on the event's account.
    pub(crate) fn sees(
        &self,
        organization: Option<OrganizationId>,
        actor: &str,
        holds_role: bool,
    ) -> bool {
        self.operator
            || holds_role
            || organization.is_some_and(|of| self.is_member(of))
            || self.is(actor)
    }

    /// Whether they may see from where an event was caused: operators, and whoever caused it.
    ///
    /// Not the organization's members: the events of their consent links are caused by people of
    /// their customers, whose addresses are none of their business.
    pub(crate) fn sees_context(&self, actor: &str) -> bool {
        self.operator || self.is(actor)
    }

    fn is(&self, actor: &str) -> bool {
        Actor::Person(self.person).to_string() == actor
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn organization(n: u128) -> OrganizationId {
        OrganizationId::from_uuid(Uuid::from_u128(n))
    }

    fn reader(operator: bool, memberships: &[u128]) -> Reader {
        Reader {
            person: PersonId::from_uuid(Uuid::from_u128(1)),
            operator,
            memberships: memberships
                .iter()
                .map(|n| (organization(*n), MemberRole::Auditor))
                .collect(),
        }
    }

    const ACCOUNT: Option<AccountId> = Some(AccountId::from_uuid(Uuid::from_u128(20)));

    #[test]
    fn operators_see_everything() {
        assert_eq!(
            reader(true, &[]).scope(Some(organization(9)), None, false),
            Ok(Scope::Everything)
        );
    }

    #[test]
    fn members_see_their_organizations_and_no_other() {
        let member = reader(false, &[7, 8]);
        assert_eq!(
            member.scope(Some(organization(7)), None, false),
            Ok(Scope::Organizations(vec![organization(7)]))
        );
        let both = vec![organization(7), organization(8)];
        assert_eq!(member.scope(None, None, false), Ok(Scope::Organizations(both)));
        assert_eq!(
            member.scope(Some(organization(9)), None, false),
            Err(Denied::NoSuchOrganization)
        );
    }

    #[test]
    fn holders_of_an_account_role_see_the_accounts_events() {
        let holder = reader(false, &[]);
        assert_eq!(holder.scope(None, ACCOUNT, true), Ok(Scope::Account));
        assert_eq!(holder.scope(None, ACCOUNT, false), Err(Denied::NoSuchAccount));
        assert_eq!(holder.scope(None, None, false), Err(Denied::NothingToSee));
    }

    #[test]
    fn a_member_without_a_role_on_the_account_sees_only_what_is_their_organizations() {
        let member = reader(false, &[7]);
        assert_eq!(
            member.scope(None, ACCOUNT, false),
            Ok(Scope::Organizations(vec![organization(7)]))
        );
    }

    #[test]
    fn from_where_a_customer_acted_is_not_shown_to_the_apps_developers() {
        let member = reader(false, &[7]);
        let customer = "user/00000000-0000-0000-0000-000000000002";
        assert!(member.sees(Some(organization(7)), customer, false));
        assert!(!member.sees_context(customer));
        assert!(member.sees_context("user/00000000-0000-0000-0000-000000000001"));
        assert!(reader(true, &[]).sees_context(customer));
    }
}
