//! Access control: who may see which events. Pure.

use contract::OrganizationId;
use contract::rpc::MemberRole;
use service::{Caller, Denied};

/// The part of the index that somebody may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All of it.
    Everything,
    /// The events of these organizations.
    Organizations(Vec<OrganizationId>),
    /// The events of the organizations of which they are a member, which are too many to be named.
    Memberships,
    /// The events of the account that they ask for, whichever organization's they are.
    Account,
}

/// Who asks for events, and what they have to do with what they ask for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asking {
    /// Whether they may read the whole log ([`Caller::reads_whole_log`]).
    pub(crate) whole_log: bool,
    /// The organization that they ask for, and their role in it.
    pub(crate) organization: Option<(OrganizationId, Option<MemberRole>)>,
    /// Whether they hold any role on the account that they ask for, if they ask for one.
    pub(crate) account: Option<bool>,
    /// All organizations of which they are a member; none if they are too many.
    pub(crate) organizations: Option<Vec<OrganizationId>>,
}

/// What the caller may see who asks so.
///
/// # Errors
/// [`Denied::Hidden`]: they have nothing to do with the organization, or else the account, that they ask
/// for. [`Denied::Role`]: they ask for neither, and are a member of no organization.
pub(crate) fn scope(asking: Asking) -> Result<Scope, Denied> {
    let Asking { whole_log, organization, account, organizations } = asking;
    if whole_log {
        return Ok(Scope::Everything);
    }
    if account == Some(true) {
        return Ok(Scope::Account);
    }
    // Every member role reads everything of its organization.
    match (organization, organizations) {
        (Some((organization, Some(_))), _) => Ok(Scope::Organizations(vec![organization])),
        (Some((_, None)), _) => Err(Denied::Hidden),
        (None, None) => Ok(Scope::Memberships),
        (None, Some(none)) if none.is_empty() && account.is_some() => Err(Denied::Hidden),
        (None, Some(none)) if none.is_empty() => Err(Denied::Role),
        (None, Some(all)) => Ok(Scope::Organizations(all)),
    }
}

/// Whether the caller may see this one event, given their role in its organization, without a role on its
/// account: who holds one may, too.
pub(crate) fn sees_event(caller: &Caller, role: Option<MemberRole>, actor: &str) -> bool {
    caller.reads_whole_log() || role.is_some() || is_actor(caller, actor)
}

/// Whether the caller may see from where an event was caused: operators, and whoever caused it.
///
/// Not the organization's members: the events of their consent links are caused by people of
/// their customers, whose addresses are none of their business. Nor an auditor, who speaks in an operator's name
/// and is not the operator: what the log proves has no addresses in it.
pub(crate) fn sees_context(caller: &Caller, actor: &str) -> bool {
    caller.operator || (caller.scope.is_none() && is_actor(caller, actor))
}

fn is_actor(caller: &Caller, actor: &str) -> bool {
    caller.actor().to_string() == actor
}

#[cfg(test)]
mod tests {
    use contract::{ApiTokenId, Credential, PersonId, TokenScope};
    use uuid::Uuid;

    use super::*;

    const AUDITOR: Option<MemberRole> = Some(MemberRole::Auditor);

    fn organization(n: u128) -> OrganizationId {
        OrganizationId::from_uuid(Uuid::from_u128(n))
    }

    fn caller(operator: bool) -> Caller {
        Caller {
            person_id: PersonId::from_uuid(Uuid::from_u128(1)),
            operator,
            memberships: Vec::new(),
            sign_in_required: Vec::new(),
            more_memberships: false,
            credential: Credential::ApiToken(ApiTokenId::from_uuid(Uuid::nil())),
            identity_provider_id: None,
            scope: None,
        }
    }

    fn member_of(organizations: &[u128]) -> Asking {
        let organizations = organizations.iter().map(|n| organization(*n)).collect();
        Asking { organizations: Some(organizations), ..Asking::default() }
    }

    fn of(seen: &[u128]) -> Scope {
        Scope::Organizations(seen.iter().map(|n| organization(*n)).collect())
    }

    #[test]
    fn operators_see_everything() {
        let asked = Some((organization(9), None));
        let operator = Asking { whole_log: true, organization: asked, ..member_of(&[]) };
        assert_eq!(scope(operator), Ok(Scope::Everything));
    }

    #[test]
    fn members_see_their_organizations_and_no_other() {
        let asked =
            |n, role| Asking { organization: Some((organization(n), role)), ..member_of(&[7, 8]) };
        assert_eq!(scope(asked(7, AUDITOR)), Ok(of(&[7])));
        assert_eq!(scope(member_of(&[7, 8])), Ok(of(&[7, 8])));
        assert_eq!(scope(asked(9, None)), Err(Denied::Hidden));
    }

    #[test]
    fn members_of_more_organizations_than_can_be_named_see_theirs_too() {
        let many = Asking::default;
        assert_eq!(scope(many()), Ok(Scope::Memberships));
        assert_eq!(scope(Asking { account: Some(false), ..many() }), Ok(Scope::Memberships));
        assert_eq!(scope(Asking { account: Some(true), ..many() }), Ok(Scope::Account));
        let one = Asking { organization: Some((organization(7), AUDITOR)), ..many() };
        assert_eq!(scope(one), Ok(of(&[7])));
    }

    #[test]
    fn holders_of_an_account_role_see_the_accounts_events() {
        let nobody = || member_of(&[]);
        assert_eq!(scope(Asking { account: Some(true), ..nobody() }), Ok(Scope::Account));
        assert_eq!(scope(Asking { account: Some(false), ..nobody() }), Err(Denied::Hidden));
        assert_eq!(scope(nobody()), Err(Denied::Role));
    }

    #[test]
    fn a_member_without_a_role_on_the_account_sees_only_what_is_their_organizations() {
        assert_eq!(scope(Asking { account: Some(false), ..member_of(&[7]) }), Ok(of(&[7])));
    }

    #[test]
    fn from_where_a_customer_acted_is_not_shown_to_the_apps_developers() {
        let member = caller(false);
        let customer = "user/00000000-0000-0000-0000-000000000002";
        assert!(sees_event(&member, AUDITOR, customer));
        assert!(!sees_context(&member, customer));
        assert!(sees_context(&member, "user/00000000-0000-0000-0000-000000000001"));
        assert!(sees_context(&caller(true), customer));
    }

    #[test]
    fn an_event_is_seen_by_its_organization_and_by_whoever_caused_it() {
        let somebody = caller(false);
        assert!(sees_event(&somebody, AUDITOR, "anonymous"));
        assert!(!sees_event(&somebody, None, "anonymous"));
        assert!(sees_event(&somebody, None, &somebody.actor().to_string()));
    }
    #[test]
    fn an_auditor_of_the_whole_log_sees_every_event_and_from_where_none_was_caused() {
        let auditor = Caller { scope: Some(TokenScope::AuditLog), ..caller(false) };
        assert!(auditor.reads_whole_log() && !caller(false).reads_whole_log());
        assert!(sees_event(&auditor, None, "anonymous"));
        assert!(!sees_context(&auditor, "anonymous"));
        assert!(!sees_context(&auditor, &auditor.actor().to_string()));
    }
}
