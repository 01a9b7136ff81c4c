//! `POST /v1/keys/{client_id}/replace`

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{ACCEPT, CACHE_CONTROL, ETAG, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SubsecRound, Utc};
use contract::ClientId;
use contract::instant::InvalidInstant;
use contract::secret::ClientSecret;
use serde::{Deserialize, Deserializer, Serialize};
use service::http::{Creation, IfMatch, Json, Path, etag};
use service::{Attempt, Problem};
use utoipa::ToSchema;

use super::create::CreatedKey;
use super::credentials_file::{CredentialsFile, answer_again, prefers_text};
use super::refusals;
use super::steps::{
    KeyPermit, access_to_active, find_app, lock_and_read_keys, lock_key, permit_with_key,
};
use super::view::KeyBody;
use crate::KeyIssuer;
use crate::key_replacement::{NewPair, OldEnds};
use crate::policy::Operation;
use crate::store::keys;

/// How a key is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyReplacement)]
pub(super) struct ReplaceKey {
    /// When the old key ends: `grace`, which is in 15 minutes; `now`; or a time (RFC 3339) by its expiry and within 90
    /// days.
    #[serde(default = "grace", deserialize_with = "old_ends")]
    #[schema(value_type = String, default = "grace", example = "grace")]
    old_ends: OldEnds,
    /// When the new key shall end by itself; in the future. Never, if left out.
    #[serde(default, deserialize_with = "contract::instant::optional")]
    expires_at: Option<DateTime<Utc>>,
}

fn grace() -> OldEnds {
    OldEnds::Grace
}

fn old_ends<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OldEnds, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "grace" => Ok(OldEnds::Grace),
        "now" => Ok(OldEnds::Now),
        text => match contract::instant::parse(text) {
            Ok(time) => Ok(OldEnds::At(time.trunc_subsecs(6))),
            Err(error @ InvalidInstant::LeapSecond) => Err(serde::de::Error::custom(error)),
            Err(InvalidInstant::NotRfc3339) => {
                Err(serde::de::Error::custom("is neither `grace` nor `now` nor an RFC 3339 time"))
            }
        },
    }
}

/// A key with its secret, shown this once, and the one in whose place it comes.
#[derive(Serialize, ToSchema)]
#[schema(as = ReplacedKey)]
pub(super) struct ReplacedKey {
    /// The new key.
    #[serde(flatten)]
    created: CreatedKey,
    /// The old key, with `ends_at`.
    replaced: KeyBody,
}

/// Replace a key
///
/// Makes a new pair with the same name and says when the old one ends, in one step. Answers with the new client id and
/// secret, this once, as `POST /v1/apps/{id}/keys` does, and within the same limits: the old key counts as deleted. With
/// `Accept: text/plain` the answer is a text file to keep. A repetition under the same `Idempotency-Key` replaces nothing
/// more and shows no secret. A key is replaced once: then it is deleted.
#[utoipa::path(
    post,
    path = "/v1/keys/{client_id}/replace",
    operation_id = "replaceKey",
    tag = "keys",
    security(("api_token" = [])),
    params(
        ("client_id" = ClientId, Path),
        ("If-Match" = Option<String>, Header, description = "Only if this is still the old key's ETag."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes repetitions of the request harmless."),
    ),
    request_body = ReplaceKey,
    responses(
        (status = 201, description = "The new key with its secret, and the old one", headers(("ETag" = String), ("Location" = String)),
            content((ReplacedKey = "application/json"), (String = "text/plain"))),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 403, body = Problem, description = "The role does not suffice"),
        (status = 404, body = Problem, description = "There is no such key"),
        (status = 409, body = Problem, description = "The key was deleted or expired, the app is not active, or too many of its keys work",
            headers(("Retry-After" = u64, description = "Seconds until the next key may be made, if that comes by itself."))),
        (status = 412, body = Problem, description = "The key has changed"),
        (status = 422, body = Problem, description = "Fields are wrong; `errors` names them")
    ),
    extensions(
        ("x-mandate-events" = json!(["key.created", "key.deleted"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer"])),
    ),
)]
pub(super) async fn replace(
    State(issuer): State<Arc<KeyIssuer>>,
    attempt: Attempt,
    Path(client_id): Path<ClientId>,
    if_match: IfMatch,
    headers: HeaderMap,
    Creation { body, idempotency }: Creation<ReplaceKey>,
) -> Result<Response, Problem> {
    let KeyPermit { permit, app_id, organization_id } =
        permit_with_key(&issuer, &attempt, client_id, Operation::Replace).await?;
    if let Some(answer) = permit.remembered(&idempotency).await? {
        return answer_again(answer, headers.get(ACCEPT), &issuer.settings.issuer);
    }
    let app = find_app(&issuer, &attempt, app_id).await?;
    let (env, settings) = (&issuer.resources.env, &issuer.settings);
    let secret = ClientSecret::generate(env);
    let pair = NewPair {
        id: env.new_id(),
        hint: secret.hint().to_owned(),
        expires_at: body.expires_at.map(|time| time.trunc_subsecs(6)),
    };
    let access = access_to_active(&attempt, organization_id).await?;
    let mut unit = permit.begin();
    // The app before the key, as everywhere: nobody waits for somebody who waits for them.
    let now = env.now();
    let working = lock_and_read_keys(&mut unit, &app, now).await?;
    let old = lock_key(&mut unit, client_id, &if_match).await?;
    let bounds = settings.replacement_bounds();
    let replacement = old.replace(pair, body.old_ends, &working, bounds, now);
    let replaced = replacement.map_err(|refusal| refusals::of_replacement(refusal, now))?;
    let (old, new) = (&replaced.old, &replaced.new);
    let notice_at = new.notice_at(&issuer.notice_days, None);
    let connection = unit.connection().await?;
    keys::save(connection, old).await?;
    keys::insert(connection, new, &secret.hash(), notice_at).await?;
    unit.record_with(new.id.uuid(), new.version, &replaced.created, &new.details())?;
    unit.record(old.id.uuid(), old.version, &replaced.deleted)?;

    let location = format!("/v1/keys/{}", new.id.client_id());
    let created = CreatedKey { key: KeyBody::of(new, access, now), client_secret: None };
    let mut view = ReplacedKey { created, replaced: KeyBody::of(old, access, now) };
    unit.remember(idempotency.record(&location, Some(new.version), &view));
    unit.commit().await?;
    issuer.clients.forget(old.id);

    let answer = if prefers_text(headers.get(ACCEPT)) {
        CredentialsFile {
            client_id: new.id.client_id(),
            name: new.name.as_str(),
            app_id: new.app_id,
            secret: Some(&secret),
            issuer: &settings.issuer,
        }
        .into_response()
    } else {
        view.created.client_secret = Some(secret.reveal().to_owned());
        Json(view).into_response()
    };
    let head = [(LOCATION, location), (CACHE_CONTROL, "no-store".to_owned())];
    Ok((StatusCode::CREATED, [(ETAG, etag(new.version))], head, answer).into_response())
}
