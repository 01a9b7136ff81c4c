//! An HTTP answer, and what a test asserts of it.

use std::fmt;

use axum::http::{HeaderMap, Method, StatusCode};
use bytes::Bytes;
use serde_json::Value;

/// What came back.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The body's JSON; null when it has none.
    pub json: Value,
    method: Method,
    path: String,
}

impl Answer {
    pub(crate) fn new(
        method: Method,
        path: String,
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
    ) -> Self {
        let json = serde_json::from_slice(&body).unwrap_or_default();
        Self { status, headers, body, json, method, path }
    }

    /// What was asked.
    pub(crate) fn asked(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The answer, if it has this status.
    ///
    /// # Panics
    /// When it has another.
    #[track_caller]
    #[allow(clippy::return_self_not_must_use, reason = "often only the status matters")]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
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
        let text = self.json[name].as_str();
        text.unwrap_or_else(|| panic!("no `{name}`: {self:?}")).to_owned()
    }

    /// The ids of a page's items.
    ///
    /// # Panics
    /// When it is no page of things with ids.
    #[track_caller]
    pub fn ids(&self) -> Vec<String> {
        let items = self.json["items"].as_array().unwrap_or_else(|| panic!("no page: {self:?}"));
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
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
        let found = (self.status.as_u16(), self.json["type"].as_str().unwrap_or_default());
        assert_eq!(found, (status, &*format!("urn:mandate:problem:{slug}")), "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.json["status"], status);
        self.field("detail")
    }

    /// That it is a problem of this kind, which names these fields and no others.
    ///
    /// # Panics
    /// When it is another answer.
    #[track_caller]
    pub fn problem_with(&self, status: u16, slug: &str, fields: &[&str]) {
        self.problem(status, slug);
        self.refuses(status, fields);
    }

    /// That it refuses these fields, and no others.
    ///
    /// # Panics
    /// When it is another answer.
    #[track_caller]
    pub fn refuses_fields(&self, fields: &[&str]) {
        self.refuses(422, fields);
    }

    #[track_caller]
    fn refuses(&self, status: u16, fields: &[&str]) {
        assert_eq!(self.status, status, "{self:?}");
        let errors = self.json["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        let named: Vec<&str> = errors.iter().filter_map(|error| error["field"].as_str()).collect();
        assert_eq!(named, fields, "{self:?}");
        let coded = |error: &Value| error["code"].is_string() && error["message"].is_string();
        assert!(errors.iter().all(coded), "{self:?}");
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.asked(), self.status, self.text())
    }
}
