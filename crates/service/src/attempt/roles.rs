//! Roles in many organizations at once.

use std::collections::{BTreeMap, BTreeSet};

use contract::OrganizationId;
use contract::rpc::MemberRole;

use super::Attempt;
use crate::problem::Problem;

impl Attempt {
    /// The caller's roles in those of these organizations of which they are a member.
    ///
    /// # Errors
    /// As of [`Attempt::role_in`].
    pub async fn roles_in(
        &self,
        organizations: impl IntoIterator<Item = OrganizationId>,
    ) -> Result<BTreeMap<OrganizationId, MemberRole>, Problem> {
        let organizations = BTreeSet::from_iter(organizations);
        let memberships = self.memberships_in(&Vec::from_iter(organizations)).await?;
        Ok(memberships.into_iter().map(|found| (found.organization_id, found.role)).collect())
    }
}
