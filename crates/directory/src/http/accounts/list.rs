//! GET /v1/accounts

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use serde::Deserialize;
use service::http::{Page, PageQuery, Query};
use service::{Caller, Fault, FaultCode, Problem};

use super::AccountAnswer;
use crate::account::NAME_CHARS;
use crate::store::{Slice, found_accounts};
use crate::{Directory, store};

/// Which accounts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ListAccounts {
    /// Only those of this service.
    #[serde(default)]
    service: Option<String>,
    /// Only those with this text in their name or external id.
    #[serde(default)]
    q: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

/// List accounts
///
/// Those on which the caller holds a role; all, for an operator. In the order of their creation. `q` finds those that
/// have a text in their name or external id, in upper or lower case, with accents or without.
#[utoipa::path(
    get,
    path = "/v1/accounts",
    operation_id = "listAccounts",
    tag = "accounts",
    params(
        ("service" = Option<String>, Query, description = "Only those of this service."),
        ("q" = Option<String>, Query, max_length = 200,
            description = "Only those with this text in their name or external id."),
        PageQuery
    ),
    responses(
        (status = 200, description = "A page.", body = Page<AccountAnswer>),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 422, description = "A wrong parameter.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person", "operator"])),
    ),
)]
pub(in crate::http) async fn list(
    State(directory): State<Arc<Directory>>,
    caller: Caller,
    Query(query): Query<ListAccounts>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let holder = (!caller.operator).then_some(caller.person_id);
    let q = query.q.as_deref().map(searched).transpose()?;
    let service = query.service.as_deref();
    let slice = Slice { after: query.page.after()?, limit: query.page.rows() };
    let mut conn = directory.resources.pool.acquire().await?;
    let rows = match (q, holder) {
        (None, holder) => store::accounts::list(&mut conn, holder, service, slice).await?,
        (Some(q), None) => found_accounts::of_all(&mut conn, q, service, slice).await?,
        (Some(q), Some(holder)) => {
            found_accounts::of_holder(&mut conn, holder, q, service, slice).await?
        }
    };
    let page = Page::of_rows(rows, &query.page, |account| account.id)?;
    Ok(page.map(AccountAnswer::from).into_response_for(&uri))
}

/// The text to search for.
fn searched(q: &str) -> Result<&str, Problem> {
    let fault = match q.trim() {
        "" => Fault::new(FaultCode::Required, "has no text to search for"),
        text if text.chars().count() > NAME_CHARS => Fault::too_long(NAME_CHARS),
        text if text.contains('\0') => {
            Fault::new(FaultCode::ForbiddenCharacters, "has a NUL character")
        }
        text => return Ok(text),
    };
    Err(Problem::invalid_field("q", fault))
}
