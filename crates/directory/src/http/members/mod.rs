//! `/v1/organizations/{id}/members`.

pub(super) mod add;
pub(super) mod change;
pub(super) mod list;
pub(super) mod remove;

use chrono::{DateTime, Utc};
use contract::PersonId;
use contract::rpc::MemberRole;
use serde::Serialize;
use utoipa::ToSchema;

use crate::fields::Email;
use crate::membership::Membership;
use crate::store::memberships::Member;

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
}

impl MemberAnswer {
    fn of(membership: &Membership, name: String, email: &Email) -> Self {
        Self {
            person_id: membership.person_id,
            name: membership.shows_name.then_some(name),
            email: email.as_str().to_owned(),
            role: membership.role,
            created_at: membership.created_at,
        }
    }
}

impl From<Member> for MemberAnswer {
    fn from(member: Member) -> Self {
        Self::of(&member.membership, member.name, &member.email)
    }
}
