//! `POST /v1/apps/{id}/keys`

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{ACCEPT, CACHE_CONTROL, ETAG, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use contract::rpc::{AppState, AppView};
use contract::secret::ClientSecret;
use contract::{AppId, Version};
use serde::{Deserialize, Serialize};
use service::http::{Creation, Json, Path, etag};
use service::{Caller, Problem, RequestFacts};
use utoipa::ToSchema;

use super::attempt::{Attempt, app_target, key_name, no_such_app};
use super::credentials_file::{CredentialsFile, prefers_text};
use super::view::KeyBody;
use crate::KeyIssuer;
use crate::key::{self, Key};
use crate::policy::Operation;
use crate::store::apps::{self, KnownApp};
use crate::store::keys;

/// A new key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewKey)]
pub(super) struct NewKey {
    /// How its owners call it: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, example = "production")]
    name: String,
    /// When it shall end by itself; in the future. Never, if left out.
    #[serde(default, deserialize_with = "contract::instant::optional")]
    expires_at: Option<DateTime<Utc>>,
}

/// A key with its secret: shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedKey)]
pub(super) struct CreatedKey {
    /// The key.
    #[serde(flatten)]
    key: KeyBody,
    /// The secret. It is stored nowhere and never shown again; null when the same request is
    /// repeated under its `Idempotency-Key`.
    #[schema(example = "mandate_cs_…")]
    client_secret: Option<String>,
}

/// Make a key
///
/// Answers with the client id and the client secret, this once. With `Accept: text/plain` the answer
/// is a text file to keep. Only an active app has keys, and at most 5 that are neither deleted nor
/// expired. A repetition under the same `Idempotency-Key` makes no second key and shows no secret:
/// who lost the first answer deletes the key and makes another.
#[utoipa::path(
    post,
    path = "/v1/apps/{id}/keys",
    operation_id = "createKey",
    tag = "keys",
    security(("api_token" = [])),
    params(
        ("id" = AppId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes repetitions of the request harmless."),
    ),
    request_body = NewKey,
    responses(
        (status = 201, description = "The key with its secret", headers(("ETag" = String), ("Location" = String)),
            content((CreatedKey = "application/json"), (String = "text/plain"))),
        (status = 401, body = Problem, description = "No valid API token"),
        (status = 403, body = Problem, description = "The role does not suffice"),
        (status = 404, body = Problem, description = "There is no such app"),
        (status = 409, body = Problem, description = "The app is not active, or has as many keys as it may"),
        (status = 422, body = Problem, description = "Fields are wrong; `errors` names them")
    ),
    extensions(
        ("x-mandate-events" = json!(["key.created"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer"])),
    ),
)]
pub(super) async fn create(
    State(issuer): State<Arc<KeyIssuer>>,
    Path(app_id): Path<AppId>,
    caller: Caller,
    facts: RequestFacts,
    headers: HeaderMap,
    creation: Creation<NewKey>,
) -> Result<Response, Problem> {
    let Creation { body, idempotency } = creation;
    let resources = &issuer.resources;
    let attempt = Attempt { issuer: &issuer, caller: &caller, facts: &facts };
    let app = attempt.app(app_id).await?;
    let authority = attempt
        .authorize(Operation::Create, app.organization_id, app_target(app_id), no_such_app)
        .await?;
    if let Some(answer) = idempotency.replay(resources).await? {
        return Ok(answer);
    }
    let name = key_name(&body.name)?;
    let app = known(&app)?;

    let now = resources.env.now();
    let secret = ClientSecret::generate(&resources.env);
    let key = Key {
        id: resources.env.new_id(),
        app_id,
        name,
        hint: secret.hint().to_owned(),
        created_at: now,
        expires_at: body.expires_at.map(to_microseconds),
        deletion: None,
        expired_at: None,
        last_used_at: None,
        version: Version::FIRST,
    };
    let mut unit = resources.events.begin(&attempt.provenance(authority, app.organization_id));
    let connection = unit.connection().await?;
    apps::know(connection, &app).await?;
    // What the app registry answered may be older than what its events said since.
    let current = apps::lock(connection, app_id).await?.ok_or_else(no_such_app)?;
    check_active(current.state)?;
    let live = keys::count_live(connection, app_id, now).await?;
    key::create(live, issuer.settings.max_keys_per_app.into(), key.expires_at, now)?;
    keys::insert(connection, &key, &secret.hash()).await?;
    unit.record(key.id.uuid(), key.version, &key.created())?;

    let location = format!("/v1/keys/{}", key.id.client_id());
    let view = KeyBody::of(&key, now);
    let remembered = CreatedKey { key: view.clone(), client_secret: None };
    unit.remember(idempotency.record(StatusCode::CREATED, Some(&location), &remembered));
    unit.commit().await?;

    let answer = if prefers_text(headers.get(ACCEPT)) {
        CredentialsFile { key: &key, secret: &secret, issuer: &issuer.settings.issuer }
            .into_response()
    } else {
        Json(CreatedKey { key: view, client_secret: Some(secret.reveal().to_owned()) })
            .into_response()
    };
    let head = [(LOCATION, location), (CACHE_CONTROL, "no-store".to_owned())];
    Ok((StatusCode::CREATED, [(ETAG, etag(key.version.number()))], head, answer).into_response())
}

/// What is stored of an active app.
fn known(app: &AppView) -> Result<KnownApp, Problem> {
    check_active(app.state)?;
    Ok(KnownApp {
        id: app.id,
        organization_id: app.organization_id,
        state: app.state,
        authentication_method: app.authentication_method,
        scope: app.scopes.join(" "),
        version: app.version,
    })
}

fn check_active(state: AppState) -> Result<(), Problem> {
    match state {
        AppState::Active => Ok(()),
        other => Err(Problem::conflict(
            "app-not-active",
            format!("Only an active app has keys; this one is in the state {other}."),
        )),
    }
}

/// What Postgres keeps, so that the key reads back as it was made.
fn to_microseconds(time: DateTime<Utc>) -> DateTime<Utc> {
    use chrono::SubsecRound;
    time.trunc_subsecs(6)
}
