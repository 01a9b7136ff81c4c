//! Pages of other origins at OAuth's endpoints (Cross-Origin Resource Sharing, the Fetch standard's section 3.3): an
//! app that runs in a browser asks for its token from there. Nothing else is for pages of others.
//!
//! No credentials of the browser's are let along: these endpoints read no cookie.

use std::str::FromStr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use url::Url;

/// Below these paths.
const PATHS: [&str; 2] = ["/oauth2/", "/.well-known/"];

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static("authorization, content-type");
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static(
    "ratelimit, ratelimit-policy, retry-after, www-authenticate, x-request-id",
);
/// Two hours, as long as browsers keep it at most.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// Whose pages may: an origin such as `https://app.example.com`, or `*` for any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct AllowedOrigin(String);

/// Text that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no origin; expected <scheme>://<host> with its port unless it is the usual one, or *"
)]
pub struct InvalidOrigin(String);

impl AllowedOrigin {
    fn admits(&self, origin: &HeaderValue) -> bool {
        self.0 == "*" || self.0.as_bytes() == origin.as_bytes()
    }
}

impl FromStr for AllowedOrigin {
    type Err = InvalidOrigin;
    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let is_origin = |text: &str| {
            Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text)
        };
        if text == "*" || is_origin(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidOrigin(text.chars().take(64).collect()))
    }
}

impl TryFrom<String> for AllowedOrigin {
    type Error = InvalidOrigin;
    fn try_from(text: String) -> Result<Self, InvalidOrigin> {
        text.parse()
    }
}

impl From<AllowedOrigin> for String {
    fn from(origin: AllowedOrigin) -> Self {
        origin.0
    }
}

/// The routes, of which pages of these origins may read OAuth's. Where there are none, nothing lies around them.
pub(crate) fn shared(routes: Router, allowed: &[AllowedOrigin]) -> Router {
    if allowed.is_empty() {
        return routes;
    }
    routes.layer(from_fn_with_state(Arc::from(allowed), share))
}

/// Middleware: answers what browsers ask beforehand, and says with each answer that the page may read it.
async fn share(
    State(allowed): State<Arc<[AllowedOrigin]>>,
    request: Request,
    next: Next,
) -> Response {
    if !PATHS.iter().any(|path| request.uri().path().starts_with(path)) {
        return next.run(request).await;
    }
    let origin = request.headers().get(ORIGIN);
    let admitted = origin.filter(|origin| allowed.iter().any(|allowed| allowed.admits(origin)));
    let admitted = admitted.cloned();
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response =
        if is_preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    // What is answered depends on who asks: caches must not give one's answer to another.
    headers.append(VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = admitted {
        say(headers, origin, is_preflight);
    }
    response
}

fn say(headers: &mut HeaderMap, origin: HeaderValue, is_preflight: bool) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if is_preflight {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    } else {
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::{get, post};
    use tower::ServiceExt;

    use super::*;

    const APP: &str = "https://app.example.com";

    async fn ask(allowed: &[&str], request: axum::http::request::Builder) -> Response {
        let allowed: Vec<AllowedOrigin> =
            allowed.iter().map(|origin| origin.parse().unwrap()).collect();
        let routes = Router::new()
            .route("/oauth2/token", post(async || "a token"))
            .route("/.well-known/oauth-authorization-server", get(async || "metadata"))
            .route("/v1/apps", get(async || "apps"));
        let routes = shared(routes, &allowed);
        routes.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    fn preflight(path: &str, origin: &str) -> axum::http::request::Builder {
        let request = Request::options(path).header(ORIGIN, origin);
        request.header(ACCESS_CONTROL_REQUEST_METHOD, "POST")
    }

    #[tokio::test]
    async fn a_page_of_an_allowed_origin_may_ask_and_read() {
        for allowed in [APP, "*"] {
            let answer = ask(&[allowed], preflight("/oauth2/token", APP)).await;
            assert_eq!(answer.status(), 204);
            assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], APP);
            assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_METHODS], "GET, POST");
            let named = answer.headers()[ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap();
            assert!(named.contains("authorization"));
            for request in [
                Request::post("/oauth2/token"),
                Request::get("/.well-known/oauth-authorization-server"),
            ] {
                let answer = ask(&[allowed], request.header(ORIGIN, APP)).await;
                assert_eq!(answer.status(), 200);
                assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], APP);
                assert_eq!(answer.headers()[VARY], "origin");
                assert!(answer.headers().contains_key(ACCESS_CONTROL_EXPOSE_HEADERS));
            }
        }
    }

    #[tokio::test]
    async fn no_other_page_may_and_nowhere_else() {
        let says = |answer: &Response| answer.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN);
        for origin in ["https://evil.example", "http://app.example.com", "null"] {
            let answer = ask(&[APP], preflight("/oauth2/token", origin)).await;
            assert!(answer.status() == 204 && !says(&answer), "{origin}");
            let answer = ask(&[APP], Request::post("/oauth2/token").header(ORIGIN, origin)).await;
            // Whoever is no browser is answered as ever.
            assert!(answer.status() == 200 && !says(&answer), "{origin}");
        }
        assert!(!says(&ask(&["*"], Request::get("/v1/apps").header(ORIGIN, APP)).await));
        assert_eq!(ask(&["*"], preflight("/v1/apps", APP)).await.status(), 405);
        // Off unless it is asked for.
        assert_eq!(ask(&[], preflight("/oauth2/token", APP)).await.status(), 405);
        assert!(!says(&ask(&[], Request::post("/oauth2/token").header(ORIGIN, APP)).await));
    }

    #[test]
    fn an_origin_is_written_as_browsers_send_it() {
        for good in ["*", APP, "http://localhost:3000", "https://xn--bcher-kva.example:8443"] {
            assert_eq!(String::from(good.parse::<AllowedOrigin>().unwrap()), good);
        }
        for wrong in [
            "",
            "app.example.com",
            "https://app.example.com/",
            "https://APP.example.com",
            "null",
            "https://app.example.com:443",
            "https://*.example.com/x",
            "https://u@app.example.com",
        ] {
            assert!(wrong.parse::<AllowedOrigin>().is_err(), "{wrong}");
        }
    }
}
