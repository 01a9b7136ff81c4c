//! `POST /v1/apps/{id}/keys`

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{ACCEPT, CACHE_CONTROL, ETAG, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SubsecRound, Utc};
use contract::AppId;
use contract::secret::ClientSecret;
use serde::{Deserialize, Serialize};
use service::http::{Creation, Json, Path, etag};
use service::{Attempt, Problem};
use utoipa::ToSchema;

use super::credentials_file::{CredentialsFile, answer_again, prefers_text};
use super::refusals;
use super::steps::{access_to_active, find_app, lock_and_read_keys, permit_with_app};
use super::view::KeyBody;
use crate::KeyIssuer;
use crate::key::{Key, NewKey};
use crate::key_name::KeyName;
use crate::policy::Operation;
use crate::store::keys;

/// A new key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewKey)]
pub(super) struct CreateKey {
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
    pub(super) key: KeyBody,
    /// The secret. It is stored nowhere and never shown again; null when the same request is
    /// repeated under its `Idempotency-Key`.
    #[schema(example = "mandate_cs_…")]
    pub(super) client_secret: Option<String>,
}

/// Make a key
///
/// Answers with the client id and the client secret, this once. With `Accept: text/plain` the answer
/// is a text file to keep. Only an active app has keys, and at most 5 that are neither deleted nor
/// expired; deleted ones in their grace included, at most 10 work at a time. 409 `too-many-keys` says
/// when the next may be made, in `Retry-After` too, if that comes by itself. A repetition under the same `Idempotency-Key` makes no second key and shows no secret:
/// who lost the first answer replaces the key.
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
    request_body = CreateKey,
    responses(
        (status = 201, description = "The key with its secret", headers(("ETag" = String), ("Location" = String)),
            content((CreatedKey = "application/json"), (String = "text/plain"))),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 403, body = Problem, description = "The role does not suffice"),
        (status = 404, body = Problem, description = "There is no such app"),
        (status = 409, body = Problem, description = "The app is not active, or has as many keys as it may",
            headers(("Retry-After" = u64, description = "Seconds until the next key may be made, if that comes by itself."))),
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
    attempt: Attempt,
    Path(app_id): Path<AppId>,
    headers: HeaderMap,
    Creation { body, idempotency }: Creation<CreateKey>,
) -> Result<Response, Problem> {
    let app = find_app(&issuer, &attempt, app_id).await?;
    let permit = permit_with_app(&attempt, app_id, app.organization_id, Operation::Create).await?;
    if let Some(answer) = permit.remembered(&idempotency).await? {
        return answer_again(answer, headers.get(ACCEPT), &issuer.settings.issuer);
    }
    let (env, settings) = (&issuer.resources.env, &issuer.settings);
    let secret = ClientSecret::generate(env);
    let new = NewKey {
        id: env.new_id(),
        app_id,
        name: KeyName::parse(&body.name)?,
        hint: secret.hint().to_owned(),
        // What Postgres keeps, so that the key reads back as it was made.
        expires_at: body.expires_at.map(|time| time.trunc_subsecs(6)),
        replaces: None,
    };
    let access = access_to_active(&attempt, app.organization_id).await?;
    let now = env.now();
    let mut unit = permit.begin();
    let working = lock_and_read_keys(&mut unit, &app, now).await?;
    let created = Key::create(new, &working, settings.max_keys_per_app(), now);
    let (key, fact) = created.map_err(|refusal| refusals::of_creation(refusal, now))?;
    let notice_at = key.notice_at(&issuer.notice_days, None);
    keys::insert(unit.connection().await?, &key, &secret.hash(), notice_at).await?;
    unit.record_with(key.id.uuid(), key.version, &fact, &key.details())?;

    let location = format!("/v1/keys/{}", key.id.client_id());
    let mut view = CreatedKey { key: KeyBody::of(&key, access, now), client_secret: None };
    unit.remember(idempotency.record(&location, Some(key.version), &view));
    unit.commit().await?;

    let answer = if prefers_text(headers.get(ACCEPT)) {
        CredentialsFile {
            client_id: key.id.client_id(),
            name: key.name.as_str(),
            app_id: key.app_id,
            secret: Some(&secret),
            issuer: &settings.issuer,
        }
        .into_response()
    } else {
        view.client_secret = Some(secret.reveal().to_owned());
        Json(view).into_response()
    };
    let head = [(LOCATION, location), (CACHE_CONTROL, "no-store".to_owned())];
    Ok((StatusCode::CREATED, [(ETAG, etag(key.version))], head, answer).into_response())
}
