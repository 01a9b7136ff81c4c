//! Those who call, and what they are answered.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use contract::secret::ApiToken;
use contract::{AccountId, PersonId};
use serde_json::{Value, json};
use tower::ServiceExt;

/// Someone who calls.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: PersonId,
    pub(crate) token: ApiToken,
    pub(crate) router: Router,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
}

impl Person {
    /// The same person at another replica.
    pub(crate) fn at(&self, router: &Router) -> Self {
        Self { router: router.clone(), ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(&self.router, "GET", path, self.token.reveal(), None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        send(&self.router, "POST", path, self.token.reveal(), Some(body)).await
    }

    pub(crate) async fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        let request = Request::post(path)
            .header("authorization", format!("Bearer {}", self.token.reveal()))
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        receive(&self.router, request.body(body.to_string().into()).unwrap()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        send(&self.router, "DELETE", path, self.token.reveal(), None).await
    }

    pub(crate) async fn open(&self, token: &str) -> Answer {
        self.get(&format!("/v1/consent-requests/{token}")).await
    }

    pub(crate) async fn approve(&self, token: &str, accounts: &[AccountId]) -> Answer {
        self.post(&format!("/v1/consent-requests/{token}/approve"), json!({ "accounts": accounts }))
            .await
    }

    pub(crate) async fn deny(&self, token: &str) -> Answer {
        send(
            &self.router,
            "POST",
            &format!("/v1/consent-requests/{token}/deny"),
            self.token.reveal(),
            None,
        )
        .await
    }
}

impl Answer {
    pub(crate) fn text(&self, field: &str) -> String {
        self.json[field].as_str().unwrap_or_else(|| panic!("no {field} in {self:?}")).to_owned()
    }

    /// The ids of a page's items.
    pub(crate) fn ids(&self) -> Vec<String> {
        let items = self.json["items"].as_array().unwrap_or_else(|| panic!("no page: {self:?}"));
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Asserts a problem.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, slug: &str) {
        let kind = format!("urn:mandate:problem:{slug}");
        assert_eq!((self.status.as_u16(), &self.json["type"]), (status, &json!(kind)), "{self:?}");
    }

    /// Asserts a problem that names this field.
    #[track_caller]
    pub(crate) fn refused_for(&self, status: u16, slug: &str, field: &str) {
        self.refused(status, slug);
        assert_eq!(self.json["errors"][0]["field"], json!(field), "{self:?}");
    }
}

/// Sends a request with this bearer token.
pub(crate) async fn send(
    router: &Router,
    method: &str,
    path: &str,
    bearer: &str,
    body: Option<Value>,
) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {bearer}"))
        .header("content-type", "application/json");
    receive(
        router,
        request.body(body.map_or_else(Body::empty, |json| json.to_string().into())).unwrap(),
    )
    .await
}

async fn receive(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let json = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
    Answer { status, headers, json }
}
