//! A role in an organization: in words, and the choice of one.

use askama::Template;
use contract::rpc::MemberRole;

use crate::texts::Texts;

pub(crate) fn name(t: &Texts, role: MemberRole) -> String {
    match role {
        MemberRole::Owner => t.member_role_owner(),
        MemberRole::Developer => t.member_role_developer(),
        MemberRole::Auditor => t.member_role_auditor(),
    }
}

/// One of the roles is chosen.
#[derive(Template)]
#[template(path = "parts/member_role/part.html")]
pub(crate) struct RoleChoice {
    t: &'static Texts,
    chosen: Option<MemberRole>,
    error: Option<String>,
}

struct Choice {
    value: &'static str,
    name: String,
    what: String,
    is_chosen: bool,
}

impl RoleChoice {
    /// With this one chosen, and what is wrong with it.
    pub(crate) fn new(
        t: &'static Texts,
        chosen: Option<MemberRole>,
        error: Option<String>,
    ) -> Self {
        Self { t, chosen, error }
    }

    fn choices(&self) -> [Choice; 3] {
        let t = self.t;
        let choice = |role: MemberRole, what| Choice {
            value: role.as_str(),
            name: name(t, role),
            what,
            is_chosen: self.chosen == Some(role),
        };
        [
            choice(MemberRole::Developer, t.member_role_developer_what()),
            choice(MemberRole::Auditor, t.member_role_auditor_what()),
            choice(MemberRole::Owner, t.member_role_owner_what()),
        ]
    }
}
