//! Who may do what with the keys of an app.

use contract::Authority;
use contract::rpc::MemberRole;

/// What is attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Seeing an app's keys.
    List,
    /// Making one.
    Create,
    /// Giving one another name.
    Rename,
    /// Ending one.
    Delete,
}

impl Operation {
    /// Its name in refusals.
    pub const fn name(self) -> &'static str {
        match self {
            Self::List => "key.list",
            Self::Create => "key.create",
            Self::Rename => "key.rename",
            Self::Delete => "key.delete",
        }
    }
}

/// Why it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The caller must not learn that the app exists.
    #[error("there is no such thing")]
    NotAMember,
    /// The caller belongs to the organization in a role that does not suffice.
    #[error("only an owner or a developer of the organization may do this")]
    RoleNotAllowed,
}

/// Decides what a role in the app's organization allows, and what operators may besides.
pub fn decide(
    operation: Operation,
    role: Option<MemberRole>,
    operator: bool,
) -> Result<Authority, Refusal> {
    match (role, operation) {
        (Some(role @ (MemberRole::Owner | MemberRole::Developer)), _)
        | (Some(role @ MemberRole::Auditor), Operation::List) => Ok(Authority::role(role.as_str())),
        (_, Operation::List) if operator => Ok(Authority::OPERATOR),
        // Operators see every organization's keys, so there is nothing to hide from them.
        (None, _) if !operator => Err(Refusal::NotAMember),
        _ => Err(Refusal::RoleNotAllowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGES: [Operation; 3] = [Operation::Create, Operation::Rename, Operation::Delete];

    #[test]
    fn an_auditor_reads_and_changes_nothing() {
        assert_eq!(
            decide(Operation::List, Some(MemberRole::Auditor), false),
            Ok(Authority::role("auditor"))
        );
        for operation in CHANGES {
            assert_eq!(
                decide(operation, Some(MemberRole::Auditor), false),
                Err(Refusal::RoleNotAllowed)
            );
        }
    }

    #[test]
    fn an_operator_reads_and_changes_nothing() {
        assert_eq!(decide(Operation::List, None, true), Ok(Authority::OPERATOR));
        for operation in CHANGES {
            assert_eq!(decide(operation, None, true), Err(Refusal::RoleNotAllowed));
        }
    }

    #[test]
    fn owners_and_developers_do_everything_and_strangers_see_nothing() {
        for operation in CHANGES.into_iter().chain([Operation::List]) {
            assert_eq!(
                decide(operation, Some(MemberRole::Owner), false),
                Ok(Authority::role("owner"))
            );
            assert_eq!(
                decide(operation, Some(MemberRole::Developer), false),
                Ok(Authority::role("developer"))
            );
            assert_eq!(decide(operation, None, false), Err(Refusal::NotAMember));
        }
    }
}
