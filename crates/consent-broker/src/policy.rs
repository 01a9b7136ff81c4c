//! Who may do what with links and grants. Pure: who asks and what they hold is handed in.

use std::collections::BTreeSet;

use contract::Authority;
use contract::catalogue::Catalogue;
use contract::rpc::{AccountRole, MemberRole};
use service::Denied;

use crate::account_selection::SelectedAccount;

/// Making and revoking an app's links.
pub(crate) fn write_links(role: Option<MemberRole>, operator: bool) -> Result<Authority, Denied> {
    match role {
        Some(role) if role.manages_apps() => Ok(Authority::role(role.as_str())),
        Some(_) => Err(Denied::Role),
        None if operator => Err(Denied::Role),
        None => Err(Denied::Hidden),
    }
}

/// Looking at an app's links.
pub(crate) fn read_links(role: Option<MemberRole>, operator: bool) -> Result<Authority, Denied> {
    match role {
        Some(role) => Ok(Authority::role(role.as_str())),
        None if operator => Ok(Authority::OPERATOR),
        None => Err(Denied::Hidden),
    }
}

/// Looking at what a link asks for, and denying it: whoever holds the link.
pub(crate) const HOLDER_OF_LINK: Result<Authority, Denied> = Ok(Authority::role("link"));

/// Consenting for one account: by the role on it.
pub(crate) fn consent(
    role: AccountRole,
    consent_roles: &[AccountRole],
) -> Result<Authority, Denied> {
    if consent_roles.contains(&role) {
        Ok(Authority::account_role(role.as_str()))
    } else {
        Err(Denied::Role)
    }
}

/// Passing a request on because of an account: by any role on it, since whoever may consent for it need not.
pub(crate) fn pass_on(role: AccountRole) -> Authority {
    Authority::account_role(role.as_str())
}

/// Consenting for all of these: by the role on them, or the roles if they differ.
pub(crate) fn consent_for_all(
    accounts: &[SelectedAccount],
    consent_roles: &[AccountRole],
) -> Result<Authority, Denied> {
    let mut roles = BTreeSet::new();
    for account in accounts {
        consent(account.role, consent_roles)?;
        roles.insert(account.role.as_str());
    }
    Ok(Authority::account_role(&roles.into_iter().collect::<Vec<_>>().join("+")))
}

/// Revoking a grant: whoever could have consented, by their role on the account now, and operators.
pub(crate) fn revoke_grant(
    on_account: Option<AccountRole>,
    in_organization: Option<MemberRole>,
    operator: bool,
    consent_roles: &[AccountRole],
) -> Result<Authority, Denied> {
    match on_account {
        Some(role) if consent_roles.contains(&role) => Ok(Authority::account_role(role.as_str())),
        _ if operator => Ok(Authority::OPERATOR),
        None if in_organization.is_none() => Err(Denied::Hidden),
        _ => Err(Denied::Role),
    }
}

/// Looking at a grant and its receipt: both sides, whatever their role.
pub(crate) fn read_grant(
    on_account: Option<AccountRole>,
    in_organization: Option<MemberRole>,
    operator: bool,
) -> Result<Authority, Denied> {
    match (on_account, in_organization) {
        (Some(role), _) => Ok(Authority::account_role(role.as_str())),
        (None, Some(role)) => Ok(Authority::role(role.as_str())),
        (None, None) if operator => Ok(Authority::OPERATOR),
        (None, None) => Err(Denied::Hidden),
    }
}

/// Renewing a grant: whoever may consent for the account, by their role on it now. Nobody else, since it is a consent.
pub(crate) fn renew_grant(
    on_account: Option<AccountRole>,
    in_organization: Option<MemberRole>,
    operator: bool,
    consent_roles: &[AccountRole],
) -> Result<Authority, Denied> {
    match on_account {
        Some(role) => consent(role, consent_roles),
        None if operator || in_organization.is_some() => Err(Denied::Role),
        None => Err(Denied::Hidden),
    }
}

/// The roles that may consent for a service. When an operator has taken the service out of the
/// catalogue, admins can still end what was granted for it.
pub(crate) fn consent_roles<'a>(catalogue: &'a Catalogue, service: &str) -> &'a [AccountRole] {
    catalogue.service(service).map_or(&[AccountRole::Admin], |entry| entry.consent_roles.as_slice())
}

#[cfg(test)]
mod tests {
    use contract::environment::Environment;

    use super::*;

    #[test]
    fn owners_and_developers_make_links_and_auditors_only_look() {
        assert_eq!(write_links(Some(MemberRole::Owner), false), Ok(Authority::role("owner")));
        assert_eq!(
            write_links(Some(MemberRole::Developer), false),
            Ok(Authority::role("developer"))
        );
        assert_eq!(write_links(Some(MemberRole::Auditor), false), Err(Denied::Role));
        assert_eq!(read_links(Some(MemberRole::Auditor), false), Ok(Authority::role("auditor")));
    }

    #[test]
    fn strangers_are_not_told_that_a_link_is_there() {
        assert_eq!(write_links(None, false), Err(Denied::Hidden));
        assert_eq!(read_links(None, false), Err(Denied::Hidden));
    }

    #[test]
    fn operators_look_at_links_and_do_not_make_them() {
        assert_eq!(read_links(None, true), Ok(Authority::OPERATOR));
        assert_eq!(write_links(None, true), Err(Denied::Role));
    }

    #[test]
    fn an_approval_names_each_role_that_allowed_it_once() {
        let account = |role| SelectedAccount { account_id: Environment::system().new_id(), role };
        let admin = account(AccountRole::Admin);
        let technical = account(AccountRole::TechnicalManager);
        let consent = |accounts: &[SelectedAccount]| {
            consent_for_all(accounts, &[AccountRole::Admin, AccountRole::TechnicalManager])
        };
        assert_eq!(consent(&[admin, admin]), Ok(Authority::account_role("admin")));
        assert_eq!(
            consent(&[technical, admin]),
            Ok(Authority::account_role("admin+technical_manager"))
        );
        assert_eq!(consent(&[admin, account(AccountRole::Viewer)]), Err(Denied::Role));
    }

    #[test]
    fn whoever_could_have_consented_can_revoke() {
        let catalogue = Catalogue::default();
        let revoke = |role, service| {
            revoke_grant(Some(role), None, false, consent_roles(&catalogue, service))
        };
        let technical = AccountRole::TechnicalManager;
        assert_eq!(
            revoke(technical, "retail_media"),
            Ok(Authority::account_role("technical_manager"))
        );
        assert_eq!(revoke(technical, "marketing_solutions"), Err(Denied::Role));
        assert_eq!(revoke(AccountRole::Analyst, "retail_media"), Err(Denied::Role));
    }

    #[test]
    fn the_apps_own_developers_see_a_grant_and_cannot_revoke_it() {
        let roles = [AccountRole::Admin];
        assert_eq!(revoke_grant(None, Some(MemberRole::Owner), false, &roles), Err(Denied::Role));
        assert_eq!(revoke_grant(None, None, false, &roles), Err(Denied::Hidden));
        assert_eq!(revoke_grant(None, None, true, &roles), Ok(Authority::OPERATOR));
    }

    #[test]
    fn both_sides_look_at_a_grant_and_nobody_else() {
        assert_eq!(
            read_grant(Some(AccountRole::Viewer), None, false),
            Ok(Authority::account_role("viewer"))
        );
        assert_eq!(
            read_grant(None, Some(MemberRole::Auditor), false),
            Ok(Authority::role("auditor"))
        );
        assert_eq!(read_grant(None, None, true), Ok(Authority::OPERATOR));
        assert_eq!(read_grant(None, None, false), Err(Denied::Hidden));
    }

    #[test]
    fn only_whoever_may_consent_renews() {
        let roles = [AccountRole::Admin];
        let renew = |role, member, operator| renew_grant(role, member, operator, &roles);
        assert_eq!(
            renew(Some(AccountRole::Admin), None, false),
            Ok(Authority::account_role("admin"))
        );
        assert_eq!(renew(Some(AccountRole::Analyst), None, false), Err(Denied::Role));
        assert_eq!(renew(None, Some(MemberRole::Owner), false), Err(Denied::Role));
        // An operator can end a consent, and cannot give one.
        assert_eq!(renew(None, None, true), Err(Denied::Role));
        assert_eq!(renew(None, None, false), Err(Denied::Hidden));
    }

    #[test]
    fn a_service_that_left_the_catalogue_can_still_be_revoked_by_admins() {
        assert_eq!(consent_roles(&Catalogue::default(), "gone"), [AccountRole::Admin]);
    }
}
