//! What stands above the pages of an organization: its name, and the way to each of them.

use askama::Template;
use contract::ids::OrganizationId;

use crate::api::people::{Membership, OrganizationOperation};
use crate::texts::Texts;

/// Which page of an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Members,
    Invitations,
    Domains,
}

/// The head of such a page.
#[derive(Template)]
#[template(path = "pages/organizations/head/part.html")]
pub(super) struct Head {
    t: &'static Texts,
    id: OrganizationId,
    name: String,
    tab: Tab,
    /// Whether others can be invited from here.
    may_invite: bool,
    /// Whether domains can be asked for from here.
    may_ask: bool,
}

impl Head {
    pub(super) fn of(t: &'static Texts, here: &Membership, tab: Tab) -> Self {
        let asks = tab == Tab::Domains;
        Self {
            t,
            id: here.organization_id,
            name: here.organization_name.clone(),
            tab,
            may_invite: !asks && here.allows(OrganizationOperation::Invite),
            may_ask: asks && here.allows(OrganizationOperation::RequestDomain),
        }
    }

    fn current(&self, tab: Tab) -> &'static str {
        if self.tab == tab { " aria-current=\"page\"" } else { "" }
    }
}
