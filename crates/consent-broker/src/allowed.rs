//! What somebody may do with a grant at a moment: what `policy` and the grant itself say to each operation, and no rule
//! beside them. Pure.

use contract::PersonId;
use contract::rpc::AccountRole;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::as_of::AsOf;
use crate::grant::{Grant, Renewal};
use crate::policy;
use crate::revocation::Revocation;

/// What can be done with a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GrantOperation {
    /// `POST /v1/grants/{id}/renew`
    Renew,
    /// `DELETE /v1/grants/{id}`
    Revoke,
}

/// Who looks at a grant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Viewer {
    /// Who.
    pub(crate) person_id: PersonId,
    /// Whether they operate the platform.
    pub(crate) operator: bool,
    /// Their role on the grant's account.
    pub(crate) role: Option<AccountRole>,
}

impl Viewer {
    /// Whether they are told who granted and renewed it.
    pub(crate) const fn knows_people(self) -> bool {
        self.operator || self.role.is_some()
    }
}

/// The operations that would succeed.
pub(crate) fn on_grant(grant: &Grant, viewer: Viewer, as_of: AsOf<'_>) -> Vec<GrantOperation> {
    let Viewer { person_id: by, operator, role } = viewer;
    let roles = policy::consent_roles(as_of.catalogue, &grant.service);
    let mut allowed = Vec::new();
    if let Some(role) = role.filter(|_| policy::renew_grant(role, None, operator, roles).is_ok()) {
        let lifetime = as_of.catalogue.consent_lifetime(&grant.service);
        if grant.renew(Renewal { at: as_of.now, by, role }, lifetime).is_ok() {
            allowed.push(GrantOperation::Renew);
        }
    }
    if policy::revoke_grant(role, None, operator, roles).is_ok()
        && grant.revoke(Revocation::requested(by, as_of.now)).is_some()
    {
        allowed.push(GrantOperation::Revoke);
    }
    allowed
}
