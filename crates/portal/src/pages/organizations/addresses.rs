//! Where the pages of an organization are.

use contract::ids::{OrganizationId, PersonId};

/// The page of an organization.
pub(super) fn address(id: OrganizationId) -> String {
    format!("/organizations/{id}")
}

/// Its invitations.
pub(super) fn invitations(id: OrganizationId) -> String {
    format!("/organizations/{id}/invitations")
}

/// What it asked for.
pub(super) fn domain_requests(id: OrganizationId) -> String {
    format!("/organizations/{id}/domain-requests")
}

/// What is done with a member, and where the member stands in the list.
pub(super) fn of_member(
    organization: OrganizationId,
    person: PersonId,
    what: &str,
    cursor: Option<&str>,
) -> String {
    listed(format!("/organizations/{organization}/members/{person}/{what}"), cursor)
}

/// An address, from a place in a list on.
pub(super) fn listed(path: String, cursor: Option<&str>) -> String {
    match cursor {
        Some(cursor) => {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("cursor", cursor);
            format!("{path}?{}", query.finish())
        }
        None => path,
    }
}
