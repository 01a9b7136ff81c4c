//! `/v1/organizations/{id}/members`.

pub(super) mod add;
pub(super) mod change;
pub(super) mod list;
pub(super) mod read;
pub(super) mod remove;

use chrono::{DateTime, Utc};
use contract::PersonId;
use contract::rpc::MemberRole;
use serde::Serialize;
use service::Caller;
use utoipa::ToSchema;

use crate::fields::Email;
use crate::membership::Membership;
use crate::policy::{self, OrganizationAction};

/// A member of an organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Member)]
pub(super) struct MemberAnswer {
    /// The person.
    person_id: PersonId,
    /// Their name. Null for those whom somebody made a member, before members had to accept, who could not see it.
    name: Option<String>,
    /// Their email.
    email: String,
    /// Their role.
    role: MemberRole,
    /// Since when they are a member.
    created_at: DateTime<Utc>,
    /// What the caller may do with the membership as it is now, by the names of operations.
    allowed: Vec<MemberOperation>,
}

/// What can be done with a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum MemberOperation {
    /// `PATCH /v1/organizations/{id}/members/{person_id}`
    ChangeRole,
    /// `DELETE /v1/organizations/{id}/members/{person_id}`, which is to leave if it is one's own.
    Remove,
}

/// Who looks at members, and at those of which organization.
#[derive(Clone, Copy)]
struct Seen<'a> {
    caller: &'a Caller,
    /// The caller's role in the organization.
    role: Option<MemberRole>,
    /// How many owners it has.
    owners: i64,
}

impl Seen<'_> {
    /// What would be done with this membership: of the same functions that decide.
    fn allowed(&self, membership: &Membership) -> Vec<MemberOperation> {
        let is_own = membership.person_id == self.caller.person_id;
        // A role can have been changed by the very request that is answered.
        let role = if is_own { Some(membership.role) } else { self.role };
        let may = |action| policy::organization(self.caller, role, action).is_ok();
        let (manage, leave) = (OrganizationAction::ManageMembers, OrganizationAction::Leave);
        let can_change = membership.can_cease(self.owners).is_ok();
        let operations = [
            (MemberOperation::ChangeRole, may(manage)),
            (MemberOperation::Remove, may(if is_own { leave } else { manage })),
        ];
        let offered = operations.into_iter().filter(|(_, may)| *may && can_change);
        offered.map(|(operation, _)| operation).collect()
    }
}

impl MemberAnswer {
    fn of(membership: &Membership, name: String, email: &Email, seen: Seen<'_>) -> Self {
        Self {
            allowed: seen.allowed(membership),
            person_id: membership.person_id,
            name: membership.shows_name.then_some(name),
            email: email.as_str().to_owned(),
            role: membership.role,
            created_at: membership.created_at,
        }
    }
}
