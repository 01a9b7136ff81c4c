//! Access control: who may do what with the keys of an app.

use contract::Authority;
use contract::rpc::MemberRole;
use service::Denied;

/// What is done with keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// See an app's keys.
    List,
    /// Make one.
    Create,
    /// Give one another name.
    Rename,
    /// End one.
    Delete,
    /// Make another in place of one.
    Replace,
}

impl Operation {
    /// Its name in `access.refused`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::List => "key.list",
            Self::Create => "key.create",
            Self::Rename => "key.rename",
            Self::Delete => "key.delete",
            Self::Replace => "key.replace",
        }
    }

    const fn allows_role(self, role: MemberRole) -> bool {
        match self {
            Self::List => true,
            Self::Create | Self::Rename | Self::Delete | Self::Replace => role.manages_apps(),
        }
    }

    const fn allows_operator(self) -> bool {
        matches!(self, Self::List)
    }
}

/// Why the caller may do this with the keys of the organization's apps, or why not: by their role in it, or as
/// an operator.
pub(crate) fn authorize(
    operator: bool,
    role: Option<MemberRole>,
    operation: Operation,
) -> Result<Authority, Denied> {
    match role {
        Some(role) if operation.allows_role(role) => Ok(Authority::role(role.as_str())),
        _ if operator && operation.allows_operator() => Ok(Authority::OPERATOR),
        // Operators see every organization's keys, so there is nothing to hide from them.
        None if !operator => Err(Denied::Hidden),
        _ => Err(Denied::Role),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGES: [Operation; 4] =
        [Operation::Create, Operation::Rename, Operation::Delete, Operation::Replace];

    fn decide(
        operation: Operation,
        role: Option<MemberRole>,
        operator: bool,
    ) -> Result<Authority, Denied> {
        authorize(operator, role, operation)
    }

    #[test]
    fn an_auditor_reads_and_changes_nothing() {
        let auditor = Some(MemberRole::Auditor);
        assert_eq!(decide(Operation::List, auditor, false), Ok(Authority::role("auditor")));
        for operation in CHANGES {
            assert_eq!(decide(operation, auditor, false), Err(Denied::Role));
        }
    }

    #[test]
    fn an_operator_reads_and_changes_nothing() {
        assert_eq!(decide(Operation::List, None, true), Ok(Authority::OPERATOR));
        for operation in CHANGES {
            assert_eq!(decide(operation, None, true), Err(Denied::Role));
        }
    }

    #[test]
    fn owners_and_developers_do_everything_and_strangers_see_nothing() {
        for operation in CHANGES.into_iter().chain([Operation::List]) {
            for role in [MemberRole::Owner, MemberRole::Developer] {
                let allowed = Ok(Authority::role(role.as_str()));
                assert_eq!(decide(operation, Some(role), false), allowed);
            }
            assert_eq!(decide(operation, None, false), Err(Denied::Hidden));
        }
    }
}
