//! The rows of the table of members.

use contract::ids::{OrganizationId, PersonId};

use super::addresses::of_member;
use crate::api::members::{Member, MemberOperation};
use crate::layout::Frame;
use crate::parts::member_role;
use crate::times::Time;

/// A member as the table shows them.
pub(super) struct Row<'a> {
    pub(super) called: &'a str,
    pub(super) email: Option<&'a str>,
    pub(super) is_me: bool,
    pub(super) role: String,
    pub(super) since: Time,
    pub(super) change: Option<String>,
    pub(super) remove: Option<String>,
}

impl<'a> Row<'a> {
    pub(super) fn of(
        member: &'a Member,
        organization: OrganizationId,
        me: PersonId,
        cursor: Option<&str>,
        frame: &Frame<'_>,
    ) -> Self {
        let is_me = member.person_id == me;
        let page = |operation, name| {
            let to = of_member(organization, member.person_id, name, cursor);
            member.allows(operation).then_some(to)
        };
        Self {
            called: member.called(),
            email: member.name.is_some().then_some(&member.email),
            is_me,
            role: member_role::name(frame.t, member.role),
            since: frame.time(member.created_at),
            change: page(MemberOperation::ChangeRole, "role"),
            // Leaving has its place below the table.
            remove: page(MemberOperation::Remove, "removal").filter(|_| !is_me),
        }
    }
}
