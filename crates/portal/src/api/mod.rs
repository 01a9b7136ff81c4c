//! The public API, as its first customer calls it.
//!
//! [`Api`] sends a [`Question`] with the facts of the browser for which it is asked: from where, with what device. In
//! one process they go along as an extension, which nobody outside can send; over HTTP as headers, which the API
//! believes of a proxy that it was told to trust. What of the answers pages need is in the files below, in structs
//! of their own, which a test compares with `docs/openapi.json`.

pub(crate) mod account_names;
mod answer;
pub(crate) mod api_tokens;
pub(crate) mod app_grants;
pub(crate) mod apps;
pub(crate) mod catalogue;
pub(crate) mod consents;
pub(crate) mod context;
pub(crate) mod documented;
pub(crate) mod domain_requests;
pub(crate) mod events;
pub(crate) mod invitations;
pub(crate) mod keys;
pub(crate) mod links;
pub(crate) mod mailed;
pub(crate) mod members;
pub(crate) mod names;
pub(crate) mod organizations;
pub(crate) mod people;
pub(crate) mod redirect_uris;
pub(crate) mod requests;
pub(crate) mod sessions;
pub(crate) mod sign_ins;

use std::net::IpAddr;

use axum::Router;
use axum::body::Body;
use axum::http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, FORWARDED, USER_AGENT};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use bytes::Bytes;
use contract::secret::SessionToken;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::Value;
use service::request::HandedOn;
use tower::ServiceExt;
use url::Url;

#[cfg(debug_assertions)]
pub(crate) use self::answer::Closed;
pub(crate) use self::answer::{Answer, ApiError, FieldFault, Refused};
use crate::browser::Browser;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The most of an answer that is read: a page of a list is far smaller.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// Where the API is. Clones are the same.
#[derive(Debug, Clone)]
pub enum Api {
    /// In this process: its router, called without a socket.
    InProcess(Router),
    /// Elsewhere, at this address.
    Remote(reqwest::Client, Url),
}

/// A request to the API.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    method: Method,
    path: String,
    token: Option<&'a SessionToken>,
    body: Option<Content>,
    key: Option<&'a str>,
}

/// What is sent with a request.
#[derive(Debug)]
enum Content {
    Json(Value),
    File(Bytes),
}

impl Content {
    /// Its media type. Of a file the API finds out by itself what it is.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Json(_) => "application/json",
            Self::File(_) => "application/octet-stream",
        }
    }

    fn bytes(self) -> Bytes {
        match self {
            Self::Json(json) => Bytes::from(json.to_string()),
            Self::File(bytes) => bytes,
        }
    }
}

impl<'a> Question<'a> {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), token: None, body: None, key: None }
    }

    /// Asked as the person of this session.
    pub(crate) fn of(mut self, token: &'a SessionToken) -> Self {
        self.token = Some(token);
        self
    }

    /// Done once, however often the form with this key is sent.
    pub(crate) fn once(mut self, key: &'a str) -> Self {
        self.key = Some(key);
        self
    }

    /// With this body.
    pub(crate) fn with(mut self, body: Value) -> Self {
        self.body = Some(Content::Json(body));
        self
    }

    /// With this file.
    pub(crate) fn with_file(mut self, bytes: Bytes) -> Self {
        self.body = Some(Content::File(bytes));
        self
    }
}

impl Api {
    /// Asks for a browser, and reads the answer.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        browser: &Browser,
        question: Question<'_>,
    ) -> Result<T, ApiError> {
        self.send(browser, question).await?.read()
    }

    /// Asks for a browser, where the answer says nothing but that it is done.
    pub(crate) async fn tell(
        &self,
        browser: &Browser,
        question: Question<'_>,
    ) -> Result<(), ApiError> {
        self.send(browser, question).await?.accepted().map(drop)
    }

    /// Asks for a browser, and takes the answer as it is, with its media type.
    pub(crate) async fn bytes(
        &self,
        browser: &Browser,
        question: Question<'_>,
    ) -> Result<(HeaderValue, Bytes), ApiError> {
        let answer = self.send(browser, question).await?;
        let kind = answer.headers.get(CONTENT_TYPE).cloned();
        let bytes = answer.accepted()?;
        Ok((kind.ok_or_else(|| ApiError::ours("an answer without a media type"))?, bytes))
    }

    async fn send(&self, browser: &Browser, question: Question<'_>) -> Result<Answer, ApiError> {
        browser.questions.count();
        let headers = headers(browser, &question)?;
        let Question { method, path, body, .. } = question;
        let body = body.map(Content::bytes);
        match self {
            Self::InProcess(router) => {
                let mut request = Request::new(Body::from(body.unwrap_or_default()));
                *request.method_mut() = method;
                *request.uri_mut() = path.parse().map_err(ApiError::ours)?;
                *request.headers_mut() = headers;
                request.extensions_mut().insert(HandedOn::of(&browser.facts));
                let Ok(response) = router.clone().oneshot(request).await;
                let (parts, body) = response.into_parts();
                let body = http_body_util::Limited::new(body, LONGEST_ANSWER).collect().await;
                let body = body.map_err(ApiError::ours)?.to_bytes();
                Ok(Answer { status: parts.status, headers: parts.headers, body })
            }
            Self::Remote(client, base) => {
                let url = base.join(&path).map_err(ApiError::ours)?;
                let mut request = client.request(method, url).headers(headers);
                if let Some(address) = HandedOn::of(&browser.facts).address() {
                    // In both headers: the API believes whichever it was told to.
                    request = request
                        .header(FORWARDED_FOR, address.to_string())
                        .header(FORWARDED, forwarded(address));
                }
                let request = body
                    .map_or(request.try_clone(), |body| request.try_clone().map(|r| r.body(body)));
                let request =
                    request.ok_or_else(|| ApiError::ours("a request that cannot be sent"))?;
                let response = request.send().await.map_err(ApiError::unreachable)?;
                let (status, headers) = (response.status(), response.headers().clone());
                let body = response.bytes().await.map_err(ApiError::unreachable)?;
                Ok(Answer { status, headers, body })
            }
        }
    }
}

fn headers(browser: &Browser, question: &Question<'_>) -> Result<HeaderMap, ApiError> {
    let mut headers = HeaderMap::new();
    if let Some(token) = question.token {
        let mut value =
            HeaderValue::from_str(&format!("Bearer {}", token.reveal())).map_err(ApiError::ours)?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    if let Some(key) = question.key {
        headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_str(key).map_err(ApiError::ours)?);
    }
    if let Some(body) = &question.body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(body.kind()));
    }
    headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(browser.language.tag()));
    if let Ok(id) = HeaderValue::from_str(&browser.facts.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    // What no header can have was no header of the browser's either.
    if let Some(Ok(agent)) = browser.facts.user_agent.as_deref().map(HeaderValue::from_str) {
        headers.insert(USER_AGENT, agent);
    }
    Ok(headers)
}

/// The browser's address as `Forwarded` has it (RFC 7239 section 6).
fn forwarded(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("for={address}"),
        IpAddr::V6(address) => format!("for=\"[{address}]\""),
    }
}

/// A path with a query, encoded.
fn with_query(path: &str, query: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    format!("{path}?{query}")
}
