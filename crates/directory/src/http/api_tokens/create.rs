//! POST /v1/api-tokens

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use contract::{Credential, TokenScope};
use serde::{Deserialize, Serialize};
use service::Problem;
use service::authentication::invalid_token;
use service::http::Json;
use utoipa::ToSchema;

use super::TokenAnswer;
use crate::api_token::{Maker, NewToken, Wanted};
use crate::http::sign_in::SignedIn;
use crate::{Directory, issue, store};

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct CreateToken {
    /// What its owner calls it.
    #[schema(example = "laptop", min_length = 1, max_length = 100)]
    name: String,
    /// When it shall end by itself: no later than the token that makes it, and than the installation allows. As
    /// late as it may, if left out.
    #[serde(default, deserialize_with = "contract::instant::optional")]
    expires_at: Option<DateTime<Utc>>,
    /// To what it shall be limited. With `audit-log` it reads the whole audit log and opens nothing else: for
    /// auditors. Only operators make such a token. Left out, it opens all that the person may.
    #[serde(default)]
    scope: Option<TokenScope>,
}

/// A new token, with its secret.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct NewTokenAnswer {
    #[serde(flatten)]
    record: TokenAnswer,
    /// The token itself: shown this once, kept nowhere.
    #[schema(example = "mandate_pat_…")]
    token: String,
}

/// Create an API token
///
/// Signed in by email and password (HTTP Basic), by a session, or by another API token: one that a token makes ends
/// no later, and is revoked with it; one that a session makes does not end with it. The answer has the token
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
        (status = 409, description = "The person has as many as they can have.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
        (status = 429, description = "Too many attempts to sign in, or too many changes: the sentence and `Retry-After` say until when.", body = Problem),
        (status = 503, description = "Too many sign in at the moment.", body = Problem),
    ),
    security(("password" = []), ("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([{"event": "sign-in.accepted", "if": "by password"}, "api-token.created"])),
        ("x-mandate-refusals" = json!(["sign-in.refused"])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(in crate::http) async fn create(
    State(directory): State<Arc<Directory>>,
    SignedIn { person_id, credential, permit }: SignedIn,
    Json(body): Json<CreateToken>,
) -> Result<Response, Problem> {
    let (env, settings) = (&directory.resources.env, &directory.settings);
    let now = env.now();
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    // Whoever ends the token, or all that the person can do, waits until this is done, or was first.
    let person = store::people::lock(conn, person_id).await?;
    let person = person.filter(|person| person.deactivated_at.is_none());
    let operator = person.ok_or_else(invalid_token)?.operator;
    let (parent, session);
    let maker = match credential {
        Some(Credential::ApiToken(id)) => {
            let found = store::api_tokens::find(conn, id).await?;
            parent = found.filter(|token| token.is_live(now)).ok_or_else(invalid_token)?;
            Maker::Token(&parent)
        }
        Some(Credential::Session(id)) => {
            let (found, lifetimes) =
                (store::sessions::find(conn, id).await?, settings.session_lifetimes());
            let live = found.filter(|session| session.is_live(now, lifetimes));
            session = live.ok_or_else(invalid_token)?;
            Maker::Session(&session)
        }
        None => Maker::Password,
    };
    let longest = settings.longest_token_life();
    let CreateToken { name, expires_at, scope } = &body;
    let wanted = Wanted { name, expires_at: *expires_at, scope: *scope };
    let new = NewToken::parse(wanted, maker, operator, longest, now)?;
    let live = store::api_tokens::count_live(conn, person_id, now).await?;
    if live >= settings.max_api_tokens.into() {
        return Err(too_many(settings.max_api_tokens));
    }
    let (record, secret) = issue::token(&mut unit, env, person_id, new).await?;
    unit.commit().await?;
    let location = format!("/v1/api-tokens/{}", record.id);
    let answer = NewTokenAnswer { record: record.into(), token: secret.reveal().to_owned() };
    let headers = [(LOCATION, location), (CACHE_CONTROL, "no-store".to_owned())];
    Ok((StatusCode::CREATED, headers, Json(answer)).into_response())
}

fn too_many(most: u32) -> Problem {
    let detail =
        format!("You have {most} API tokens, the most that a person can have. Revoke some.");
    Problem::conflict("too-many-api-tokens", detail)
}
