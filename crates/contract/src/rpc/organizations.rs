//! What the directory is asked about many organizations.

use serde::{Deserialize, Serialize};

use super::{AskedIds, questions};
use crate::ids::OrganizationId;

questions! {
    NameOrganizations -> Vec<NamedOrganization> = Directory."name-organizations";
}

/// What are these organizations called, and where can they be reached? Unknown ones are left out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NameOrganizations {
    /// The organizations.
    pub organization_ids: AskedIds<OrganizationId>,
}

/// An organization, its name and where it can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedOrganization {
    /// The organization.
    pub organization_id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Where it can be reached.
    pub contact_email: String,
}
