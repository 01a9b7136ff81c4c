//! Who may do what with links and grants. Pure: who asks and what they hold is handed in.

use contract::catalogue::Catalogue;
use contract::provenance::Authority;
use contract::rpc::{AccountRole, MemberRole};

/// An answer to "may they?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// They may, because of this.
    Allowed(Authority),
    /// They know that it is there, but their role does not suffice.
    RoleNotAllowed,
    /// They are not to know that it is there.
    Hidden,
}

/// What an approval or denial is allowed by: whoever holds the link may answer it.
pub const HOLDER_OF_LINK: Authority = Authority::role("link");

/// Making and revoking an app's links.
pub fn write_links(role: Option<MemberRole>, operator: bool) -> Access {
    match role {
        Some(MemberRole::Owner) => Access::Allowed(Authority::role("owner")),
        Some(MemberRole::Developer) => Access::Allowed(Authority::role("developer")),
        Some(MemberRole::Auditor) => Access::RoleNotAllowed,
        None if operator => Access::RoleNotAllowed,
        None => Access::Hidden,
    }
}

/// Looking at an app's links.
pub fn read_links(role: Option<MemberRole>, operator: bool) -> Access {
    match role {
        Some(role) => Access::Allowed(Authority::role(role.as_str())),
        None if operator => Access::Allowed(Authority::OPERATOR),
        None => Access::Hidden,
    }
}

/// Revoking a grant: whoever could have consented, by their role on the account now, and operators.
pub fn revoke_grant(
    on_account: Option<AccountRole>,
    in_organization: Option<MemberRole>,
    operator: bool,
    consent_roles: &[AccountRole],
) -> Access {
    match on_account {
        Some(role) if consent_roles.contains(&role) => {
            Access::Allowed(Authority::account_role(role.as_str()))
        }
        _ if operator => Access::Allowed(Authority::OPERATOR),
        None if in_organization.is_none() => Access::Hidden,
        _ => Access::RoleNotAllowed,
    }
}

/// The roles that may consent for a service. When an operator has taken the service out of the
/// catalogue, admins can still end what was granted for it.
pub fn consent_roles<'a>(catalogue: &'a Catalogue, service: &str) -> &'a [AccountRole] {
    catalogue.service(service).map_or(&[AccountRole::Admin], |entry| entry.consent_roles.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_and_developers_make_links_and_auditors_only_look() {
        assert_eq!(
            write_links(Some(MemberRole::Owner), false),
            Access::Allowed(Authority::role("owner"))
        );
        assert_eq!(
            write_links(Some(MemberRole::Developer), false),
            Access::Allowed(Authority::role("developer"))
        );
        assert_eq!(write_links(Some(MemberRole::Auditor), false), Access::RoleNotAllowed);
        assert_eq!(
            read_links(Some(MemberRole::Auditor), false),
            Access::Allowed(Authority::role("auditor"))
        );
    }

    #[test]
    fn strangers_are_not_told_that_a_link_is_there() {
        assert_eq!(write_links(None, false), Access::Hidden);
        assert_eq!(read_links(None, false), Access::Hidden);
    }

    #[test]
    fn operators_look_at_links_and_do_not_make_them() {
        assert_eq!(read_links(None, true), Access::Allowed(Authority::OPERATOR));
        assert_eq!(write_links(None, true), Access::RoleNotAllowed);
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
            Access::Allowed(Authority::account_role("technical_manager"))
        );
        assert_eq!(revoke(technical, "marketing_solutions"), Access::RoleNotAllowed);
        assert_eq!(revoke(AccountRole::Analyst, "retail_media"), Access::RoleNotAllowed);
    }

    #[test]
    fn the_apps_own_developers_see_a_grant_and_cannot_revoke_it() {
        let roles = [AccountRole::Admin];
        assert_eq!(
            revoke_grant(None, Some(MemberRole::Owner), false, &roles),
            Access::RoleNotAllowed
        );
        assert_eq!(revoke_grant(None, None, false, &roles), Access::Hidden);
        assert_eq!(revoke_grant(None, None, true, &roles), Access::Allowed(Authority::OPERATOR));
    }

    #[test]
    fn a_service_that_left_the_catalogue_can_still_be_revoked_by_admins() {
        assert_eq!(consent_roles(&Catalogue::default(), "gone"), [AccountRole::Admin]);
    }
}
