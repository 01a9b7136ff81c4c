//! `/v1/accounts`.

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use contract::facts::AccountCreated;
use contract::rpc::{AccountKind, AccountRole};
use contract::{AccountId, Version};
use serde::{Deserialize, Serialize};
use service::authentication::Caller;
use service::http::{Creation, Json, Page, PageQuery, Path, Query};
use service::problem::Problem;
use service::request::RequestFacts;
use utoipa::ToSchema;

use super::access::{Access, Attempt, created, invalid, not_found};
use crate::account::{Account, AccountDetails};
use crate::policy::{self, AccountAction};
use crate::store::Slice;
use crate::{Directory, store};

/// An account of a customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub(super) struct AccountAnswer {
    /// Its id.
    id: AccountId,
    /// Its name.
    #[schema(example = "Example Shop")]
    name: String,
    /// Whose it is.
    kind: AccountKind,
    /// The catalogue's service that it is an account of.
    #[schema(example = "retail_media")]
    service: String,
    /// How the customer's own system names it.
    external_id: Option<String>,
    /// When it was made known.
    created_at: DateTime<Utc>,
}

impl From<Account> for AccountAnswer {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            name: account.details.name,
            kind: account.details.kind,
            service: account.details.service,
            external_id: account.details.external_id,
            created_at: account.created_at,
        }
    }
}

/// One account, with the caller's role on it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OneAccount {
    #[serde(flatten)]
    account: AccountAnswer,
    /// The caller's role on it, if they hold one.
    role: Option<AccountRole>,
}

/// An account to be made known.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateAccount {
    /// Its name.
    #[schema(example = "Example Shop", min_length = 1, max_length = 200)]
    name: String,
    /// Whose it is.
    kind: AccountKind,
    /// The catalogue's service that it is an account of.
    #[schema(example = "retail_media")]
    service: String,
    /// How the customer's own system names it. An import finds it by this.
    #[serde(default)]
    external_id: Option<String>,
}

/// Create an account
///
/// Kind, service and external id never change.
#[utoipa::path(
    post,
    path = "/v1/accounts",
    operation_id = "createAccount",
    tag = "accounts",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes repetitions of the request harmless.")),
    request_body = CreateAccount,
    responses(
        (status = 201, description = "Made known.", body = AccountAnswer),
        (status = 401, description = "No valid API token.", body = Problem),
        (status = 403, description = "The caller is no operator.", body = Problem),
        (status = 409, description = "The external id is taken.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["account.created"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator"])),
    ),
)]
pub(super) async fn create(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    caller: Caller,
    Creation { body, idempotency }: Creation<CreateAccount>,
) -> Result<Response, Problem> {
    let resources = &directory.resources;
    let access = Access { directory: &directory, facts: &facts, caller: &caller };
    let authority = access.as_operator("account.create").await?;
    if let Some(answer) = idempotency.replay(resources).await? {
        return Ok(answer);
    }
    let external_id = body.external_id.as_deref();
    let details = AccountDetails::parse(
        &resources.catalogue,
        &body.name,
        body.kind,
        &body.service,
        external_id,
    )
    .map_err(invalid)?;
    let account = Account {
        id: resources.env.new_id(),
        details,
        version: Version::FIRST.number(),
        created_at: resources.env.now(),
    };
    let mut unit = resources.events.begin(&facts.provenance(caller.actor(), authority, None));
    store::insert_account(unit.connection().await?, &account).await.map_err(|error| {
        if store::is_taken(&error, "accounts_external_id_key") {
            Problem::conflict(
                "external-id-taken",
                "There is an account with this external id already.",
            )
        } else {
            error.into()
        }
    })?;
    let made = AccountCreated {
        account_id: account.id,
        kind: account.details.kind,
        service: account.details.service.clone(),
    };
    unit.record(account.id.uuid(), Version::FIRST, &made)?;
    let location = format!("/v1/accounts/{}", account.id);
    created(unit, &idempotency, location, &AccountAnswer::from(account)).await
}

/// Which accounts.
#[derive(Debug, Deserialize)]
pub(super) struct ListAccounts {
    /// Only those of this service.
    #[serde(default)]
    service: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

/// List accounts
///
/// Those on which the caller holds a role; all, for an operator. In the order of their creation.
#[utoipa::path(
    get,
    path = "/v1/accounts",
    operation_id = "listAccounts",
    tag = "accounts",
    params(("service" = Option<String>, Query, description = "Only those of this service."), PageQuery),
    responses(
        (status = 200, description = "A page.", body = Page<AccountAnswer>),
        (status = 401, description = "No valid API token.", body = Problem),
        (status = 422, description = "A wrong parameter.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person", "operator"])),
    ),
)]
pub(super) async fn list(
    State(directory): State<Arc<Directory>>,
    caller: Caller,
    Query(query): Query<ListAccounts>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let holder = (!caller.operator).then_some(caller.person_id);
    let slice = Slice { after: query.page.after()?, limit: query.page.rows() };
    let mut conn = directory.resources.pool.acquire().await?;
    let rows = store::accounts(&mut conn, holder, query.service.as_deref(), slice).await?;
    let page = Page::of_rows(rows, &query.page, |account| account.id)?;
    Ok(page.map(AccountAnswer::from).into_response_for(&uri))
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
        (status = 401, description = "No valid API token.", body = Problem),
        (status = 404, description = "There is none, or the caller holds no role on it.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["operator", "account:admin", "account:business_manager", "account:technical_manager", "account:analyst", "account:viewer"])),
    ),
)]
pub(super) async fn read(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    caller: Caller,
    Path(id): Path<AccountId>,
) -> Result<Json<OneAccount>, Problem> {
    let mut conn = directory.resources.pool.acquire().await?;
    let held = store::account_role(&mut conn, id, caller.person_id).await?;
    let role = held.map(|held| held.role);
    let access = Access { directory: &directory, facts: &facts, caller: &caller };
    let decision = policy::account(caller.operator, role, AccountAction::Read);
    let attempt =
        Attempt { operation: "account.read", target: format!("account/{id}"), organization: None };
    access.permit(decision, attempt).await?;
    let account = store::account(&mut conn, id).await?.ok_or_else(not_found)?;
    Ok(Json(OneAccount { account: account.into(), role }))
}
