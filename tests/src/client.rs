//! HTTP, as a caller with or without credentials.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::Service;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

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
    http: reqwest::Client,
    addresses: Arc<Addresses>,
    credentials: Credentials,
}

#[derive(Debug, Clone)]
enum Credentials {
    Nobody,
    Token(String),
    Password(String, String),
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    asked: String,
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

/// Who answers this path: the table of design.md.
fn owner(path: &str) -> Service {
    let path = path.split('?').next().unwrap_or(path);
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["v1", "organizations" | "people" | "accounts" | "api-tokens", ..] => Service::Directory,
        ["v1", "apps", _, "keys"] | ["v1", "keys", ..] | ["oauth2", ..] => Service::KeyIssuer,
        ["v1", "apps", _, "consent-links"]
        | ["v1", "consent-links" | "consent-requests" | "grants" | "me", ..] => {
            Service::ConsentBroker
        }
        ["v1", "apps" | "catalogue", ..] => Service::AppRegistry,
        ["v1", "events", ..] => Service::Audit,
        _ => panic!("nobody owns {path}"),
    }
}

impl Client {
    /// Nobody in particular.
    pub fn anonymous(addresses: Addresses) -> Self {
        // Not shared between tests: its connections live in the runtime of one.
        Self {
            http: reqwest::Client::builder().user_agent("journeys/1").build().unwrap(),
            addresses: Arc::new(addresses),
            credentials: Credentials::Nobody,
        }
    }

    /// The same caller without credentials.
    #[must_use]
    pub fn without_credentials(&self) -> Self {
        Self { credentials: Credentials::Nobody, ..self.clone() }
    }

    /// With this bearer token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { credentials: Credentials::Token(token.to_owned()), ..self.clone() }
    }

    /// By HTTP Basic.
    #[must_use]
    pub fn with_password(&self, name: &str, password: &str) -> Self {
        Self {
            credentials: Credentials::Password(name.to_owned(), password.to_owned()),
            ..self.clone()
        }
    }

    /// The same caller, at other addresses.
    #[must_use]
    pub fn at(&self, addresses: Addresses) -> Self {
        Self { addresses: Arc::new(addresses), ..self.clone() }
    }

    /// A request, to be completed and given to [`Client::send`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.addresses.of(path));
        let request = self.http.request(method, url);
        match &self.credentials {
            Credentials::Nobody => request,
            Credentials::Token(token) => request.bearer_auth(token),
            Credentials::Password(name, password) => request.basic_auth(name, Some(password)),
        }
    }

    /// Sends a request.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let asked = format!("{} {}", request.method(), request.url().path());
        let response = self
            .http
            .execute(request)
            .await
            .unwrap_or_else(|error| panic!("{asked}: no answer: {error:?}"));
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().to_vec(),
            asked,
        }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// GET of what every process has, whatever it serves.
    ///
    /// # Panics
    /// When there are several addresses.
    pub async fn get_raw(&self, path: &str) -> Answer {
        let Addresses::One(address) = &*self.addresses else { panic!("{path} has no owner") };
        self.send(self.http.get(format!("{address}{path}"))).await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// POST of nothing.
    pub async fn act(&self, path: &str) -> Answer {
        self.send(self.request(Method::POST, path)).await
    }

    /// PUT of JSON.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    /// PUT of bytes.
    pub async fn put_bytes(&self, path: &str, media_type: &str, bytes: Vec<u8>) -> Answer {
        let request = self.request(Method::PUT, path);
        self.send(request.header("content-type", media_type).body(bytes)).await
    }

    /// PATCH of JSON.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// POST of a form.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(self.request(Method::POST, path).form(fields)).await
    }
}

impl Answer {
    /// The answer, if it has this status.
    ///
    /// # Panics
    /// When it has another.
    #[track_caller]
    #[allow(clippy::return_self_not_must_use, reason = "often only the status matters")]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text());
        self
    }

    /// Its JSON.
    ///
    /// # Panics
    /// When it has none.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.asked, self.text()))
    }

    /// Its body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A text field of its JSON.
    ///
    /// # Panics
    /// When there is no such field.
    #[track_caller]
    pub fn field(&self, name: &str) -> String {
        match self.json()[name].as_str() {
            Some(text) => text.to_owned(),
            None => panic!("{}: no `{name}` in {}", self.asked, self.text()),
        }
    }

    /// A header's text; empty without the header.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map(|value| value.to_str().unwrap());
        value.unwrap_or_default()
    }

    /// The detail of a problem (RFC 9457) of this kind.
    ///
    /// # Panics
    /// When it is another answer.
    #[track_caller]
    pub fn problem(&self, status: u16, slug: &str) -> String {
        let wanted = (status, format!("urn:mandate:problem:{slug}"));
        let found = (self.status, self.json()["type"].to_string().replace('"', ""));
        assert_eq!(found, wanted, "{}: {}", self.asked, self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.json()["status"], status);
        self.field("detail")
    }

    /// That it refuses these fields, and no others.
    ///
    /// # Panics
    /// When it is another answer.
    #[track_caller]
    pub fn refuses_fields(&self, fields: &[&str]) {
        assert_eq!(self.status, 422, "{}: {}", self.asked, self.text());
        let errors = self.json()["errors"].as_array().cloned();
        let named = errors.unwrap_or_default();
        let named: Vec<&str> = named.iter().filter_map(|error| error["field"].as_str()).collect();
        assert_eq!(named, fields, "{}: {}", self.asked, self.text());
    }
}
