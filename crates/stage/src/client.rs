//! An HTTP client, with or without credentials, of a router in this process or of an address.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{self, HeaderMap, HeaderName, HeaderValue, Method};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use contract::Service;
use reqwest::redirect::Policy;
use serde_json::Value;
use tower::ServiceExt;

use crate::Answer;

/// What callers of addresses say that they are.
pub const USER_AGENT: &str = "stage/1";

/// Where a system's services are.
#[derive(Debug, Clone)]
pub enum Addresses {
    /// All behind one address.
    One(String),
    /// Each behind its own, as a reverse proxy would find them.
    Each(BTreeMap<Service, String>),
}

/// A caller.
#[derive(Debug, Clone)]
pub struct Client {
    server: Server,
    authorization: Option<HeaderValue>,
}

/// Where requests go.
#[derive(Debug, Clone)]
pub enum Server {
    /// Into a router of this process.
    Router(Router),
    /// To addresses.
    Network(reqwest::Client, Arc<Addresses>),
}

impl From<&Router> for Server {
    fn from(router: &Router) -> Self {
        Self::Router(router.clone())
    }
}

impl From<Addresses> for Server {
    fn from(addresses: Addresses) -> Self {
        // Not shared between tests: its connections live in the runtime of one.
        // What an answer leads to is for who asked: pages answer forms with another address.
        let http = reqwest::Client::builder().user_agent(USER_AGENT).redirect(Policy::none());
        let http = http.build().unwrap();
        Self::Network(http, Arc::new(addresses))
    }
}

/// A request of a caller's, to be completed and sent.
#[derive(Debug, Clone)]
pub struct Request {
    client: Client,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Addresses {
    /// The address of whoever owns the path.
    ///
    /// # Panics
    /// When nobody does.
    pub fn of(&self, path: &str) -> &str {
        match self {
            Self::One(address) => address,
            Self::Each(addresses) => &addresses[&owner(path)],
        }
    }
}

/// Who answers this path.
fn owner(path: &str) -> Service {
    let path = path.split('?').next().unwrap_or(path);
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        [
            "v1",
            "organizations"
            | "people"
            | "accounts"
            | "sessions"
            | "api-tokens"
            | "invitations"
            | "domain-requests"
            | "contact-confirmations"
            | "password-resets"
            | "mails"
            | "sign-ins",
            ..,
        ] => Service::Directory,
        ["v1", "apps", "activity"]
        | ["v1", "apps", _, "keys" | "activity"]
        | ["v1", "keys" | "leak-reports", ..]
        | ["oauth2", ..] => Service::KeyIssuer,
        ["v1", "apps", "consent-activity"]
        | ["v1", "apps", _, "consent-links"]
        | ["v1", "consent-links" | "consent-requests" | "grants" | "me", ..] => {
            Service::ConsentBroker
        }
        ["v1", "apps" | "catalogue", ..] => Service::AppRegistry,
        ["v1", "events", ..] | ["audit", ..] => Service::Audit,
        _ => panic!("nobody owns {path}"),
    }
}

impl Client {
    /// Nobody in particular.
    pub fn anonymous(server: impl Into<Server>) -> Self {
        Self { server: server.into(), authorization: None }
    }

    /// The same caller, elsewhere.
    #[must_use]
    pub fn at(&self, server: impl Into<Server>) -> Self {
        Self { server: server.into(), ..self.clone() }
    }

    /// The same caller without credentials.
    #[must_use]
    pub fn without_credentials(&self) -> Self {
        Self { authorization: None, ..self.clone() }
    }

    /// With this bearer token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        self.with_authorization(&format!("Bearer {token}"))
    }

    /// By HTTP Basic.
    #[must_use]
    pub fn with_password(&self, name: &str, password: &str) -> Self {
        let encoded = STANDARD.encode(format!("{name}:{password}"));
        self.with_authorization(&format!("Basic {encoded}"))
    }

    /// With this `Authorization`.
    #[must_use]
    pub fn with_authorization(&self, value: &str) -> Self {
        Self { authorization: Some(value.parse().unwrap()), ..self.clone() }
    }

    /// The `Authorization` that it sends.
    pub fn authorization(&self) -> Option<&str> {
        self.authorization.as_ref().map(|value| value.to_str().unwrap())
    }

    /// A request of this caller's.
    pub fn request(&self, method: Method, path: &str) -> Request {
        let authorization = self.authorization.clone().map(|value| (AUTHORIZATION, value));
        Request {
            client: self.clone(),
            method,
            path: path.to_owned(),
            headers: authorization.into_iter().collect(),
            body: Bytes::new(),
        }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).send().await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: impl Borrow<Value>) -> Answer {
        self.request(Method::POST, path).json(body).send().await
    }

    /// POST of nothing.
    pub async fn act(&self, path: &str) -> Answer {
        self.request(Method::POST, path).send().await
    }

    /// PUT of JSON.
    pub async fn put(&self, path: &str, body: impl Borrow<Value>) -> Answer {
        self.request(Method::PUT, path).json(body).send().await
    }

    /// PUT of bytes.
    pub async fn put_bytes(&self, path: &str, media_type: &str, bytes: Vec<u8>) -> Answer {
        let request = self.request(Method::PUT, path).header("content-type", media_type);
        request.body(bytes).send().await
    }

    /// PATCH of JSON.
    pub async fn patch(&self, path: &str, body: impl Borrow<Value>) -> Answer {
        self.request(Method::PATCH, path).json(body).send().await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.request(Method::DELETE, path).send().await
    }

    /// POST of a form.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.request(Method::POST, path).form(fields).send().await
    }
}

impl Request {
    /// With one more header.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        self
    }

    /// With these headers.
    #[must_use]
    pub fn headers(self, headers: &[(&str, &str)]) -> Self {
        headers.iter().fold(self, |request, (name, value)| request.header(name, value))
    }

    /// With a body of JSON.
    #[must_use]
    pub fn json(self, body: impl Borrow<Value>) -> Self {
        self.typed("application/json").body(body.borrow().to_string())
    }

    /// With a form.
    #[must_use]
    pub fn form(self, fields: &[(impl AsRef<str>, impl AsRef<str>)]) -> Self {
        let fields = fields.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
        let body = serde_urlencoded::to_string(fields.collect::<Vec<_>>()).unwrap();
        self.typed("application/x-www-form-urlencoded").body(body)
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn send(self) -> Answer {
        let asked = format!("{} {}", self.method, self.path);
        self.try_send().await.unwrap_or_else(|error| panic!("{asked}: no answer: {error:?}"))
    }

    /// Sends it to a server that may not answer.
    ///
    /// # Errors
    /// When no answer comes, or not the whole of it.
    pub async fn try_send(self) -> Result<Answer, reqwest::Error> {
        let Self { client, method, path, headers, body } = self;
        match &client.server {
            Server::Router(router) => {
                let mut request = http::Request::new(Body::from(body));
                *request.method_mut() = method.clone();
                *request.uri_mut() = path.parse().unwrap();
                *request.headers_mut() = headers;
                let Ok(response) = router.clone().oneshot(request).await;
                let (parts, body) = response.into_parts();
                let body = to_bytes(body, usize::MAX).await.unwrap();
                Ok(Answer::new(method, path, parts.status, parts.headers, body))
            }
            Server::Network(http, addresses) => {
                let url = format!("{}{path}", addresses.of(&path));
                let request = http.request(method.clone(), url).headers(headers).body(body);
                let response = request.send().await?;
                let (status, headers) = (response.status(), response.headers().clone());
                Ok(Answer::new(method, path, status, headers, response.bytes().await?))
            }
        }
    }

    fn typed(mut self, media_type: &'static str) -> Self {
        let value = HeaderValue::from_static(media_type);
        self.headers.entry(CONTENT_TYPE).or_insert(value);
        self
    }
}
