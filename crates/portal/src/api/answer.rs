//! Answers of the API, and what they mean to a page.

use std::collections::BTreeMap;
use std::fmt::Display;

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use contract::ids::PersonId;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const PROBLEM_TYPE: &str = "urn:mandate:problem:";

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why there is no answer that a page could show.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// The session ended.
    #[error("the session has ended")]
    SignedOut,
    /// It was refused.
    #[error("refused: {}", .0.code)]
    Refused(Refused),
    /// It does not answer, or not now.
    #[error("the API is not available: {0}")]
    Unavailable(String),
    /// What was sent or came back cannot be: a mistake of ours.
    #[error("{0}")]
    Ours(String),
}

/// A refusal, by its code: the words are the page's own.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    /// The status.
    pub(crate) status: StatusCode,
    /// The last part of the problem's `type`.
    pub(crate) code: String,
    /// After how many seconds it may be tried again.
    pub(crate) retry_after: Option<u64>,
    /// What is wrong with which fields.
    pub(crate) errors: Vec<FieldFault>,
    /// When and by whom, of a consent link that is closed.
    pub(crate) closed: Closed,
}

/// When a consent link was closed, and who used it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Closed {
    #[serde(rename = "closed_at")]
    pub(crate) at: Option<DateTime<Utc>>,
    #[serde(rename = "closed_by")]
    pub(crate) by: Option<PersonId>,
}

/// What is wrong with a field: a code with what it speaks of. The API's sentence is not for pages.
#[derive(Debug, Deserialize)]
pub(crate) struct FieldFault {
    pub(crate) field: String,
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) parameters: BTreeMap<String, Value>,
}

/// RFC 9457, as far as it is read here.
#[derive(Deserialize)]
struct Problem {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    errors: Vec<FieldFault>,
    #[serde(flatten)]
    closed: Closed,
}

impl ApiError {
    pub(super) fn ours(error: impl Display) -> Self {
        Self::Ours(error.to_string())
    }

    /// Something is not there that another answer spoke of.
    pub(crate) fn missing(what: &str) -> Self {
        Self::Ours(format!("{what} is missing"))
    }

    /// There is something, but not where it was looked for.
    pub(crate) fn not_found() -> Self {
        Self::Refused(Refused {
            status: StatusCode::NOT_FOUND,
            code: "not-found".to_owned(),
            retry_after: None,
            errors: Vec::new(),
            closed: Closed::default(),
        })
    }

    /// A value that no header can have.
    pub(crate) fn no_header() -> Self {
        Self::Ours("a header that cannot be".to_owned())
    }

    pub(super) fn unreachable(error: impl Display) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl Answer {
    /// The answer's JSON.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        let body = self.accepted()?;
        serde_json::from_slice(&body).map_err(ApiError::ours)
    }

    /// The body, unless it was refused.
    pub(super) fn accepted(self) -> Result<Bytes, ApiError> {
        if self.status.is_success() {
            return Ok(self.body);
        }
        let problem = serde_json::from_slice::<Problem>(&self.body).ok();
        let (kind, errors, closed) = problem
            .map(|problem| (problem.kind, problem.errors, problem.closed))
            .unwrap_or_default();
        let code = kind.strip_prefix(PROBLEM_TYPE).unwrap_or_default().to_owned();
        let after = self.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = after.and_then(|seconds| seconds.parse().ok());
        Err(match self.status {
            StatusCode::INTERNAL_SERVER_ERROR | StatusCode::SERVICE_UNAVAILABLE => {
                ApiError::Unavailable(code)
            }
            status => ApiError::Refused(Refused { status, code, retry_after, errors, closed }),
        })
    }
}

impl ApiError {
    /// What was asked with a session: that nobody knows the token means that it ended.
    pub(crate) fn of_session(self) -> Self {
        match self {
            Self::Refused(Refused { status: StatusCode::UNAUTHORIZED, .. }) => Self::SignedOut,
            other => other,
        }
    }
}
