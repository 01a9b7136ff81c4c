//! Errors as HTTP answers: problem details for HTTP APIs (RFC 9457).
//!
//! Every error of the API has a slug. Its `type` is `urn:mandate:problem:<slug>`, its title the slug
//! as a sentence; clients decide by `type` and `status`, people read `detail`. Errors of our own
//! making are logged, and answer nothing but that they happened. What the database refuses is mapped in
//! `database`.

mod database;
mod field_error;

use std::borrow::Cow;
use std::fmt;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use contract::Id;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

pub use self::field_error::{Fault, FaultCode, FieldError};

/// The media type of a problem.
pub const CONTENT: &str = "application/problem+json";

/// What `type` begins with.
pub const TYPE_PREFIX: &str = "urn:mandate:problem:";

/// An error as it is answered.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    slug: Cow<'static, str>,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    // Boxed: most problems have none, and a problem is returned by value nearly everywhere.
    members: Option<Box<Map<String, Value>>>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What an answer's problem says to people, kept beside the answer for whoever has to word it otherwise.
#[derive(Debug, Clone)]
pub(crate) struct Explanation(pub(crate) Cow<'static, str>);

/// A problem's JSON (RFC 9457 section 3).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
struct Document<'a> {
    /// `urn:mandate:problem:<slug>`: decide by this.
    #[serde(rename = "type")]
    #[schema(example = "urn:mandate:problem:not-found")]
    kind: String,
    /// The kind of problem, for people.
    #[schema(example = "Not found")]
    title: String,
    /// The HTTP status.
    #[schema(example = 404)]
    status: u16,
    /// What went wrong this time, for people.
    detail: &'a str,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "no_errors")]
    #[schema(required = false)]
    errors: &'a [FieldError],
    /// What else the kind of problem tells (RFC 9457 section 3.2), as its operation says.
    #[serde(flatten)]
    #[schema(ignore)]
    members: Option<&'a Map<String, Value>>,
}

fn no_errors(errors: &&[FieldError]) -> bool {
    errors.is_empty()
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $status:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(slug: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
            Self::new(StatusCode::$status, slug, detail)
        }
    )*};
}

impl Problem {
    /// A problem with this status, slug (`lower-case-with-hyphens`) and explanation.
    pub fn new(
        status: StatusCode,
        slug: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            slug: slug.into(),
            detail: detail.into(),
            errors: Vec::new(),
            members: None,
            headers: Vec::new(),
        }
    }

    kinds! {
        /// 400: the request cannot be read.
        bad_request = BAD_REQUEST;
        /// 403: the caller is known and may not.
        forbidden = FORBIDDEN;
        /// 404: there is no such thing, or not for this caller.
        not_found = NOT_FOUND;
        /// 409: the thing's state forbids it.
        conflict = CONFLICT;
        /// 410: it was there and is no longer.
        gone = GONE;
        /// 412: it has changed since the caller read it.
        precondition_failed = PRECONDITION_FAILED;
        /// 413: the body is too large.
        too_large = PAYLOAD_TOO_LARGE;
        /// 415: the body is of another type.
        unsupported_media_type = UNSUPPORTED_MEDIA_TYPE;
        /// 422: fields are wrong; name them with [`Problem::with_field`].
        unprocessable = UNPROCESSABLE_ENTITY;
    }

    /// 404 for a thing that is not there, or that the caller must not know of: the same either way,
    /// whatever the address.
    pub fn no_such<I: Id>() -> Self {
        Self::missing(I::NOUN)
    }

    /// The same for what has no id of its own. `noun` has hyphens for spaces.
    pub fn missing(noun: &str) -> Self {
        let detail = format!("There is no such {}.", noun.replace('-', " "));
        Self::not_found(format!("{noun}-not-found"), detail)
    }

    /// 401, with the challenge `Bearer` (RFC 6750 section 3).
    pub fn unauthorized(
        slug: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, slug, detail)
            .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// An error of ours (500). What happened is logged here, with the request's id from the
    /// surrounding span, and not answered.
    pub fn internal(error: impl fmt::Display) -> Self {
        tracing::error!(%error, "internal error");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal-error",
            "Something went wrong on our side. The header x-request-id names this request in our logs.",
        )
    }

    /// 503: something this answer needs does not respond; it is worth trying again.
    pub fn unavailable(
        slug: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, slug, detail)
            .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// 422 for exactly one wrong field.
    pub fn invalid_field(field: impl Into<String>, fault: impl Into<Fault>) -> Self {
        Self::unprocessable("invalid-request", "Some fields of the request are wrong.")
            .with_field(field, fault)
    }

    /// Names a wrong field.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>, fault: impl Into<Fault>) -> Self {
        self.errors.push(FieldError { field: field.into(), fault: fault.into() });
        self
    }

    /// Tells more of this kind of problem, for programs: an extension member (RFC 9457 section 3.2).
    #[must_use]
    pub fn with_member(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.members.get_or_insert_default().insert(name.to_owned(), value.into());
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The last part of `type`.
    pub fn slug(&self) -> &str {
        &self.slug
    }

    /// The explanation.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The wrong fields.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }
}

/// `idempotency-key-reused` as `Idempotency key reused`.
fn title(slug: &str) -> String {
    let mut title = slug.replace(['-', '_'], " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status.as_u16(), self.slug, self.detail)
    }
}

impl std::error::Error for Problem {}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = Document {
            kind: format!("{TYPE_PREFIX}{}", self.slug),
            title: title(&self.slug),
            status: self.status.as_u16(),
            detail: &self.detail,
            errors: &self.errors,
            members: self.members.as_deref(),
        };
        let body = serde_json::to_vec(&document).expect("strings and numbers always serialize");
        let mut response = (self.status, body).into_response();
        response.extensions_mut().insert(Explanation(self.detail));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(CONTENT));
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        response
    }
}

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        Document::schema()
    }
}

impl ToSchema for Problem {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Problem")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Document::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    async fn json(problem: Problem) -> (StatusCode, serde_json::Value) {
        let response = problem.into_response();
        assert_eq!(response.headers()[CONTENT_TYPE], CONTENT);
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn a_problem_has_the_members_of_rfc_9457() {
        let problem = Problem::unprocessable("invalid-request", "Some fields are wrong.")
            .with_field("name", Fault::required());
        let (status, json) = json(problem).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(
            json,
            serde_json::json!({
                "type": "urn:mandate:problem:invalid-request", "title": "Invalid request", "status": 422,
                "detail": "Some fields are wrong.",
                "errors": [{"field": "name", "code": "required", "message": "is required"}],
            })
        );
    }

    #[tokio::test]
    async fn an_internal_error_answers_no_detail() {
        let (status, json) = json(sqlx::Error::Decode("secret".into()).into()).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!json.to_string().contains("secret"));
        assert!(json.get("errors").is_none());
    }

    #[test]
    fn an_unauthorized_answer_challenges() {
        let response = Problem::unauthorized("invalid-token", "No.").into_response();
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
    }

    #[test]
    fn the_schema_is_named_problem_and_requires_no_errors() {
        assert_eq!(Problem::name(), "Problem");
        let schema = serde_json::to_value(Problem::schema()).unwrap();
        assert_eq!(schema["required"], serde_json::json!(["type", "title", "status", "detail"]));
    }
}
