//! PUT /v1/accounts/{id}/roles/{person_id}

use std::sync::Arc;

use axum::extract::State;
use contract::rpc::AccountRole;
use contract::{AccountId, AccountRoleId, PersonId};
use eventstore::AppendError;
use serde::Deserialize;
use service::http::{Json, Path};
use service::{Attempt, Problem};
use utoipa::ToSchema;

use super::{RoleAnswer, permit};
use crate::account_role::HeldRole;
use crate::{Directory, store};

/// A role to be given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct PutRole {
    /// The role.
    role: AccountRole,
}

/// Give a person a role on an account
///
/// A person holds one role on an account: it replaces the one before. Giving the role that is held
/// already leaves no event. An admin changes the role of somebody who holds one; others they invite, who get the
/// role by accepting (`POST /v1/accounts/{id}/invitations`). An operator gives roles to anybody.
#[utoipa::path(
    put,
    path = "/v1/accounts/{id}/roles/{person_id}",
    operation_id = "putAccountRole",
    tag = "accounts",
    params(
        ("id" = AccountId, Path, description = "The account."),
        ("person_id" = PersonId, Path, description = "The person."),
    ),
    request_body = PutRole,
    responses(
        (status = 200, description = "They hold the role.", body = RoleAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller holds no role on it; or the person holds none, for an admin to change.", body = Problem),
        (status = 409, description = "Somebody else gave them a role at the same time.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([{"one_of": ["account-role.granted", "account-role.changed"]}])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator", "account:admin"])),
    ),
)]
pub(in crate::http) async fn put(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path((id, person_id)): Path<(AccountId, PersonId)>,
    Json(PutRole { role }): Json<PutRole>,
) -> Result<Json<RoleAnswer>, Problem> {
    let permit = permit(&directory, &attempt, id, "account-role.put").await?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let held = store::account_roles::lock(conn, id, person_id).await?;
    // The same for those who hold none as for nobody: an admin learns nothing of either.
    if held.is_none() && !attempt.caller.operator {
        return Err(Problem::no_such::<AccountRoleId>());
    }
    let found = store::people::find(conn, person_id).await?;
    let person = found.ok_or_else(Problem::no_such::<PersonId>)?;
    let email = person.email.as_str().to_owned();
    let answer = Json(RoleAnswer { person_id, name: person.name, email, role });
    let env = &directory.resources.env;
    if let Some(held) = held {
        let Some((held, changed)) = held.change(role) else {
            return Ok(answer);
        };
        store::account_roles::save(conn, &held).await?;
        unit.record(held.id.uuid(), held.version, &changed)?;
    } else {
        let (held, granted) = HeldRole::grant(env.new_id(), id, person_id, role);
        if !store::account_roles::insert(conn, &held, env.now()).await? {
            return Err(AppendError::Conflict.into());
        }
        unit.record(held.id.uuid(), held.version, &granted)?;
    }
    unit.commit().await?;
    Ok(answer)
}
