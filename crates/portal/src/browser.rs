//! The browser that asks: from where, with what, and in which language.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use contract::Environment;
use service::{Problem, RequestFacts};

use crate::cookies;
use crate::texts::Language;

/// What tells when a browser asks.
#[derive(Debug, Clone)]
pub(crate) struct Clock(pub(crate) Environment);

/// The facts of a browser's request, which are handed on with what is asked of the API for it.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    /// Where it comes from.
    pub(crate) facts: RequestFacts,
    /// The language that its user chose here, or that it prefers.
    pub(crate) language: Language,
    /// The page's path and query.
    pub(crate) path: String,
    /// When it asks.
    pub(crate) now: DateTime<Utc>,
    /// What is asked of the API for it.
    pub(crate) questions: Questions,
}

/// How many questions were asked of the API for one request. Clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Questions(Arc<AtomicU32>);

impl Questions {
    /// One more is asked.
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// So many were asked.
    pub(crate) fn asked(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Browser {
    /// The browser of a request.
    #[expect(clippy::result_large_err, reason = "the rejection of an extractor is an answer")]
    pub(crate) fn of(parts: &Parts, environment: &Environment) -> Result<Self, Response> {
        let facts = parts.extensions.get::<RequestFacts>().cloned();
        let facts = facts.ok_or_else(|| {
            Problem::internal("the middleware `observe` is missing").into_response()
        })?;
        let chosen = cookies::read(&parts.headers, cookies::LANGUAGE);
        let language = chosen.and_then(Language::of_tag);
        let language = language.unwrap_or_else(|| Language::accepted(&parts.headers));
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let questions = parts.extensions.get::<Questions>().cloned().unwrap_or_default();
        Ok(Self { facts, language, path, now: environment.now(), questions })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Browser
where
    Clock: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        Self::of(parts, &Clock::from_ref(state).0)
    }
}
