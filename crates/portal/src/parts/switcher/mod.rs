//! The menu that leads from a page of one organization to the same page of another.

use askama::Template;
use contract::ids::OrganizationId;

use crate::api::people::{Me, Membership};
use crate::texts::Texts;

/// The organizations of whoever is signed in.
#[derive(Template)]
#[template(path = "parts/switcher/part.html")]
pub(crate) struct Switcher<'a> {
    t: &'static Texts,
    memberships: &'a [Membership],
    here: &'a Membership,
    address: fn(OrganizationId) -> String,
}

impl<'a> Switcher<'a> {
    /// From this organization's page to those at these addresses; none, if there is no other.
    pub(crate) fn of(
        t: &'static Texts,
        me: &'a Me,
        here: &'a Membership,
        address: fn(OrganizationId) -> String,
    ) -> Option<Self> {
        let memberships = me.memberships.as_slice();
        (memberships.len() > 1).then_some(Self { t, memberships, here, address })
    }

    fn address_of(&self, membership: &Membership) -> String {
        (self.address)(membership.organization_id)
    }
}
