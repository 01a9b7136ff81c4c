//! Access control: who may do what with apps.

use contract::rpc::MemberRole;
use contract::{Authority, OrganizationId};
use service::{Caller, Denied};

/// What is done with an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
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

impl Operation {
    /// Its name in `access.refused`.
    pub(crate) const fn name(self) -> &'static str {
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

/// Why the caller may do this with apps of the organization, or why not: by their role in it, or as an operator.
pub(crate) fn authorize(
    operator: bool,
    role: Option<MemberRole>,
    operation: Operation,
) -> Result<Authority, Denied> {
    match role {
        Some(role) if operation.allows_role(role) => Ok(Authority::role(role.as_str())),
        _ if operator && operation.allows_operator() => Ok(Authority::OPERATOR),
        // Operators see every organization's apps, so there is nothing to hide from them.
        None if !operator => Err(Denied::Hidden),
        _ => Err(Denied::Role),
    }
}

/// A new app's organization has to be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OrganizationNeeded {
    /// The caller may create apps nowhere.
    #[error("is needed: you may create apps in no organization")]
    InNone,
    /// It is not clear which one is meant.
    #[error("is needed: you may create apps in several organizations")]
    InSeveral,
}

/// The organization of a new app: the one that is named, or the only one in question.
pub(crate) fn organization_of_new_app(
    caller: &Caller,
    named: Option<OrganizationId>,
) -> Result<OrganizationId, OrganizationNeeded> {
    if let Some(named) = named {
        return Ok(named);
    }
    let allowed = caller.memberships.iter().filter(|m| Operation::Create.allows_role(m.role));
    let possible: Vec<_> = allowed.map(|membership| membership.organization_id).collect();
    if caller.more_memberships {
        return Err(OrganizationNeeded::InSeveral);
    }
    match (possible.as_slice(), caller.memberships.as_slice()) {
        ([only], _) => Ok(*only),
        // Their role there does not suffice, which is worth more than a missing field.
        ([], [only]) => Ok(only.organization_id),
        ([], _) => Err(OrganizationNeeded::InNone),
        _ => Err(OrganizationNeeded::InSeveral),
    }
}
