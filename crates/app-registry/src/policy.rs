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
    /// Remove a draft's image.
    RemoveImage,
    /// Add a redirect URI.
    AddRedirectUri,
    /// Remove a redirect URI.
    RemoveRedirectUri,
    /// Say whether PKCE is required.
    ChangePkce,
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
            Self::RemoveImage => "app.remove-image",
            Self::AddRedirectUri => "app.add-redirect-uri",
            Self::RemoveRedirectUri => "app.remove-redirect-uri",
            Self::ChangePkce => "app.change-pkce",
            Self::Activate => "app.activate",
            Self::Suspend => "app.suspend",
            Self::Resume => "app.resume",
            Self::Archive => "app.archive",
        }
    }

    const fn allows_role(self, role: MemberRole) -> bool {
        match self {
            Self::Read => true,
            Self::Create
            | Self::Edit
            | Self::SetImage
            | Self::RemoveImage
            | Self::AddRedirectUri
            | Self::RemoveRedirectUri
            | Self::ChangePkce
            | Self::Activate
            | Self::Archive => role.manages_apps(),
            Self::Suspend | Self::Resume => false,
        }
    }

    const fn allows_operator(self) -> bool {
        matches!(self, Self::Read | Self::Suspend | Self::Resume | Self::Archive)
    }
}

/// What the caller is to an app, for its `allowed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallerRole {
    /// Whether they operate the platform.
    pub(crate) operator: bool,
    /// Their role in the app's organization.
    pub(crate) role: Option<MemberRole>,
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
