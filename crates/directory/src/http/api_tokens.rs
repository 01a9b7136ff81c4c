//! `/v1/api-tokens`.

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use contract::facts::ApiTokenRevoked;
use contract::{Actor, ApiTokenId, Authority, Version};
use eventstore::AppendError;
use serde::{Deserialize, Serialize};
use service::authentication::Caller;
use service::http::{Json, Page, PageQuery, Path, Query};
use service::problem::Problem;
use service::request::RequestFacts;
use utoipa::ToSchema;

use super::access::{invalid, not_found};
use super::sign_in::SignedIn;
use crate::api_token::{NewToken, TokenRecord};
use crate::store::Slice;
use crate::{Directory, issue, store};

/// An API token: the record, not the secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiToken)]
pub(super) struct TokenAnswer {
    /// Its id.
    id: ApiTokenId,
    /// What its owner calls it.
    name: String,
    /// Its last four characters.
    hint: String,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it ends by itself.
    expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    revoked_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    last_used_at: Option<DateTime<Utc>>,
}

impl From<TokenRecord> for TokenAnswer {
    fn from(token: TokenRecord) -> Self {
        Self {
            id: token.id,
            name: token.name,
            hint: token.hint,
            created_at: token.created_at,
            expires_at: token.expires_at,
            revoked_at: token.revoked_at,
            last_used_at: token.last_used_at,
        }
    }
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateToken {
    /// What its owner calls it.
    #[schema(example = "laptop", min_length = 1, max_length = 100)]
    name: String,
    /// When it shall end by itself; never, if left out.
    #[serde(default, deserialize_with = "contract::instant::optional")]
    expires_at: Option<DateTime<Utc>>,
}

/// A new token, with its secret.
#[derive(Serialize, ToSchema)]
pub(super) struct NewTokenAnswer {
    #[serde(flatten)]
    record: TokenAnswer,
    /// The token itself: shown this once, kept nowhere.
    #[schema(example = "mandate_pat_…")]
    token: String,
}

/// Create an API token
///
/// Signed in by email and password (HTTP Basic), or by another API token. The answer has the token
/// itself, this once. For the same reason an Idempotency-Key has no effect: an answer that is kept
/// would be a secret that is kept.
#[utoipa::path(
    post,
    path = "/v1/api-tokens",
    operation_id = "createApiToken",
    tag = "api-tokens",
    request_body = CreateToken,
    responses(
        (status = 201, description = "Made; the token is in the answer.", body = NewTokenAnswer),
        (status = 401, description = "Email or password are wrong, or no valid API token.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
        (status = 503, description = "Too many sign in at the moment.", body = Problem),
    ),
    security(("password" = []), ("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([{"event": "sign-in.accepted", "if": "by password"}, "api-token.created"])),
        ("x-mandate-refusals" = json!(["sign-in.refused"])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(super) async fn create(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    signed_in: SignedIn,
    Json(body): Json<CreateToken>,
) -> Result<Response, Problem> {
    let resources = &directory.resources;
    let new = NewToken::parse(&body.name, body.expires_at, resources.env.now()).map_err(invalid)?;
    let mut provenance =
        facts.provenance(Actor::Person(signed_in.person_id), signed_in.authority, None);
    provenance.causation = signed_in.sign_in;
    let mut unit = resources.events.begin(&provenance);
    let (record, secret) =
        issue::token(&mut unit, &resources.env, signed_in.person_id, new).await?;
    unit.commit().await?;
    let location = format!("/v1/api-tokens/{}", record.id);
    let answer = NewTokenAnswer { record: record.into(), token: secret.reveal().to_owned() };
    let headers = [(LOCATION, location), (CACHE_CONTROL, "no-store".to_owned())];
    Ok((StatusCode::CREATED, headers, Json(answer)).into_response())
}

/// List my API tokens
///
/// Expired and revoked ones included, in the order of their creation.
#[utoipa::path(
    get,
    path = "/v1/api-tokens",
    operation_id = "listApiTokens",
    tag = "api-tokens",
    params(PageQuery),
    responses(
        (status = 200, description = "A page.", body = Page<TokenAnswer>),
        (status = 401, description = "No valid API token.", body = Problem),
        (status = 422, description = "A wrong parameter.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(super) async fn list(
    State(directory): State<Arc<Directory>>,
    caller: Caller,
    Query(query): Query<PageQuery>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let slice = Slice { after: query.after()?, limit: query.rows() };
    let mut conn = directory.resources.pool.acquire().await?;
    let rows = store::tokens_of(&mut conn, caller.person_id, slice).await?;
    let page = Page::of_rows(rows, &query, |token| token.id)?;
    Ok(page.map(TokenAnswer::from).into_response_for(&uri))
}

/// Revoke an API token
///
/// It opens nothing from then on. One's own; anybody's, for an operator. Revoking a revoked one
/// changes nothing and leaves no event.
#[utoipa::path(
    delete,
    path = "/v1/api-tokens/{id}",
    operation_id = "revokeApiToken",
    tag = "api-tokens",
    params(("id" = ApiTokenId, Path, description = "The token's record.")),
    responses(
        (status = 204, description = "Revoked."),
        (status = 401, description = "No valid API token.", body = Problem),
        (status = 404, description = "There is none, or it is somebody else's.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["api-token.revoked"])),
        ("x-mandate-roles" = json!(["person", "operator"])),
    ),
)]
pub(super) async fn revoke(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    caller: Caller,
    Path(id): Path<ApiTokenId>,
) -> Result<StatusCode, Problem> {
    let resources = &directory.resources;
    // Who is not an operator comes past the check below only with a token of their own.
    let authority = if caller.operator { Authority::OPERATOR } else { Authority::SELF };
    let mut unit = resources.events.begin(&facts.provenance(caller.actor(), authority, None));
    let conn = unit.connection().await?;
    let token = store::lock_token(conn, id).await?.ok_or_else(not_found)?;
    if token.person_id != caller.person_id && !caller.operator {
        return Err(not_found());
    }
    if token.revoked_at.is_none() {
        let next = Version::new(token.version + 1).ok_or(AppendError::Conflict)?;
        store::revoke_token(conn, id, resources.env.now(), next.number()).await?;
        let revoked = ApiTokenRevoked { api_token_id: id, person_id: token.person_id };
        unit.record(id.uuid(), next, &revoked)?;
        unit.commit().await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
