//! `/v1/accounts/{id}/roles`.

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use contract::facts::{AccountRoleChanged, AccountRoleGranted, AccountRoleRevoked};
use contract::rpc::AccountRole;
use contract::{AccountId, Authority, PersonId, Version};
use eventstore::AppendError;
use serde::{Deserialize, Serialize};
use service::authentication::Caller;
use service::http::{Json, Page, PageQuery, Path, Query};
use service::problem::Problem;
use service::request::RequestFacts;
use utoipa::ToSchema;

use super::access::{Access, Attempt, not_found};
use crate::account::HeldRole;
use crate::policy::{self, AccountAction};
use crate::store::{RoleHolder, Slice};
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

/// Whether the caller may manage the roles on an account that is there.
async fn permit(
    access: &Access<'_>,
    id: AccountId,
    operation: &'static str,
) -> Result<Authority, Problem> {
    let caller = access.caller;
    let held = {
        let mut conn = access.directory.resources.pool.acquire().await?;
        if store::account(&mut conn, id).await?.is_none() {
            return Err(not_found());
        }
        store::account_role(&mut conn, id, caller.person_id).await?
    };
    let decision =
        policy::account(caller.operator, held.map(|held| held.role), AccountAction::ManageRoles);
    access
        .permit(
            decision,
            Attempt { operation, target: format!("account/{id}"), organization: None },
        )
        .await
}

/// List the roles on an account
#[utoipa::path(
    get,
    path = "/v1/accounts/{id}/roles",
    operation_id = "listAccountRoles",
    tag = "accounts",
    params(("id" = AccountId, Path, description = "The account."), PageQuery),
    responses(
        (status = 200, description = "A page.", body = Page<RoleAnswer>),
        (status = 401, description = "No valid API token.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller holds no role on it.", body = Problem),
        (status = 422, description = "A wrong parameter.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator", "account:admin"])),
    ),
)]
pub(super) async fn list(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    caller: Caller,
    Path(id): Path<AccountId>,
    Query(query): Query<PageQuery>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let access = Access { directory: &directory, facts: &facts, caller: &caller };
    permit(&access, id, "account-role.list").await?;
    let slice = Slice { after: query.after()?, limit: query.rows() };
    let mut conn = directory.resources.pool.acquire().await?;
    let rows = store::role_holders(&mut conn, id, slice).await?;
    let page = Page::of_rows(rows, &query, |holder| holder.held.id)?;
    Ok(page.map(RoleAnswer::from).into_response_for(&uri))
}

/// A role to be given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutRole {
    /// The role.
    role: AccountRole,
}

/// Give a person a role on an account
///
/// A person holds one role on an account: it replaces the one before. Giving the role that is held
/// already leaves no event.
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
        (status = 401, description = "No valid API token.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller holds no role on it; or nobody has this id.", body = Problem),
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
pub(super) async fn put(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    caller: Caller,
    Path((id, person_id)): Path<(AccountId, PersonId)>,
    Json(body): Json<PutRole>,
) -> Result<Response, Problem> {
    let access = Access { directory: &directory, facts: &facts, caller: &caller };
    let authority = permit(&access, id, "account-role.put").await?;
    let resources = &directory.resources;
    let mut unit = resources.events.begin(&facts.provenance(caller.actor(), authority, None));
    let conn = unit.connection().await?;
    let person = store::person(conn, person_id).await?.ok_or_else(not_found)?;
    let held = store::lock_account_role(conn, id, person_id).await?;
    let role = body.role;
    match held {
        Some(held) if held.role == role => {}
        Some(held) => {
            let next = Version::new(held.version + 1).ok_or(AppendError::Conflict)?;
            let new = HeldRole { role, version: next.number(), ..held };
            store::update_account_role(conn, &new).await?;
            let changed = AccountRoleChanged {
                account_role_id: held.id,
                account_id: id,
                person_id,
                role,
                previous_role: held.role,
            };
            unit.record(held.id.uuid(), next, &changed)?;
            unit.commit().await?;
        }
        None => {
            let version = Version::FIRST.number();
            let new =
                HeldRole { id: resources.env.new_id(), account_id: id, person_id, role, version };
            store::insert_account_role(conn, &new, resources.env.now()).await.map_err(|error| {
                if store::is_taken(&error, "account_roles_account_id_person_id_key") {
                    AppendError::Conflict.into()
                } else {
                    Problem::from(error)
                }
            })?;
            let granted =
                AccountRoleGranted { account_role_id: new.id, account_id: id, person_id, role };
            unit.record(new.id.uuid(), Version::FIRST, &granted)?;
            unit.commit().await?;
        }
    }
    let email = person.email.as_str().to_owned();
    Ok(Json(RoleAnswer { person_id, name: person.name, email, role }).into_response())
}

/// Take a person's role on an account away
#[utoipa::path(
    delete,
    path = "/v1/accounts/{id}/roles/{person_id}",
    operation_id = "revokeAccountRole",
    tag = "accounts",
    params(
        ("id" = AccountId, Path, description = "The account."),
        ("person_id" = PersonId, Path, description = "The person."),
    ),
    responses(
        (status = 204, description = "They hold no role on it any more."),
        (status = 401, description = "No valid API token.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller holds no role on it; or the person holds none.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["account-role.revoked"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator", "account:admin"])),
    ),
)]
pub(super) async fn revoke(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    caller: Caller,
    Path((id, person_id)): Path<(AccountId, PersonId)>,
) -> Result<StatusCode, Problem> {
    let access = Access { directory: &directory, facts: &facts, caller: &caller };
    let authority = permit(&access, id, "account-role.revoke").await?;
    let mut unit =
        directory.resources.events.begin(&facts.provenance(caller.actor(), authority, None));
    let conn = unit.connection().await?;
    let held = store::lock_account_role(conn, id, person_id).await?.ok_or_else(not_found)?;
    store::delete_account_role(conn, held.id).await?;
    let next = Version::new(held.version + 1).ok_or(AppendError::Conflict)?;
    let revoked = AccountRoleRevoked { account_role_id: held.id, account_id: id, person_id };
    unit.record(held.id.uuid(), next, &revoked)?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
