//! Who may do what with apps.

use contract::rpc::MemberRole;
use contract::{Authority, OrganizationId};
use service::Caller;

/// What is done with an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Make a draft.
    Create,
    /// See it.
    Read,
    /// Change a draft.
    Edit,
    /// Set a draft's image.
    SetImage,
    /// End the draft.
    Activate,
    /// Stop it.
    Suspend,
    /// End the stop.
    Resume,
    /// End it, for good.
    Archive,
}

/// Why someone may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// They are no member of the organization: they are not told that the app exists.
    #[error("there is no such app")]
    NoMember,
    /// They are, and their role does not suffice.
    #[error("the role does not suffice")]
    Role,
}

impl Operation {
    /// Its name in `access.refused`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "app.create",
            Self::Read => "app.read",
            Self::Edit => "app.edit",
            Self::SetImage => "app.set-image",
            Self::Activate => "app.activate",
            Self::Suspend => "app.suspend",
            Self::Resume => "app.resume",
            Self::Archive => "app.archive",
        }
    }

    const fn allows_role(self, role: MemberRole) -> bool {
        match self {
            Self::Read => true,
            Self::Create | Self::Edit | Self::SetImage | Self::Activate | Self::Archive => {
                matches!(role, MemberRole::Owner | MemberRole::Developer)
            }
            Self::Suspend | Self::Resume => false,
        }
    }

    const fn allows_operator(self) -> bool {
        matches!(self, Self::Read | Self::Suspend | Self::Resume | Self::Archive)
    }
}

/// Why the caller may do this in the organization, or why not.
pub fn authorize(
    caller: &Caller,
    organization: OrganizationId,
    operation: Operation,
) -> Result<Authority, Denied> {
    match caller.role_in(organization) {
        Some(role) if operation.allows_role(role) => Ok(Authority::role(role.as_str())),
        _ if caller.operator && operation.allows_operator() => Ok(Authority::OPERATOR),
        // Operators see every organization's apps, so there is nothing to hide from them.
        None if !caller.operator => Err(Denied::NoMember),
        _ => Err(Denied::Role),
    }
}

/// The organizations in which the caller may make apps.
pub fn where_apps_can_be_made(caller: &Caller) -> Vec<OrganizationId> {
    let may = |role| Operation::Create.allows_role(role);
    caller
        .memberships
        .iter()
        .filter(|membership| may(membership.role))
        .map(|m| m.organization_id)
        .collect()
}
