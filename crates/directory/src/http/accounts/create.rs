//! POST /v1/accounts

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::rpc::AccountKind;
use serde::Deserialize;
use service::http::Creation;
use service::{Attempt, Problem};
use utoipa::ToSchema;

use super::AccountAnswer;
use crate::account::{Account, AccountProfile};
use crate::{Directory, store};

/// An account to be made known.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct CreateAccount {
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
        (status = 401, description = "No valid API token or session.", body = Problem),
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
pub(in crate::http) async fn create(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Creation { body, idempotency }: Creation<CreateAccount>,
) -> Result<Response, Problem> {
    let permit = attempt.permit_operator("account.create").await?;
    if let Some(answer) = permit.replay(&idempotency).await? {
        return Ok(answer);
    }
    let (env, catalogue) = (&directory.resources.env, &directory.resources.catalogue);
    let CreateAccount { name, kind, service, external_id } = body;
    let profile = AccountProfile::parse(catalogue, &name, kind, &service, external_id.as_deref())?;
    let (account, created) = Account::create(env.new_id(), profile, env.now());
    let mut unit = permit.begin();
    if !store::accounts::insert(unit.connection().await?, &account).await? {
        let detail = "There is an account with this external id already.";
        return Err(Problem::conflict("external-id-taken", detail));
    }
    unit.record(account.id.uuid(), account.version, &created)?;
    let (location, version) = (format!("/v1/accounts/{}", account.id), account.version);
    idempotency.created(unit, location, version, &AccountAnswer::from(account)).await
}
