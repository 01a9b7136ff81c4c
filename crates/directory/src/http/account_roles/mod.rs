//! `/v1/accounts/{id}/roles`.

pub(super) mod list;
pub(super) mod put;
pub(super) mod revoke;

use contract::rpc::AccountRole;
use contract::{AccountId, PersonId};
use serde::Serialize;
use service::{Attempt, Permit, Problem, Target};
use utoipa::ToSchema;

use crate::policy::{self, AccountAction};
use crate::store::account_roles::RoleHolder;
use crate::{Directory, store};

/// A person's role on an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountRoleHolder)]
pub(super) struct RoleAnswer {
    /// The person.
    person_id: PersonId,
    /// Their name.
    name: String,
    /// Their email.
    email: String,
    /// The role.
    role: AccountRole,
}

impl From<RoleHolder> for RoleAnswer {
    fn from(holder: RoleHolder) -> Self {
        Self {
            person_id: holder.held.person_id,
            name: holder.name,
            email: holder.email.as_str().to_owned(),
            role: holder.held.role,
        }
    }
}

/// The permit to see and change the roles on an account, and to invite to them.
pub(super) async fn permit(
    directory: &Directory,
    attempt: &Attempt,
    id: AccountId,
    operation: &'static str,
) -> Result<Permit, Problem> {
    let role = {
        let mut conn = directory.resources.pool.acquire().await?;
        let found = store::accounts::find(&mut conn, id).await?;
        found.ok_or_else(Problem::no_such::<AccountId>)?;
        let held = store::account_roles::find(&mut conn, id, attempt.caller.person_id).await?;
        held.map(|held| held.role)
    };
    let decision = policy::account(&attempt.caller, role, AccountAction::ManageRoles);
    attempt.permit(operation, Target::of(id, None), decision).await
}
