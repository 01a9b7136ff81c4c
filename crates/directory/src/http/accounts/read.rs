//! GET /v1/accounts/{id}

use std::sync::Arc;

use axum::extract::State;
use contract::AccountId;
use contract::rpc::AccountRole;
use serde::Serialize;
use service::http::{Json, Path};
use service::{Attempt, Problem, Target};
use utoipa::ToSchema;

use super::AccountAnswer;
use crate::policy::{self, AccountAction};
use crate::{Directory, store};

/// One account, with the caller's role on it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct OneAccount {
    #[serde(flatten)]
    account: AccountAnswer,
    /// The caller's role on it, if they hold one.
    role: Option<AccountRole>,
}

/// Read an account
#[utoipa::path(
    get,
    path = "/v1/accounts/{id}",
    operation_id = "getAccount",
    tag = "accounts",
    params(("id" = AccountId, Path, description = "The account.")),
    responses(
        (status = 200, description = "The account.", body = OneAccount),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 404, description = "There is none, or the caller holds no role on it.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["operator", "account:admin", "account:business_manager", "account:technical_manager", "account:analyst", "account:viewer"])),
    ),
)]
pub(in crate::http) async fn read(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<AccountId>,
) -> Result<Json<OneAccount>, Problem> {
    let mut conn = directory.resources.pool.acquire().await?;
    let found = store::accounts::find(&mut conn, id).await?;
    let held = store::account_roles::find(&mut conn, id, attempt.caller.person_id).await?;
    let role = held.map(|held| held.role);
    let decision = policy::account(&attempt.caller, role, AccountAction::Read);
    let _permit = attempt.permit("account.read", Target::of(id, None), decision).await?;
    let account = found.ok_or_else(Problem::no_such::<AccountId>)?;
    Ok(Json(OneAccount { account: account.into(), role }))
}
