//! Creating POSTs that can be repeated: the header `Idempotency-Key`
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! ```text
//! async fn create(state, attempt: Attempt, creation: Creation<CreateApp>) -> Result<Response, Problem> {
//!     let Creation { body, idempotency } = creation;
//!     let owner = store::find_owner(&state.resources.pool, body.owner).await?
//!         .ok_or_else(Problem::no_such::<OwnerId>)?;
//!     let decision = policy::create(&attempt.caller, &owner);
//!     let permit = attempt.permit("app.create", Target::of(owner.id, owner.organization_id), decision).await?;
//!     if let Some(answer) = permit.replay(&idempotency).await? { return Ok(answer) }
//!     let mut unit = permit.begin();
//!     …
//!     // AlreadyHandled becomes 409 `idempotency-key-in-use`
//!     idempotency.created(unit, location, app.version, &view).await
//! }
//! ```
//!
//! The same key with the same request is answered the same again, with `Idempotent-Replayed: true`;
//! with another request it is refused. Keys belong to their caller, and are forgotten after a day.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{ETAG, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use contract::Version;
use eventstore::IdempotencyRecord;
use eventstore::Unit;
use eventstore::idempotency::{self, StoredAnswer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use sqlx::PgPool;

use super::etag::etag;
use super::extract::{expect_json, parse_json, read_body};
use crate::authentication::Caller;
use crate::problem::Problem;
use crate::resources::ServiceState;

/// The header with the key.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that was given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// What is remembered as the status.
const CREATED: i16 = 201;

/// A JSON body that asks for something to be created, by a [`Caller`].
#[derive(Debug)]
pub struct Creation<T> {
    /// The body.
    pub body: T,
    /// What makes it repeatable.
    pub idempotency: Idempotency,
}

/// The key of a request, if it has one, and what the request was.
#[derive(Debug, Clone)]
pub struct Idempotency(Option<Keyed>);

#[derive(Debug, Clone)]
struct Keyed {
    scope: String,
    key: String,
    fingerprint: [u8; 32],
}

impl<S: ServiceState, T: DeserializeOwned> FromRequest<S> for Creation<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        // Before the body is read: nobody unknown has it parsed.
        let caller = Caller::from_request_parts(&mut parts, state).await?;
        expect_json(&parts.headers)?;
        let key = read_key(&parts.headers)?;
        let method = parts.method.clone();
        // Nested routers shorten `uri`; the caller's own address is kept beside it.
        let uri = parts
            .extensions
            .get::<axum::extract::OriginalUri>()
            .map_or_else(|| parts.uri.clone(), |original| original.0.clone());
        let body = read_body(Request::from_parts(parts, body), state).await?;
        let keyed = key.map(|key| Keyed {
            scope: caller.actor().to_string(),
            key,
            fingerprint: fingerprint(method.as_str(), uri.path(), &body),
        });
        Ok(Self { body: parse_json(&body)?, idempotency: Idempotency(keyed) })
    }
}

/// The key: 1 to 255 visible ASCII characters.
pub(super) fn read_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return if headers.contains_key(IDEMPOTENCY_KEY) { Err(bad_key()) } else { Ok(None) };
    };
    let key = value.as_bytes();
    if (1..=255).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic) {
        Ok(Some(String::from_utf8_lossy(key).into_owned()))
    } else {
        Err(bad_key())
    }
}

fn bad_key() -> Problem {
    Problem::bad_request(
        "invalid-idempotency-key",
        "The header Idempotency-Key has 1 to 255 visible ASCII characters, once.",
    )
}

/// Length-prefixed, so that no two requests have the same text.
fn fingerprint(method: &str, path: &str, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [method.as_bytes(), path.as_bytes(), body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

impl Idempotency {
    /// The answer that this request was given before.
    ///
    /// # Errors
    /// 422 `idempotency-key-reused` if another request had the key.
    pub(crate) async fn remembered(&self, pool: &PgPool) -> Result<Option<Remembered>, Problem> {
        let Some(keyed) = &self.0 else {
            return Ok(None);
        };
        let stored = idempotency::find(pool, &keyed.scope, &keyed.key).await?;
        stored.map(|answer| keyed.answer_again(answer)).transpose()
    }

    /// Commits a change that created something and answers 201, the same again to a repetition. `body`
    /// must have no secret in it: see [`Idempotency::record`].
    ///
    /// # Errors
    /// When it cannot be committed; nothing was created then.
    pub async fn created(
        &self,
        mut unit: Unit<'_>,
        location: String,
        version: Version,
        body: &impl Serialize,
    ) -> Result<Response, Problem> {
        unit.remember(self.record(&location, Some(version), body));
        unit.commit().await?;
        let headers = [(LOCATION, location)];
        Ok((StatusCode::CREATED, [(ETAG, etag(version))], headers, axum::Json(body))
            .into_response())
    }

    /// What to remember of the answer 201; nothing if the request has no key. `body` must have no
    /// secret in it: what is created is repeated, what was shown once is not.
    pub fn record(
        &self,
        location: &str,
        version: Option<Version>,
        body: &impl Serialize,
    ) -> Option<IdempotencyRecord> {
        let keyed = self.0.as_ref()?;
        let body = serde_json::to_value(body).unwrap_or_else(|error| {
            tracing::error!(%error, "an answer cannot be remembered");
            serde_json::Value::Null
        });
        Some(IdempotencyRecord {
            scope: keyed.scope.clone(),
            key: keyed.key.clone(),
            fingerprint: keyed.fingerprint.to_vec(),
            status: CREATED,
            location: Some(location.to_owned()),
            version,
            body,
        })
    }
}

/// An answer that was given before: without the secrets that it had then.
#[derive(Debug)]
pub struct Remembered {
    /// Its body.
    pub body: serde_json::Value,
    status: StatusCode,
    headers: HeaderMap,
}

impl Remembered {
    /// The same answer in another form than JSON.
    pub fn in_form_of(self, content: impl IntoResponse) -> Response {
        (self.status, self.headers, content).into_response()
    }
}

impl IntoResponse for Remembered {
    fn into_response(self) -> Response {
        (self.status, self.headers, axum::Json(self.body)).into_response()
    }
}

impl Keyed {
    fn answer_again(&self, stored: StoredAnswer) -> Result<Remembered, Problem> {
        if stored.fingerprint != self.fingerprint {
            return Err(Problem::unprocessable(
                "idempotency-key-reused",
                "This Idempotency-Key belongs to another request. Use a new one for each.",
            ));
        }
        let status = u16::try_from(stored.status)
            .ok()
            .and_then(|status| StatusCode::from_u16(status).ok())
            .ok_or_else(|| Problem::internal("a remembered answer has no valid status"))?;
        let mut headers = HeaderMap::new();
        if let Some(location) = stored.location {
            let location = HeaderValue::from_str(&location).map_err(Problem::internal)?;
            headers.insert(LOCATION, location);
        }
        if let Some(version) = stored.version {
            headers.insert(ETAG, etag(version));
        }
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(Remembered { body: stored.body, status, headers })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::CONTENT_TYPE;

    use super::*;

    fn keyed(body: &[u8]) -> Keyed {
        Keyed {
            scope: "user/1".to_owned(),
            key: "k".to_owned(),
            fingerprint: fingerprint("POST", "/v1/apps", body),
        }
    }

    fn stored(record: IdempotencyRecord) -> StoredAnswer {
        let IdempotencyRecord { fingerprint, status, location, version, body, .. } = record;
        StoredAnswer { fingerprint, status, location, version, body }
    }

    #[test]
    fn keys_are_visible_ascii_of_limited_length() {
        let long: &'static str = "k".repeat(256).leak();
        for (key, good) in [("a-1", true), ("", false), ("a b", false), (long, false)] {
            let headers = [(IDEMPOTENCY_KEY, HeaderValue::from_static(key))].into_iter().collect();
            assert_eq!(read_key(&headers).is_ok(), good, "{key}");
        }
        assert_eq!(read_key(&HeaderMap::new()).unwrap(), None);
    }

    #[test]
    fn the_same_request_is_answered_again_and_another_refused() {
        let idempotency = Idempotency(Some(keyed(b"{}")));
        let body = serde_json::json!({"id": 1});
        let record = idempotency.record("/v1/apps/1", Some(Version::FIRST), &body).unwrap();

        let again = keyed(b"{}").answer_again(stored(record.clone())).unwrap();
        assert_eq!(again.body, body);
        let again = again.into_response();
        assert_eq!(again.headers()[CONTENT_TYPE], "application/json");
        assert_eq!(again.status(), StatusCode::CREATED);
        assert_eq!(again.headers()[LOCATION], "/v1/apps/1");
        assert_eq!(again.headers()[ETAG], "\"1\"");
        assert_eq!(again.headers()[REPLAYED], "true");

        let other = keyed(b"{\"a\":1}").answer_again(stored(record)).unwrap_err();
        assert_eq!((other.status().as_u16(), other.slug()), (422, "idempotency-key-reused"));
    }

    #[test]
    fn without_a_key_nothing_is_remembered() {
        assert!(Idempotency(None).record("/v1/apps/1", None, &()).is_none());
    }
}
